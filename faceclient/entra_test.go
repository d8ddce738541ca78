package faceclient_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facesim"
)

// tokenServer is an Entra ID that signs in one client with one secret. Its tokens are token-1, token-2 and so on.
type tokenServer struct {
	*httptest.Server

	mu     sync.Mutex // guards what follows
	secret string
	life   time.Duration
	issued []string // the scope of each token
	hold   chan struct{}
}

func newTokenServer(t *testing.T) *tokenServer {
	t.Helper()
	s := &tokenServer{secret: "client-secret", life: time.Hour}
	s.Server = httptest.NewTLSServer(s)
	t.Cleanup(func() {
		s.Client().CloseIdleConnections()
		s.Close()
	})
	return s
}

func (s *tokenServer) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	authority := s.URL + "/tenant"
	switch request.URL.Path {
	case "/tenant/v2.0/.well-known/openid-configuration":
		s.answer(w, map[string]any{
			"issuer": authority + "/v2.0", "authorization_endpoint": authority + "/oauth2/v2.0/authorize",
			"token_endpoint": authority + "/oauth2/v2.0/token",
		})
	case "/tenant/oauth2/v2.0/token":
		s.token(w, request)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *tokenServer) token(w http.ResponseWriter, request *http.Request) {
	s.mu.Lock()
	hold := s.hold
	s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if request.FormValue("grant_type") != "client_credentials" || request.FormValue("client_id") != "client" || request.FormValue("client_secret") != s.secret {
		w.WriteHeader(http.StatusUnauthorized)
		s.answer(w, map[string]any{"error": "invalid_client", "error_description": "AADSTS7000215: canary"})
		return
	}
	s.issued = append(s.issued, request.FormValue("scope"))
	s.answer(w, map[string]any{
		"token_type": "Bearer", "expires_in": int(s.life.Seconds()), "access_token": fmt.Sprint("token-", len(s.issued)),
	})
}

func (s *tokenServer) answer(w http.ResponseWriter, body any) {
	_ = json.NewEncoder(w).Encode(body) // a client that has left needs no answer
}

func (s *tokenServer) scopes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issued
}

func (s *tokenServer) credential(t *testing.T, adapt func(*faceclient.EntraOptions)) *faceclient.EntraCredential {
	t.Helper()
	options := faceclient.EntraOptions{
		Kind: faceclient.EntraClientSecret, TenantID: "tenant", ClientID: "client",
		ClientSecret: faceclient.StaticSecret("client-secret"), AuthorityHost: s.URL, Transport: s.Client().Transport,
	}
	if adapt != nil {
		adapt(&options)
	}
	credential, err := faceclient.NewEntraCredential(options)
	if err != nil {
		t.Fatal(err)
	}
	return credential
}

// entraRig is a Face resource that takes one token, on a socket, because the sign-in needs one too.
func entraRig(t *testing.T, sessions int, credential faceclient.Credential) *rig {
	t.Helper()
	face := facesim.New(facesim.Options{Token: "token-1"})
	face.Populate(facesim.DetectLiveness, sessions, 1)
	server := httptest.NewServer(face)
	t.Cleanup(func() {
		server.Close()
		face.Close()
	})
	r := &rig{t: t, server: face, seen: &watcher{}}
	options := plainOptions()
	options.Endpoint, options.Credential, options.Observer, options.MaxRetryWait = server.URL, credential, r.seen, 0
	r.client = newClient(t, options)
	return r
}

func TestEntraTokenIsFetchedOnceForManyPages(t *testing.T) {
	sign := newTokenServer(t)
	r := entraRig(t, 12_500, sign.credential(t, nil))
	for range 2 {
		r.finds(r.walk())
	}
	if got := len(sign.scopes()); got != 1 {
		t.Errorf("%d tokens, want 1", got)
	}
	for _, request := range r.server.Requests() {
		if request.Auth != facesim.AuthBearer {
			t.Errorf("%v", request)
		}
	}
}

