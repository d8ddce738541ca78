package faceclient_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facesim"
)

// signingIn are options of a client whose sign-in is sent by a function.
func signingIn(t *testing.T, kind faceclient.EntraKind, send answering) (options, *watcher) {
	t.Helper()
	credential, err := faceclient.NewEntraCredential(faceclient.EntraOptions{
		Kind: kind, TenantID: "tenant", ClientID: "client", ClientSecret: faceclient.StaticSecret("canary-secret"),
		AuthorityHost: "https://login.test", Transport: send,
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := &watcher{}
	o := fast("https://contoso.cognitiveservices.azure.com")
	o.Credential, o.Observer = credential, seen
	o.Transport = answering(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent without a credential")
		return nil, errors.New("no")
	})
	return o, seen
}

// reply answers every request alike.
func reply(status int, header http.Header, body string) answering {
	return func(request *http.Request) (*http.Response, error) {
		response := answer(status, header, body)
		response.Request = request
		return response, nil
	}
}

// hang answers nothing until the request is given up.
func hang(request *http.Request) (*http.Response, error) {
	<-request.Context().Done()
	return nil, request.Context().Err()
}

func refused(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// endless is a body without an end that counts what is taken of it.
type endless struct{ taken int }

func (e *endless) Read(p []byte) (int, error) {
	e.taken += len(p)
	return copy(p, strings.Repeat(" ", len(p))), nil
}

func (e *endless) Close() error { return nil }

// stuck is a body that never comes, and whose reader is not told when the request is given up.
type stuck struct{ closed chan struct{} }

func (s stuck) Read([]byte) (int, error) {
	<-s.closed
	return 0, io.ErrClosedPipe
}

func (s stuck) Close() error {
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	return nil
}

// Whatever a sign-in does, it ends in time, as an authentication that failed, with the reason, and is counted.
func TestASignInThatFails(t *testing.T) {
	secret, identity := faceclient.EntraClientSecret, faceclient.EntraManagedIdentity
	for _, test := range []struct {
		name   string
		kind   faceclient.EntraKind
		send   answering
		detail faceclient.Detail
		aadsts int
	}{
		{"no answer", secret, hang, faceclient.DetailSignInTimeout, 0},
		{"no end of the answer", secret, func(request *http.Request) (*http.Response, error) {
			response, _ := reply(200, nil, "")(request)
			response.Body = stuck{make(chan struct{})}
			return response, nil
		}, faceclient.DetailSignInTimeout, 0},
		{"nobody there", secret, refused, faceclient.DetailSignInUnreachable, 0},
		{"unknown authority", secret, func(*http.Request) (*http.Response, error) { return nil, x509.UnknownAuthorityError{} }, faceclient.DetailSignInTLS, 0},
		{"redirect", secret, reply(302, http.Header{"Location": {"https://canary.test/"}}, ""), faceclient.DetailSignInRedirect, 0},
		{"101", secret, reply(101, nil, ""), faceclient.DetailSignInFails, 0},
		{"500 for ever", secret, reply(500, nil, "canary"), faceclient.DetailSignInFails, 0},
		{"429 with an hour to wait", secret, reply(429, http.Header{"Retry-After": {"3600"}}, ""), faceclient.DetailSignInFails, 0},
		{"no JSON", secret, reply(200, nil, "<html>canary"), faceclient.DetailSignInFails, 0},
		{"an application that is not known", secret, reply(400, nil, `{"error":"unauthorized_client","error_description":"AADSTS700016: canary"}`), faceclient.DetailSignInRefused, 700016},
		{"an address without TLS", secret, func(request *http.Request) (*http.Response, error) {
			if request.URL.Scheme == "http" {
				return nil, errors.New("the secret was sent in clear text")
			}
			return reply(200, nil, `{"issuer":"https://login.test/tenant/v2.0","authorization_endpoint":"https://login.test/a","token_endpoint":"http://canary.test/token"}`)(request)
		}, faceclient.DetailSignInFails, 0},
		{"IMDS: no answer", identity, hang, faceclient.DetailIMDSUnreachable, 0},
		{"IMDS: nobody there", identity, refused, faceclient.DetailIMDSUnreachable, 0},
		{"IMDS: no identity", identity, reply(400, nil, `{"error":"invalid_request","error_description":"Identity not found"}`), faceclient.DetailNoIdentity, 0},
		{"IMDS: 500 for ever", identity, reply(500, nil, ""), faceclient.DetailIMDSFails, 0},
		{"IMDS: of another cloud", identity, reply(404, nil, "<html>"), faceclient.DetailIMDSFails, 0},
		{"chain: nothing there", faceclient.EntraDefault, refused, faceclient.DetailNoCredential, 0},
		{"chain: no answer", faceclient.EntraDefault, hang, faceclient.DetailNoCredential, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("PATH", t.TempDir())
			synctest.Test(t, func(t *testing.T) {
				o, seen := signingIn(t, test.kind, test.send)
				began := time.Now()
				failure := failureOf(t, o)
				if failure.Code != faceclient.CodeAuthentication || failure.Detail != test.detail || failure.AADSTS != test.aadsts || failure.SignIn != test.kind {
					t.Errorf("%v, kind %s; want %s, AADSTS%d, kind %s", failure, failure.SignIn, test.detail, test.aadsts, test.kind)
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("took %v", took)
				}
				if len(seen.attempts) != 0 || len(seen.errors) != 1 || seen.errors[0] != faceclient.CodeAuthentication {
					t.Errorf("observed %d attempts and %v, want authentication once", len(seen.attempts), seen.errors)
				}
			})
		})
	}
}

// What a sign-in waits for and cannot be interrupted, such as a file that hangs, ends in time as well. Until it goes on, it is
// not begun again.
func TestASignInThatCannotBeInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		comes := make(chan struct{})
		var asked atomic.Int32
		o, _ := signingIn(t, faceclient.EntraClientSecret, func(*http.Request) (*http.Response, error) {
			asked.Add(1)
			<-comes
			return nil, errors.New("too late")
		})
		for _, want := range []time.Duration{11 * time.Second, 0} {
			began := time.Now()
			if failure := failureOf(t, o); failure.Detail != faceclient.DetailSignInTimeout {
				t.Errorf("%v", failure)
			}
			if took := time.Since(began); took != want {
				t.Errorf("took %v, want %v", took, want)
			}
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		close(comes)
		synctest.Wait()
	})
}

