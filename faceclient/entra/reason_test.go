package entra_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/entra"
)

const several = `{"error":"invalid_request","error_description":"Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request"}`

func refused(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// A sign-in that fails ends within ten seconds, as an authentication that failed, with the reason, whatever it meets.
func TestWhyASignInFails(t *testing.T) {
	secret, identity, chain := faceclient.EntraClientSecret, faceclient.EntraManagedIdentity, faceclient.EntraDefault
	for _, test := range []struct {
		name   string
		kind   faceclient.EntraKind
		send   sending
		detail faceclient.Detail
		aadsts int
	}{
		{"no answer", secret, hang, faceclient.DetailSignInUnreachable, 0},
		{"nobody there", secret, refused, faceclient.DetailSignInUnreachable, 0},
		{"500 for ever", secret, reply(500, nil, "canary"), faceclient.DetailSignInUnreachable, 0},
		{"429 with an hour to wait", secret, reply(429, http.Header{"Retry-After": {"3600"}}, ""), faceclient.DetailSignInUnreachable, 0},
		{"a redirect", secret, reply(302, http.Header{"Location": {"https://canary.test/"}}, ""), faceclient.DetailSignInUnreachable, 0},
		{"a portal", secret, reply(200, nil, "<html>canary"), faceclient.DetailSignInUnreachable, 0},
		{"unknown authority", secret, func(*http.Request) (*http.Response, error) { return nil, x509.UnknownAuthorityError{} }, faceclient.DetailUnknownAuthority, 0},
		{"a proxy that refuses", secret, func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "socks connect", Err: io.EOF}
		}, faceclient.DetailProxyRefuses, 0},
		{"refused", secret, reply(400, nil, `{"error":"unauthorized_client","error_description":"AADSTS700016: canary"}`), faceclient.DetailSignInRefused, 700016},
		{"IMDS: no answer", identity, hang, faceclient.DetailIMDSUnreachable, 0},
		{"IMDS: nobody there", identity, refused, faceclient.DetailIMDSUnreachable, 0},
		{"IMDS: 500 for ever", identity, reply(500, nil, ""), faceclient.DetailIMDSUnreachable, 0},
		{"IMDS: an empty token", identity, reply(200, nil, `{"access_token":"","expires_in":"1"}`), faceclient.DetailIMDSUnreachable, 0},
		{"IMDS: a token with a line break", identity, reply(200, nil, `{"access_token":"canary\n1","expires_in":"1"}`), faceclient.DetailIMDSUnreachable, 0},
		{"IMDS: no identity", identity, reply(400, nil, `{"error":"invalid_request","error_description":"Identity not found"}`), faceclient.DetailNoCredential, 0},
		{"IMDS: several identities", identity, reply(400, nil, several), faceclient.DetailSeveralIdentities, 0},
		{"chain: several identities", chain, reply(400, nil, several), faceclient.DetailSeveralIdentities, 0},
		{"chain: nothing there", chain, refused, faceclient.DetailNoCredential, 0},
		{"chain: no answer", chain, hang, faceclient.DetailNoCredential, 0},
		{"workload identity outside of its pod", faceclient.EntraWorkloadIdentity, refused, faceclient.DetailNoCredential, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("PATH", t.TempDir()) // without az
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				credential := newCredential(t, test.kind, sending(func(request *http.Request) (*http.Response, error) {
					requests++
					return test.send(request)
				}))
				began := time.Now()
				failed := failure(t, credential)
				if failed.Detail != test.detail || failed.AADSTS != test.aadsts || failed.SignIn != test.kind {
					t.Errorf("%v of %s, want %s, AADSTS%d", failed, failed.SignIn, test.detail, test.aadsts)
				}
				if took := time.Since(began); took > 10*time.Second || requests > 4 {
					t.Errorf("took %v and %d requests", took, requests)
				}
			})
		})
	}
}

// The environment of a chain can hold a secret as well: what Entra ID says of it is the reason, and no other credential is tried.
func TestAChainEndsAtARefusal(t *testing.T) {
	for name, value := range map[string]string{"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": client, "AZURE_CLIENT_SECRET": "wrong"} {
		t.Setenv(name, value)
	}
	sign := newDirectory()
	if failed := failure(t, newCredential(t, faceclient.EntraDefault, sign)); failed.AADSTS != 7000215 || len(sign.issued) != 0 {
		t.Errorf("%v, %d tokens", failed, len(sign.issued))
	}
}