func TestEntraTokenThatIsRefusedIsRenewedOnceARequest(t *testing.T) {
	t.Run("and the new one is good", func(t *testing.T) {
		sign := newTokenServer(t)
		r := entraRig(t, 10, sign.credential(t, nil))
		r.server.SetToken("token-2")
		r.finds(r.walk())
		if got := len(sign.scopes()); got != 2 || r.requests() != 3 {
			t.Errorf("%d tokens and %d requests, want 2 and 3", got, r.requests())
		}
	})
	t.Run("and the new one is bad", func(t *testing.T) {
		sign := newTokenServer(t)
		r := entraRig(t, 10, sign.credential(t, nil))
		r.server.SetToken("another")
		r.fails("Unspecified", 2)
		if got := len(sign.scopes()); got != 2 {
			t.Errorf("%d tokens, want 2", got)
		}
	})
	t.Run("and the role is still missing", func(t *testing.T) {
		sign := newTokenServer(t)
		r := entraRig(t, 10, sign.credential(t, nil))
		r.server.Fail(facesim.StatusError(401, facesim.ShapeCode, "PermissionDenied", "No."))
		r.fails("PermissionDenied", 2)
		if got := len(sign.scopes()); got != 2 {
			t.Errorf("%d tokens, want 2", got)
		}
	})
	t.Run("by many requests at once", func(t *testing.T) {
		sign := newTokenServer(t)
		r := entraRig(t, 10, sign.credential(t, nil))
		if _, _, err := r.walk(); err != nil {
			t.Fatal(err)
		}
		r.server.SetToken("token-2")
		var walks sync.WaitGroup
		for range 8 {
			walks.Go(func() {
				if _, _, err := walkOf(t.Context(), r.client.Lister(faceclient.DetectLiveness)); err != nil {
					t.Error(err)
				}
			})
		}
		walks.Wait()
		if got := len(sign.scopes()); got != 2 {
			t.Errorf("%d tokens, want 2", got)
		}
	})
}

func TestEntraSignInThatIsRefused(t *testing.T) {
	secret := "wrong"
	sign := newTokenServer(t)
	r := entraRig(t, 10, sign.credential(t, func(o *faceclient.EntraOptions) {
		o.ClientSecret = func() (string, error) { return secret, nil }
	}))
	failure := r.failure(faceclient.CodeAuthentication, 0)
	if failure.Detail != faceclient.DetailSignInRefused || failure.AADSTS != 7000215 || failure.SignIn != faceclient.EntraClientSecret {
		t.Errorf("detail %s, AADSTS%d, kind %s", failure.Detail, failure.AADSTS, failure.SignIn)
	}
	wantSilence(t, "the error", failure.Error())
	if len(r.seen.attempts) != 0 || len(r.seen.errors) != 1 || r.seen.errors[0] != faceclient.CodeAuthentication {
		t.Errorf("observed %d attempts and %v, want none and authentication once", len(r.seen.attempts), r.seen.errors)
	}
	secret = "client-secret" // the file was corrected
	r.finds(r.walk())
}

func TestEntraTokenIsFetchedOnceForAllWhoWait(t *testing.T) {
	sign := newTokenServer(t)
	sign.hold = make(chan struct{})
	credential := sign.credential(t, nil)
	given, canceled := context.WithCancel(t.Context())
	canceled()
	var waiting sync.WaitGroup
	for range 16 {
		waiting.Go(func() {
			header := http.Header{}
			if err := credential.Authorize(t.Context(), header); err != nil || header.Get("Authorization") != "Bearer token-1" {
				t.Errorf("%q, %v", header.Get("Authorization"), err)
			}
		})
	}
	waiting.Go(func() {
		if err := credential.Authorize(given, http.Header{}); err == nil {
			t.Error("who has left gets a token")
		}
		close(sign.hold)
	})
	waiting.Wait()
	if got := len(sign.scopes()); got != 1 {
		t.Errorf("%d tokens, want 1", got)
	}
}

