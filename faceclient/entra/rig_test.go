package entra_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/entra"
)

const (
	tenant = "00000000-0000-0000-0000-000000000001"
	client = "00000000-0000-0000-0000-000000000002"
)

// directory is Entra ID, and the identity endpoint of a machine. It signs in who has the secret, a certificate or a federated token.
// Its tokens are token-1, token-2 and so on.
type directory struct {
	secret string
	life   time.Duration
	issued []string // what each token was asked for with: a scope or resource, and the secret or assertion
}

func newDirectory() *directory { return &directory{secret: "client-secret", life: time.Hour} }

// RoundTrip answers what is sent to Entra ID, in any cloud.
func (d *directory) RoundTrip(request *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	authority := "https://" + request.URL.Host + "/" + tenant
	switch path := request.URL.Path; {
	case path == "/metadata/identity/oauth2/token":
		d.token(answer, request.URL.Query().Get("resource"), "")
	case strings.HasSuffix(path, "/discovery/instance"):
		fmt.Fprintf(answer, `{"tenant_discovery_endpoint":"%s/v2.0/.well-known/openid-configuration","metadata":[]}`, authority)
	case strings.HasSuffix(path, "/openid-configuration"):
		fmt.Fprintf(answer, `{"issuer":"%[1]s/v2.0","authorization_endpoint":"%[1]s/oauth2/v2.0/authorize","token_endpoint":"%[1]s/oauth2/v2.0/token"}`, authority)
	case strings.HasSuffix(path, "/oauth2/v2.0/token"):
		if err := request.ParseForm(); err != nil {
			return nil, err
		}
		proof := request.PostForm.Get("client_secret") + request.PostForm.Get("client_assertion")
		if secret := request.PostForm.Get("client_secret"); secret != "" && secret != d.secret {
			answer.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(answer, `{"error":"invalid_client","error_description":"AADSTS7000215: canary"}`)
			break
		}
		d.token(answer, strings.Fields(request.PostForm.Get("scope"))[0], proof) // scopes of OpenID follow
	default:
		return nil, errors.New("no such address: " + request.URL.String())
	}
	response := answer.Result()
	response.Request = request
	return response, nil
}

func (d *directory) token(w io.Writer, scope, proof string) {
	d.issued = append(d.issued, scope+" "+proof)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"token_type": "Bearer", "expires_in": int(d.life.Seconds()), "access_token": fmt.Sprint("token-", len(d.issued)),
	})
}

// sending is a transport that is a function.
type sending func(*http.Request) (*http.Response, error)

func (s sending) RoundTrip(request *http.Request) (*http.Response, error) { return s(request) }

// reply answers every request alike.
func reply(status int, header http.Header, body string) sending {
	return func(request *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: request}, nil
	}
}

// hang answers nothing until the request is given up.
func hang(request *http.Request) (*http.Response, error) {
	<-request.Context().Done()
	return nil, request.Context().Err()
}

// newCredential makes a credential of a kind, with what the kind needs.
func newCredential(t *testing.T, kind faceclient.EntraKind, transport http.RoundTripper, adapt ...func(*entra.Options)) *entra.Credential {
	t.Helper()
	options := entra.Options{Kind: kind, Transport: transport}
	if kind == faceclient.EntraClientSecret || kind == faceclient.EntraClientCertificate {
		options.TenantID, options.ClientID, options.Secret = tenant, client, faceclient.StaticSecret("client-secret")
	}
	for _, change := range adapt {
		change(&options)
	}
	credential, err := entra.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return credential
}

// authorized is the token that a credential sets.
func authorized(t *testing.T, credential *entra.Credential) string {
	t.Helper()
	header := http.Header{}
	if err := credential.Authorize(t.Context(), header); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(header.Get("Authorization"), "Bearer ")
}

// spend has a credential set a token that the service refuses then.
func spend(t *testing.T, credential *entra.Credential) {
	t.Helper()
	credential.Rejected(http.Header{"Authorization": {"Bearer " + authorized(t, credential)}})
}

// failure is what a credential fails with.
func failure(t *testing.T, credential *entra.Credential) *faceclient.Error {
	t.Helper()
	err := credential.Authorize(t.Context(), http.Header{})
	failure, ok := errors.AsType[*faceclient.Error](err)
	if !ok || failure.Code != faceclient.CodeAuthentication {
		t.Fatalf("%v, want an authentication that failed", err)
	}
	if strings.Contains(fmt.Sprintf("%+v", failure), "canary") {
		t.Errorf("a text of the sign-in in %+v", failure)
	}
	return failure
}
