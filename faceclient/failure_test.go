package faceclient_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

func TestKnownErrors(t *testing.T) {
	for _, known := range facetest.KnownErrors() {
		t.Run(known.Name, func(t *testing.T) {
			const retries = 2
			t.Run("that stays", func(t *testing.T) {
				inRig(t, 10, func(o *options) { o.MaxRetries = retries }, func(t *testing.T, r *rig) {
					r.server.Fail(known.Fault)
					attempts := 1
					if known.Retry {
						attempts += retries
					}
					failure := r.failure(known.Code, attempts)
					if failure.Status != known.Status {
						t.Errorf("status %d, want %d", failure.Status, known.Status)
					}
					if refused := known.Status == 401 || known.Status == 403 || known.Status == 404; failure.Refused() != refused {
						t.Errorf("refused: %v", failure.Refused())
					}
					if failure.RequestID == "" || failure.ClientRequestID != r.server.Requests()[attempts-1].ClientRequestID {
						t.Errorf("request ids %q %q are not those of the last attempt", failure.RequestID, failure.ClientRequestID)
					}
					if !slices.Contains(faceclient.ErrorCodes(), known.Code) {
						t.Errorf("%s is not among the error codes", known.Code)
					}
				})
			})
			t.Run("that passes", func(t *testing.T) {
				inRig(t, 10, func(o *options) { o.MaxRetries = retries }, func(t *testing.T, r *rig) {
					r.server.Fail(known.Fault.Times(retries))
					walk, visited, err := r.walk()
					if !known.Retry {
						if faceclient.Code(err) != known.Code {
							t.Errorf("code %q, want %q", faceclient.Code(err), known.Code)
						}
						return
					}
					r.finds(walk, visited, err)
					if want := retries + 2; walk.Requests != want || r.requests() != want {
						t.Errorf("%d requests, the service saw %d, want %d", walk.Requests, r.requests(), want)
					}
				})
			})
		})
	}
}

// The order in which the places of the code count.
func TestCodeIsTakenFromTheFirstPlaceThatHasAUsableOne(t *testing.T) {
	for _, test := range []struct {
		name, header, body, want string
	}{
		{"header first", "FromHeader", `{"error":{"code":"FromBody","statusCode":3},"statusCode":4}`, "FromHeader"},
		{"body's code", "", `{"error":{"code":"FromBody","statusCode":3},"statusCode":4}`, "FromBody"},
		{"a number for a code", "", `{"error":{"code":17,"statusCode":3}}`, "17"},
		{"error.statusCode", "", `{"error":{"statusCode":3},"statusCode":4}`, "3"},
		{"flat statusCode", "", `{"statusCode":4}`, "4"},
		{"flat statusCode beside an error that is text", "", `{"error":"no","statusCode":4}`, "4"},
		{"a code that is no label", "", `{"error":{"code":"not a code","statusCode":3}}`, "3"},
		{"a header that is no label", "not a code", `{"error":{"code":"FromBody"}}`, "FromBody"},
		{"too long", "", `{"error":{"code":"` + strings.Repeat("x", 65) + `"}}`, "418"},
		{"just not too long", "", `{"error":{"code":"` + strings.Repeat("x", 64) + `"}}`, strings.Repeat("x", 64)},
		{"an object for a code", "", `{"error":{"code":{}}}`, "418"},
		{"empty", "", "", "418"},
		{"HTML", "", "<html>", "418"},
		{"cut short", "", `{"error":{"code":"FromB`, "418"},
		{"a session's id", "2c6f1a0e-77d5-4f0b-9a64-0d3c1f5b8e21", `{"error":{"code":"FromBody"}}`, "FromBody"},
		{"a device's id", "", `{"error":{"code":"2c6f1a0e77d54f0b9a640d3c1f5b8e21"}}`, "418"},
		{"the key", "test-key", `{"error":{"code":"FromBody"}}`, "FromBody"},
		{"more than the key", "your.test-key.is.wrong", "", "418"},
		{"an array", "", `[]`, "418"},
		{"null", "", `null`, "418"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, 0, nil, func(t *testing.T, r *rig) {
				r.server.Fail(facesim.Status(418, test.body).Header("x-ms-error-code", test.header))
				if failure := r.failure(test.want, 1); failure.Status != 418 {
					t.Errorf("status %d", failure.Status)
				}
			})
		})
	}
}