// A path that leads to no file that can be read to its end is not opened.
func TestTokenFileThatIsNone(t *testing.T) {
	for name, file := range map[string]string{"not there": "/nowhere", "a folder": t.TempDir(), "no end": os.DevNull} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AZURE_FEDERATED_TOKEN_FILE", file)
			o, _ := signingIn(t, faceclient.EntraWorkloadIdentity, refused)
			if failure := failureOf(t, o); failure.Detail != faceclient.DetailNoTokenFile {
				t.Errorf("%v", failure)
			}
			t.Setenv("AZURE_CLIENT_CERTIFICATE_PATH", file)
			t.Setenv("AZURE_TENANT_ID", "tenant")
			t.Setenv("AZURE_CLIENT_ID", "client")
			t.Setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
			o, _ = signingIn(t, faceclient.EntraDefault, refused)
			if failure := failureOf(t, o); failure.Detail != faceclient.DetailNoCredential {
				t.Errorf("%v", failure)
			}
		})
	}
}

func TestAnAnswerOfASignInIsNotReadToNoEnd(t *testing.T) {
	for kind, want := range map[faceclient.EntraKind]faceclient.Detail{
		faceclient.EntraClientSecret: faceclient.DetailSignInFails, faceclient.EntraManagedIdentity: faceclient.DetailIMDSFails,
	} {
		synctest.Test(t, func(t *testing.T) {
			body := &endless{}
			o, _ := signingIn(t, kind, func(request *http.Request) (*http.Response, error) {
				response, _ := reply(200, nil, "")(request)
				response.Body = body
				return response, nil
			})
			if failure := failureOf(t, o); failure.Detail != want {
				t.Errorf("%v, want %s", failure, want)
			}
			if body.taken == 0 || body.taken > 16<<20 {
				t.Errorf("%d bytes were taken", body.taken)
			}
		})
	}
}

