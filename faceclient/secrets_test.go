package faceclient_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/faceclient/facetest"
)

// canary is part of everything that must not be told.
const canary = "canary"

// wantSilence fails if something tells of the canary, or of an address.
func wantSilence(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range []string{canary, "http://", "https://", "singleModal", "start="} {
		if strings.Contains(strings.ToLower(text), secret) {
			t.Errorf("%s holds %q: %s", what, secret, text)
		}
	}
}

// faultsThatQuote are answers that say the canary in every way there is.
func faultsThatQuote() []facetest.Fault {
	message := "The key canary-key of https://canary.test is wrong for session canary-session."
	item := func(fields string) facetest.Fault {
		return facetest.JSON(`[{"id":"canary-session","createdDateTime":"2024-05-19T16:16:31Z","sessionExpired":true,"deviceCorrelationId":"canary-device"` + fields + `}]`)
	}
	faults := []facetest.Fault{
		facetest.Redirect(302, "https://canary.test/canary"),
		facetest.JSON(`"canary"`), facetest.JSON(`[canary]`), facetest.JSON(`[{"canary":}]`), facetest.JSON(`["canary`),
		item(`,"createdDateTime":"canary"`), item(`,"deviceCorrelationId":{"canary":1}`), item(`,"authTokenTimeToLiveInSeconds":"canary"`),
		item(`,"id":"` + strings.Repeat("canary", 11) + `"`), item(`,"canary\x":1`), item(`,"id":""`),
		facetest.IgnoreStart(), facetest.Reset(), facetest.CutBody(), facetest.Hang(),
		facetest.HangInBody(), facetest.SlowDrip(10, time.Second), facetest.TruncatedJSON(),
		facetest.BrokenGzip(), facetest.NotGzip(), facetest.GzipBomb(8 << 20), facetest.EndlessItems(), facetest.HTML(200),
		facetest.Status(400, message), facetest.Status(503, "<html>canary</html>").Header("x-ms-error-code", "not a code: canary"),
		facetest.Status(403, "").Header("apim-request-id", "not an id: canary"), facetest.Status(403, "").Header("apim-request-id", "canary-secret"),
		facetest.Status(400, "").Header("x-ms-error-code", "canary-secret"), facetest.StatusError(403, facetest.ShapeCode, "canary-secret", message),
	}
	for _, status := range []int{400, 401, 403, 404, 409, 418, 429, 500, 503} {
		for _, shape := range []facetest.Shape{facetest.ShapeCode, facetest.ShapeStatusCode, facetest.ShapeFlat} {
			faults = append(faults, facetest.StatusError(status, shape, fmt.Sprint(status), message))
		}
	}
	return faults
}

// bearer is a token that no sign-in gave.
type bearer string

func (b bearer) Authorize(_ context.Context, header http.Header) error {
	header.Set("Authorization", "Bearer "+string(b))
	return nil
}

func (b bearer) Rejected(http.Header) bool { return true }

func (b bearer) Changed() bool { return false }

func (b bearer) SecretHeaders() []string { return []string{"Authorization"} }

func TestNothingThatIsSecretIsToldByErrorsAndLogs(t *testing.T) {
	t.Run("key", func(t *testing.T) {
		toldByErrorsAndLogs(t, faceclient.NewKeyCredential(faceclient.StaticSecret("canary-secret")))
	})
	t.Run("token", func(t *testing.T) { toldByErrorsAndLogs(t, bearer("canary-secret")) })
}

// walk reads the list as package facelist does, which refuses pages that do not add up to one.
func (r *rig) walk() error {
	limits := facelist.Limits{PageSize: r.options.Top, MaxPages: 20_000, Workers: 1}
	_, err := facelist.New(r.client, faceclient.DetectLiveness, limits).Walk(r.t.Context(), 0, ignored{})
	return err
}

type ignored struct{}

func (ignored) Visit(facelist.Batch) {}
func (ignored) Restart()             {}