// An answer is not read to no end.
func TestAnAnswerWithoutAnEnd(t *testing.T) {
	const all = 64 << 20
	body := &io.LimitedReader{R: rand.Reader, N: all}
	credential := newCredential(t, faceclient.EntraManagedIdentity, sending(func(request *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body), Request: request}, nil
	}))
	if failed := failure(t, credential); failed.Detail != faceclient.DetailIMDSUnreachable || body.N < all/2 {
		t.Errorf("%v, and %d bytes are left", failed, body.N)
	}
}

// A refresh that is ended for a reason, because it brings no page, is told that it waited for the sign-in.
func TestASignInThatIsGivenUp(t *testing.T) {
	for cause, code := range map[error]string{errors.New("no page came"): faceclient.CodeAuthentication, context.Canceled: faceclient.CodeCanceled} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				credential := newCredential(t, faceclient.EntraClientSecret, sending(hang))
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() { cancel(cause) })
				if err := credential.Authorize(ctx, http.Header{}); faceclient.Code(err) != code {
					t.Errorf("%v, want %s", err, code)
				}
			})
		})
	}
}

// A secret never goes out in clear text, whatever the directory names as its address.
func TestASecretIsNotSentWithoutTLS(t *testing.T) {
	sign := newDirectory()
	credential := newCredential(t, faceclient.EntraClientSecret, sending(func(request *http.Request) (*http.Response, error) {
		if request.URL.Scheme == "http" {
			t.Errorf("sent to %s", request.URL.Host)
		}
		if strings.HasSuffix(request.URL.Path, "/openid-configuration") {
			authority := "https://login.microsoftonline.com/" + tenant
			return reply(200, nil, `{"issuer":"`+authority+`/v2.0","authorization_endpoint":"`+authority+`/a","token_endpoint":"http://login.microsoftonline.com/token"}`)(request)
		}
		return sign.RoundTrip(request)
	}))
	if failed := failure(t, credential); failed.Detail != faceclient.DetailSignInUnreachable {
		t.Error(failed)
	}
}

// An identity endpoint is on this machine, whatever the environment says of proxies.
func TestAnIdentityEndpointIsAskedWithoutAProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://proxy.test") // net/http reads both at the first request of the process
	t.Setenv("HTTPS_PROXY", "http://proxy.test")
	proxy := entra.NewTransport(nil).Proxy
	for address, want := range map[string]bool{
		"http://169.254.169.254/metadata/identity/oauth2/token": false, "http://169.254.129.4:8081/msi/token": false,
		"https://login.microsoftonline.com/tenant": true,
	} {
		if through, err := proxy(httptest.NewRequest(http.MethodGet, address, http.NoBody)); err != nil || (through != nil) != want {
			t.Errorf("%s goes through %v, %v", address, through, err)
		}
	}
}

func TestTheAzureCLI(t *testing.T) {
	const token = `echo '{"accessToken":"token-1","expires_on":32503680000}'`
	for _, test := range []struct {
		name, script string
		kind         faceclient.EntraKind
		want         faceclient.Detail
	}{
		{"not logged in", "echo \"ERROR: Please run 'az login' to setup account. canary\" >&2; exit 1", faceclient.EntraAzureCLI, faceclient.DetailCLINotLoggedIn},
		{"another failure", "echo canary >&2; exit 1", faceclient.EntraAzureCLI, faceclient.DetailSignInUnreachable},
		{"no JSON", "echo canary", faceclient.EntraAzureCLI, faceclient.DetailSignInUnreachable},
		{"a failure at the end of a chain", "echo canary >&2; exit 1", faceclient.EntraDefault, faceclient.DetailNoCredential},
		{"a token", token, faceclient.EntraAzureCLI, "none"},
		{"a token at the end of a chain", token, faceclient.EntraDefault, "none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			t.Setenv("PATH", folder)
			credential := newCredential(t, test.kind, sending(refused))
			if failed := failure(t, credential); test.kind == faceclient.EntraAzureCLI && failed.Detail != faceclient.DetailCLINotFound {
				t.Errorf("%v without az", failed)
			}
			if err := os.WriteFile(filepath.Join(folder, "az"), []byte("#!/bin/sh\n"+test.script), 0o700); err != nil { //nolint:gosec // a command
				t.Fatal(err)
			}
			if test.want == "none" {
				if got := authorized(t, credential); got != "token-1" {
					t.Error(got)
				}
			} else if failed := failure(t, credential); failed.Detail != test.want {
				t.Errorf("%v, want %s", failed, test.want)
			}
		})
	}
}