// All who wait for a sign-in that fails fail with it, instead of one after the other.
func TestASignInFailsOnceForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, _ := signingIn(t, faceclient.EntraClientSecret, hang)
		began := time.Now()
		ended := make(chan error)
		for range 8 {
			go func() { ended <- o.Credential.Authorize(t.Context(), http.Header{}) }()
		}
		for range 8 {
			if err := <-ended; faceclient.Code(err) != faceclient.CodeAuthentication {
				t.Errorf("%v", err)
			}
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("took %v", took)
		}
		if err := o.Credential.Authorize(t.Context(), http.Header{}); err == nil || time.Since(began) < 15*time.Second {
			t.Errorf("who comes later is not asked for: %v after %v", err, time.Since(began))
		}
	})
}

// Whoever ends a refresh for a reason, because it brings no page, is told that it was the sign-in.
func TestASignInThatIsGivenUp(t *testing.T) {
	for _, test := range []struct {
		name  string
		cause error
		want  faceclient.Error
	}{
		{"for a reason", errors.New("no page came"), faceclient.Error{
			Code: faceclient.CodeAuthentication, Detail: faceclient.DetailSignInTimeout, SignIn: faceclient.EntraClientSecret,
		}},
		{"because the exporter ends", nil, faceclient.Error{Code: faceclient.CodeCanceled}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, _ := signingIn(t, faceclient.EntraClientSecret, hang)
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() { cancel(test.cause) })
				_, _, err := walkOf(ctx, newClient(t, o).Lister(faceclient.DetectLiveness))
				got, ok := errors.AsType[*faceclient.Error](err)
				if !ok || got.Code != test.want.Code || got.Detail != test.want.Detail || got.SignIn != test.want.SignIn {
					t.Errorf("%v, want %v", err, &test.want)
				}
			})
		})
	}
}

// An identity endpoint is on this machine, whatever the environment says of proxies.
func TestIdentityEndpointsAreAskedWithoutAProxy(t *testing.T) {
	proxy := faceclient.SignInProxy(func(*http.Request) (*url.URL, error) { return &url.URL{Host: "proxy.test"}, nil })
	for address, want := range map[string]bool{
		"http://169.254.169.254/metadata/identity/oauth2/token": false, "http://169.254.129.4:8081/msi/token": false,
		"https://login.microsoftonline.com/tenant": true,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if through, err := proxy(request); err != nil || (through != nil) != want {
			t.Errorf("%s goes through %v, %v", address, through, err)
		}
	}
}