func toldByErrorsAndLogs(t *testing.T, credential faceclient.Credential) {
	for i, fault := range faultsThatQuote() {
		t.Run(fmt.Sprint(i, " ", fault), func(t *testing.T) {
			var logged bytes.Buffer
			inRig(t, 0, func(o *options) {
				o.Endpoint += "/canary-path"
				o.Credential = credential
				o.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug - 100}))
				o.RequestTimeout, o.Top = time.Second, 2
			}, func(t *testing.T, r *rig) {
				r.server.SetKey("canary-secret")
				r.server.SetToken("canary-secret")
				for n := range 5 {
					r.server.Add(facetest.DetectLiveness, facetest.Session{
						ID: fmt.Sprint("canary-session-", n), DeviceID: "canary-device", Created: time.Now(),
					})
				}
				r.server.Fail(facetest.Wrap("path", func(w http.ResponseWriter, request *http.Request, next http.Handler) {
					request.URL.Path = strings.TrimPrefix(request.URL.Path, "/canary-path")
					next.ServeHTTP(w, request)
				}), fault)
				err := r.walk()
				if err == nil {
					t.Fatal("the walk went well")
				}
				wantSilence(t, "the error", err.Error())
				var failure *faceclient.Error
				if !errors.As(err, &failure) {
					t.Fatalf("%T is no *faceclient.Error", err)
				}
				wantSilence(t, "the typed error", fmt.Sprint(failure.Code, failure.Detail, failure.RequestID, failure.ClientRequestID))
				for _, code := range r.seen.codes() {
					wantSilence(t, "an observed code", code)
				}
			})
			if !strings.Contains(logged.String(), "client_request_id=") {
				t.Errorf("no attempt was logged: %s", logged.String())
			}
			wantSilence(t, "the log", logged.String())
		})
	}
}

func TestNothingThatIsSecretIsToldByTransportErrors(t *testing.T) {
	for _, cause := range []error{
		&url.Error{Op: "Get", URL: "https://canary.test/start=canary", Err: errors.New("canary")},
		&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Name: "canary.test", Err: "no such host"}},
		errors.New("canary"),
	} {
		var logged bytes.Buffer
		options := plainOptions()
		options.MaxRetries = 0
		options.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		options.Transport = answering(func(*http.Request) (*http.Response, error) { return nil, cause })
		_, err := list(t.Context(), newClient(t, options), faceclient.DetectLiveness, 1000)
		wantSilence(t, "the error", err.Error())
		wantSilence(t, "the log", logged.String())
	}
}

func TestNothingThatIsSecretIsToldByWrongOptions(t *testing.T) {
	for _, endpoint := range []string{"https://canary\x7f", "canary", "ftp://canary", "https://canary:x", "https:///canary"} {
		options := plainOptions()
		options.Endpoint = endpoint
		if _, err := faceclient.New(options.Options); err == nil {
			t.Errorf("%q is taken", endpoint)
		} else {
			wantSilence(t, "the error", strings.ReplaceAll(err.Error(), "http or https", ""))
		}
	}
}

// A request's own context says why it ended, and that reason is not ours to tell.
func TestNothingThatIsSecretIsToldByACause(t *testing.T) {
	inRig(t, 10, nil, func(t *testing.T, r *rig) {
		r.server.Fail(facetest.Hang())
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errors.New("canary")) })
		_, err := list(ctx, r.client, faceclient.DetectLiveness, 1000)
		if faceclient.Code(err) != faceclient.CodeCanceled {
			t.Errorf("code %q, want canceled", faceclient.Code(err))
		}
		wantSilence(t, "the error", err.Error())
	})
}

// A service that sends the id of a session back as a code, or as the name of the request, has it told by nobody.
func TestSessionThatIsEchoed(t *testing.T) {
	echoes := answers("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nx-ms-error-code: CanarySession\r\napim-request-id: " + sessionID + "\r\n\r\n")
	for id, want := range map[string]faceclient.Error{
		"CanarySession": {Code: "400", RequestID: sessionID},
		sessionID:       {Code: "CanarySession"},
	} {
		client := newClient(t, fast("http://"+peer(t, echoes)))
		_, _, err := client.Session(t.Context(), faceclient.SessionQuery{Operation: faceclient.DetectLiveness, ID: id, MaxAttempts: 1})
		if failure := typed(t, err); failure.Code != want.Code || failure.RequestID != want.RequestID {
			t.Errorf("%s: %v, request %q", id, failure, failure.RequestID)
		}
	}
}