func TestAnswersThatAreNoListAreNotAskedForAgain(t *testing.T) {
	faults := append(facetest.WrongShapes(),
		facetest.SetField("sessionExpired", ""), facetest.SetField("id", ""),
		facetest.SetField("authTokenTimeToLiveInSeconds", "-1"), facetest.SetField("authTokenTimeToLiveInSeconds", "600.5"),
		facetest.SetField("authTokenTimeToLiveInSeconds", "9223372036854775807"),
		facetest.SetField("createdDateTime", `"2024-05-19"`), facetest.SetField("createdDateTime", `null`),
		facetest.SetField("sessionExpired", `null`),
		facetest.JSON(`[] x`), facetest.JSON(`{"error":{"code":"429"}}`),
	)
	for _, fault := range faults {
		t.Run(fault.String(), func(t *testing.T) {
			inRig(t, 5, nil, func(t *testing.T, r *rig) {
				r.server.Fail(fault)
				if failure := r.failure(faceclient.CodeInvalidResponse, 1); failure.Status != 200 {
					t.Errorf("status %d, want 200", failure.Status)
				}
			})
		})
	}
}

// A proxy's page in place of a page of the list is gone a moment later, and so is a body that was spoilt on its way.
func TestBodiesThatBreakOffOrAreNoneOfTheServiceAreReadAgain(t *testing.T) {
	for _, test := range []struct {
		fault facesim.Fault
		code  string
	}{
		{facetest.TruncatedJSON(), faceclient.CodeConnection},
		{facetest.CutBody(), faceclient.CodeConnection},
		{facetest.ResetInBody(), faceclient.CodeConnection},
		{facetest.Reset(), faceclient.CodeConnection},
		{facetest.TruncatedGzip(), faceclient.CodeConnection},
		{facetest.BrokenGzip(), faceclient.CodeConnection},
		{facetest.HTML(200), faceclient.CodeInvalidResponse},
		{facetest.JSON(`[}`), faceclient.CodeInvalidResponse},
		{facetest.HangInBody(), faceclient.CodeTimeout},
		{facetest.Hang(), faceclient.CodeTimeout},
		{facetest.SlowDrip(1, 6*time.Second), faceclient.CodeTimeout},
	} {
		t.Run(test.fault.String(), func(t *testing.T) {
			t.Run("once in every page", func(t *testing.T) {
				inRig(t, 2500, func(o *options) {
					o.MaxRetries, o.MaxConcurrentRequests = 1, 1
					// Go's transport by itself repeats a request whose used connection was closed without an answer.
					o.Transport.(*http.Transport).DisableKeepAlives = true
				}, func(t *testing.T, r *rig) {
					failed := map[string]bool{}
					r.server.Fail(test.fault.When(func(request facesim.Request) bool {
						again := failed[request.Start]
						failed[request.Start] = true
						return !again
					}))
					walk := r.finds(r.walk())
					if walk.Requests != 8 || walk.Pages != 4 || r.requests() != 8 {
						t.Errorf("%d requests and %d pages, the service saw %d; want 8, 4, 8", walk.Requests, walk.Pages, r.requests())
					}
					want := []string{test.code, "", test.code, "", test.code, "", test.code, ""}
					if got := r.seen.codes(); !slices.Equal(got, want) {
						t.Errorf("observed %q, want %q", got, want)
					}
				})
			})
			t.Run("always", func(t *testing.T) {
				inRig(t, 2500, func(o *options) { o.MaxRetries = 2 }, func(t *testing.T, r *rig) {
					r.server.Fail(test.fault)
					r.fails(test.code, 3)
				})
			})
		})
	}
}

