package faceclient_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facetest"
)

func TestKnownErrors(t *testing.T) {
	for _, known := range facetest.KnownErrors() {
		t.Run(known.Name, func(t *testing.T) {
			attempts := 1
			if known.Retry {
				attempts = 3
			}
			inRig(t, 10, nil, func(t *testing.T, r *rig) {
				r.server.Fail(known.Fault)
				failure := r.failure(known.Code, attempts)
				if refused := known.Status == 401 || known.Status == 403 || known.Status == 404; failure.Status != known.Status || failure.Refused() != refused {
					t.Errorf("status %d, want %d; refused: %t", failure.Status, known.Status, failure.Refused())
				}
				if failure.RequestID == "" || failure.ClientRequestID != r.server.Requests()[attempts-1].ClientRequestID {
					t.Errorf("request ids %q %q are not those of the last attempt", failure.RequestID, failure.ClientRequestID)
				}
				if !slices.Contains(faceclient.ErrorCodes(), known.Code) {
					t.Errorf("%s is not among the error codes", known.Code)
				}
			})
			inRig(t, 10, nil, func(t *testing.T, r *rig) {
				r.server.Fail(known.Fault.Times(2))
				if !known.Retry {
					r.fails(known.Code, 1)
				} else if l := r.listsAll(); l.attempts != 4 || r.requests() != 4 {
					t.Errorf("%d attempts, the service saw %d, want 4", l.attempts, r.requests())
				}
			})
		})
	}
}

// What HTTP calls transient is tried again, and nothing else.
func TestStatusesThatAreRetried(t *testing.T) {
	for status, retried := range map[int]bool{
		400: false, 402: false, 403: false, 404: false, 405: false, 407: false, 408: true, 409: true, 410: false, 413: false, 418: false,
		425: true, 429: true, 451: false, 500: true, 501: false, 502: true, 503: true, 504: true, 505: false, 511: false, 520: true, 524: true,
		529: true, 530: false,
	} {
		requests := 0
		o := fast("http://contoso")
		o.MaxRetries = 1
		o.Transport = answering(func(*http.Request) (*http.Response, error) {
			requests++
			return answer(status, http.Header{}, ""), nil
		})
		if failure := failureOf(t, o); (requests == 2) != retried || failure.Status != status {
			t.Errorf("%d: %d requests, %v", status, requests, failure)
		}
	}
}

// A proxy's page in place of a page of the list is gone a moment later, and so is a body that was spoilt on its way.
func TestBodiesThatBreakOffOrAreNoneOfTheServiceAreReadAgain(t *testing.T) {
	for _, test := range []struct {
		fault facetest.Fault
		code  string
	}{
		{facetest.TruncatedJSON(), faceclient.CodeConnection},
		{facetest.CutBody(), faceclient.CodeConnection},
		{facetest.BrokenGzip(), faceclient.CodeConnection},
		{facetest.NotGzip(), faceclient.CodeConnection},
		{facetest.HTML(200), faceclient.CodeInvalidResponse},
		{facetest.JSON(`[}`), faceclient.CodeInvalidResponse},
		{facetest.HangInBody(), faceclient.CodeTimeout},
		{facetest.Hang(), faceclient.CodeTimeout},
		{facetest.SlowDrip(1, 6*time.Second), faceclient.CodeTimeout},
	} {
		t.Run(test.fault.String(), func(t *testing.T) {
			inRig(t, 10, nil, func(t *testing.T, r *rig) {
				r.server.Fail(test.fault.Times(1))
				l := r.listsAll()
				if want := []string{test.code, "", ""}; l.attempts != 3 || !slices.Equal(r.seen.codes(), want) {
					t.Errorf("%d attempts, observed %q, want %q", l.attempts, r.seen.codes(), want)
				}
				r.server.Fail(test.fault)
				r.fails(test.code, 6)
			})
		})
	}
}

func TestAnswersThatAreNoListAreNotAskedForAgain(t *testing.T) {
	for _, fault := range append(facetest.WrongShapes(),
		facetest.SetField("sessionExpired", ""), facetest.SetField("id", ""), facetest.SetField("sessionExpired", `null`),
		facetest.SetField("authTokenTimeToLiveInSeconds", "-1"), facetest.SetField("authTokenTimeToLiveInSeconds", "600.5"),
		facetest.SetField("authTokenTimeToLiveInSeconds", "9223372036854775807"),
		facetest.SetField("createdDateTime", `"2024-05-19"`), facetest.SetField("createdDateTime", `null`),
		facetest.JSON(`[] x`), facetest.JSON(`{"error":{"code":"429"}}`), facetest.Status(202, ""), facetest.Status(204, ""),
		facetest.Status(202, `{"status":"running"}`), facetest.Status(206, `[{"id"`),
	) {
		t.Run(fault.String(), func(t *testing.T) {
			inRig(t, 5, nil, func(t *testing.T, r *rig) {
				r.server.Fail(fault)
				r.fails(faceclient.CodeInvalidResponse, 1)
			})
		})
	}
}

// A request ends with its attempts, and says whether another one could have helped.
func TestAttemptsAreBounded(t *testing.T) {
	for _, test := range []struct {
		status   int
		bound    int // 0 is none
		attempts int
		more     bool
	}{{503, 1, 1, true}, {503, 2, 2, true}, {503, 3, 3, false}, {503, 9, 3, false}, {503, 0, 3, false}, {403, 1, 1, false}} {
		inRig(t, 10, nil, func(t *testing.T, r *rig) {
			r.server.Fail(facetest.Status(test.status, ""))
			query := faceclient.PageQuery{Operation: faceclient.DetectLiveness, Top: 1, MaxAttempts: test.bound}
			attempts, err := r.client.Page(t.Context(), query, new(faceclient.Page))
			if attempts != test.attempts || attempts != r.requests() || errors.Is(err, faceclient.ErrNoAttempts) != test.more || typed(t, err).Status != test.status {
				t.Errorf("%+v: %d attempts, the service saw %d, %v", test, attempts, r.requests(), err)
			}
		})
	}
}