func TestWorkloadIdentityNamesTheVariableThatIsMissing(t *testing.T) {
	for _, test := range []struct {
		missing string
		want    faceclient.Detail
	}{
		{"AZURE_CLIENT_ID", faceclient.DetailNoClientID},
		{"AZURE_TENANT_ID", faceclient.DetailNoTenantID},
		{"AZURE_FEDERATED_TOKEN_FILE", faceclient.DetailNoTokenFile},
	} {
		t.Run(test.missing, func(t *testing.T) {
			for _, name := range []string{"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"} {
				t.Setenv(name, "canary")
			}
			t.Setenv(test.missing, "")
			credential, err := faceclient.NewEntraCredential(faceclient.EntraOptions{Kind: faceclient.EntraWorkloadIdentity, Transport: answering(refused)})
			if err != nil {
				t.Fatal(err)
			}
			err = credential.Authorize(t.Context(), http.Header{})
			if failure, ok := errors.AsType[*faceclient.Error](err); !ok || failure.Detail != test.want {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// az is a command in PATH that does what a script says; none where it is empty.
func az(t *testing.T, script string) {
	t.Helper()
	command(t, "az", script)
}

// command makes PATH a folder that has this command alone.
func command(t *testing.T, name, script string) {
	t.Helper()
	folder := t.TempDir()
	if script != "" {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // a command
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", folder)
}

func TestAzureCLI(t *testing.T) {
	for _, test := range []struct {
		name, script string
		want         faceclient.Detail
	}{
		{"not there", "", faceclient.DetailCLINotFound},
		{"not logged in", "echo \"ERROR: Please run 'az login' to setup account. canary\" >&2; exit 1", faceclient.DetailCLINotLoggedIn},
		{"another failure", "echo canary >&2; exit 1", faceclient.DetailCLIFails},
		{"no JSON", "echo canary", faceclient.DetailCLIFails},
		{"no token", "echo '{}'", faceclient.DetailCLIFails},
		{"more than a token", "while :; do echo '{\"canary\":                                                                      '; done", faceclient.DetailCLIFails},
		{"more than an error", "while echo 'canary                                                                                  ' >&2; do :; done; exit 1", faceclient.DetailCLIFails},
		{"a token with a line break", `echo '{"accessToken":"canary\\n1","expires_on":32503680000}'`, faceclient.DetailSignInFails},
		{"a token", `echo '{"accessToken":"token-1","expires_on":32503680000}'`, ""},
		{"a token of an old version", `echo '{"accessToken":"token-1","expiresOn":"2999-12-31 23:59:59.000000"}'`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			az(t, test.script)
			credential, err := faceclient.NewEntraCredential(faceclient.EntraOptions{Kind: faceclient.EntraAzureCLI})
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{}
			err = credential.Authorize(t.Context(), header)
			if test.want == "" {
				if err != nil || header.Get("Authorization") != "Bearer token-1" {
					t.Errorf("%q, %v", header.Get("Authorization"), err)
				}
				return
			}
			failure, ok := errors.AsType[*faceclient.Error](err)
			if !ok || failure.Detail != test.want {
				t.Fatalf("%v, want %s", err, test.want)
			}
			wantSilence(t, "the error", failure.Error())
		})
	}
}

// A command that hangs is ended with the request that waits for it.
func TestAzureCLIThatHangs(t *testing.T) {
	az(t, "exec /bin/sleep 60")
	credential, err := faceclient.NewEntraCredential(faceclient.EntraOptions{Kind: faceclient.EntraAzureCLI})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	err = credential.Authorize(ctx, http.Header{})
	failure, ok := errors.AsType[*faceclient.Error](err)
	if !ok || !errors.Is(err, context.DeadlineExceeded) || failure.Detail != faceclient.DetailSignInTimeout || failure.SignIn != faceclient.EntraAzureCLI {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

// The default chain takes what is there.
func TestDefaultChainEndsAtTheCLI(t *testing.T) {
	az(t, `echo '{"accessToken":"token-1","expires_on":32503680000}'`)
	sign := newTokenServer(t)
	credential := sign.credential(t, func(o *faceclient.EntraOptions) {
		o.Kind, o.Transport = faceclient.EntraDefault, answering(refused)
	})
	r := entraRig(t, 10, credential)
	r.finds(r.walk())
	if got := r.server.Requests()[0].Auth; got != facesim.AuthBearer {
		t.Errorf("authorized by %v", got)
	}
}

func TestAzurePowerShell(t *testing.T) {
	const begins = "$ErrorActionPreference = 'Stop'; $token = Get-AzAccessToken -WarningAction Ignore -ResourceUrl 'https://cognitiveservices.azure.com' -TenantId 'tenant';"
	for _, test := range []struct {
		name, tenant, script string
		want                 faceclient.Detail
	}{
		{"not there", "tenant", "", faceclient.DetailNoCredential},
		{"a failure", "tenant", "echo canary >&2; exit 1", faceclient.DetailNoCredential},
		{"more than a token", "tenant", "while :; do echo '{\"canary\":                                                                      '; done", faceclient.DetailNoCredential},
		{"a tenant that would end the quotation", "a'; canary '", `echo '{"accessToken":"token-1","expires_on":32503680000}'`, faceclient.DetailNoCredential},
		{"a token", "tenant", `case "$6" in "` + strings.ReplaceAll(begins, "$", `\$`) + `"*) echo '{"accessToken":"token-1","expires_on":32503680000}' ;; esac`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			command(t, "pwsh", test.script)
			t.Setenv("AZURE_TOKEN_CREDENTIALS", "AzurePowerShellCredential")
			credential, err := faceclient.NewEntraCredential(faceclient.EntraOptions{Kind: faceclient.EntraDefault, TenantID: test.tenant, Transport: answering(refused)})
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{}
			err = credential.Authorize(t.Context(), header)
			if failure, ok := errors.AsType[*faceclient.Error](err); test.want != "" && (!ok || failure.Detail != test.want) {
				t.Errorf("%v, want %s", err, test.want)
			}
			if test.want == "" && header.Get("Authorization") != "Bearer token-1" {
				t.Errorf("%q, %v", header.Get("Authorization"), err)
			}
		})
	}
}