// When a walk has failed, what was sent for it is paid for and comes; nothing more is sent.
func TestAFailedWalkBreaksNoConnection(t *testing.T) {
	inRig(t, 10_000, func(o *options) { o.PageSize, o.MaxRequestsPerSecond = 100, 10 }, func(t *testing.T, r *rig) {
		r.server.Fail(
			facesim.Status(403, "").After(3).Times(1),
			facetest.Delay(5*time.Second).After(1), // two are under way and another waits for its turn
		)
		began := time.Now()
		r.fails("403", 4)
		if took := time.Since(began); took != 5200*time.Millisecond {
			t.Errorf("took %v, want 5.2s: the last of the two was sent after 200 ms", took)
		}
		if got := r.seen.codes(); !slices.Equal(got, []string{"", "", "403", ""}) {
			t.Errorf("observed %q, want a 403 alone", got)
		}
	})
}

// Waits double and stay within the bound, and the last failure is not waited for.
func TestBackoffGrowsWithinItsBound(t *testing.T) {
	inRig(t, 10, func(o *options) { o.MaxRetries, o.MaxRetryWait = 8, 5*time.Second }, func(t *testing.T, r *rig) {
		r.server.Fail(facesim.Status(500, ""))
		began := time.Now()
		r.fails("500", 9)
		requests := r.server.Requests()
		for i := range requests[1:] {
			wait := requests[i+1].Time.Sub(requests[i].Time)
			most := min(500*time.Millisecond<<i, 5*time.Second)
			least := min(most/2, 250*time.Millisecond<<i)
			if wait < least || wait > most {
				t.Errorf("wait %d: %v, want %v to %v", i+1, wait, least, most)
			}
		}
		if last := requests[len(requests)-1].Time; time.Since(last) > 0 {
			t.Errorf("%v after the last attempt", time.Since(last))
		}
		if time.Since(began) > 33*time.Second {
			t.Errorf("%v in all", time.Since(began))
		}
	})
}

func TestErrorCodesAreLabels(t *testing.T) {
	label := regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	codes := faceclient.ErrorCodes()
	for i, code := range codes {
		if !label.MatchString(code) || slices.Contains(codes[:i], code) {
			t.Errorf("%q is no label or comes twice", code)
		}
	}
}

func TestCodeOfAnyError(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{&faceclient.Error{Code: "X"}, "X"},
		{errors.Join(errors.New("first"), &faceclient.Error{Code: "X"}), "X"},
		{context.Canceled, faceclient.CodeCanceled},
		{context.DeadlineExceeded, faceclient.CodeTimeout},
		{http.ErrAbortHandler, faceclient.CodeConnection},
	} {
		if got := faceclient.Code(test.err); got != test.want {
			t.Errorf("%v has code %q, want %q", test.err, got, test.want)
		}
	}
}

func TestErrorText(t *testing.T) {
	for _, test := range []struct {
		err  faceclient.Error
		want string
	}{
		{faceclient.Error{Code: "401", Status: 401, Detail: faceclient.DetailKeyNotAccepted}, "401 (key_not_accepted)"},
		{faceclient.Error{Code: "PermissionDenied", Status: 401}, "PermissionDenied (HTTP 401)"},
		{faceclient.Error{Code: "authentication", Detail: faceclient.DetailSignInRefused, AADSTS: 7}, "authentication (sign_in_refused, AADSTS7)"},
		{faceclient.Error{Code: "timeout", Before: &faceclient.Error{Code: "503"}}, "timeout; before that, 503"},
		{faceclient.Error{Code: "timeout"}, "timeout"},
		{faceclient.Error{Code: strconv.Itoa(599), Status: 599}, "599"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}