// A refusal that comes late, after others have renewed the token, is not one of the new token.
func TestEntraTokenIsKeptWhenAnOlderOneIsRefused(t *testing.T) {
	sign := newTokenServer(t)
	credential := sign.credential(t, nil)
	headers := []http.Header{{}, {}, {}}
	for i, header := range headers {
		if err := credential.Authorize(t.Context(), header); err != nil {
			t.Fatal(err)
		}
		if i < 2 && !credential.Rejected(headers[0]) {
			t.Error("there is no other token to try")
		}
	}
	if got := headers[2].Get("Authorization"); got != "Bearer token-2" || len(sign.scopes()) != 2 {
		t.Errorf("%q after %d tokens, want the second of two", got, len(sign.scopes()))
	}
}

// A token that ends soon is replaced, but one that ends at once does not cost a sign-in for each request.
func TestEntraTokenThatIsAboutToEndIsRenewed(t *testing.T) {
	for _, test := range []struct {
		life   time.Duration
		tokens [3]int // that were fetched after no time, a second and half a minute
	}{
		{time.Second, [3]int{1, 1, 2}}, {4 * time.Minute, [3]int{1, 1, 2}}, {time.Hour, [3]int{1, 1, 1}},
	} {
		t.Run(test.life.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sign := &tokenServer{Server: &httptest.Server{URL: "https://login.test"}, secret: "client-secret", life: test.life}
				transport := answering(func(request *http.Request) (*http.Response, error) {
					answer := httptest.NewRecorder()
					sign.ServeHTTP(answer, request)
					return answer.Result(), nil
				})
				credential, err := faceclient.NewEntraCredential(faceclient.EntraOptions{
					Kind: faceclient.EntraClientSecret, TenantID: "tenant", ClientID: "client",
					ClientSecret: faceclient.StaticSecret(sign.secret), AuthorityHost: sign.URL, Transport: transport,
				})
				if err != nil {
					t.Fatal(err)
				}
				for i, wait := range []time.Duration{0, time.Second, 29 * time.Second} {
					<-time.After(wait)
					if err := credential.Authorize(t.Context(), http.Header{}); err != nil {
						t.Fatal(err)
					}
					if got := len(sign.scopes()); got != test.tokens[i] {
						t.Errorf("request %d: %d tokens, want %d", i+1, got, test.tokens[i])
					}
				}
			})
		})
	}
}

func TestEntraScopeOfEachCloud(t *testing.T) {
	for cloud, want := range map[faceclient.Cloud]string{
		"":                           "https://cognitiveservices.azure.com/.default",
		faceclient.CloudPublic:       "https://cognitiveservices.azure.com/.default",
		faceclient.CloudUSGovernment: "https://cognitiveservices.azure.us/.default",
		faceclient.CloudChina:        "https://cognitiveservices.azure.cn/.default",
	} {
		t.Run(string(cloud), func(t *testing.T) {
			sign := newTokenServer(t)
			credential := sign.credential(t, func(o *faceclient.EntraOptions) { o.Cloud = cloud })
			if err := credential.Authorize(t.Context(), http.Header{}); err != nil {
				t.Fatal(err)
			}
			// The sign-in library asks for the scopes of OpenID as well.
			if got := sign.scopes(); len(got) != 1 || strings.Fields(got[0])[0] != want {
				t.Errorf("scopes %q, want %q", got, want)
			}
		})
	}
}

func TestWrongEntraOptionsAreRefused(t *testing.T) {
	for _, options := range []faceclient.EntraOptions{
		{}, {Kind: "password"}, {Kind: faceclient.EntraClientSecret, TenantID: "t", ClientID: "c"},
	} {
		if _, err := faceclient.NewEntraCredential(options); err == nil {
			t.Errorf("%+v is taken", options)
		}
	}
}
