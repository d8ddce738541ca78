package faceclient_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facetest"
)

// What HTTP calls transient is tried again, and nothing else. The error names the last attempt.
func TestStatusesThatAreRetried(t *testing.T) {
	for status, retried := range map[int]bool{
		400: false, 401: false, 402: false, 403: false, 404: false, 405: false, 407: false, 408: true, 409: true, 410: false, 413: false,
		418: false, 425: true, 429: true, 451: false, 500: true, 501: false, 502: true, 503: true, 504: true, 505: false, 511: false,
		520: true, 524: true, 529: true, 530: false,
	} {
		inRig(t, 10, func(o *options) { o.MaxRetries = 1 }, func(t *testing.T, r *rig) {
			r.server.Fail(facetest.Status(status, ""))
			failure := r.failure(strconv.Itoa(status), map[bool]int{true: 2, false: 1}[retried])
			if refused := status == 401 || status == 403 || status == 404; failure.Status != status || failure.Refused() != refused {
				t.Errorf("%d: status %d, refused %t", status, failure.Status, !refused)
			}
			requests := r.server.Requests()
			if failure.RequestID == "" || failure.ClientRequestID != requests[len(requests)-1].ClientRequestID {
				t.Errorf("%d: request ids %q %q are not those of the last attempt", status, failure.RequestID, failure.ClientRequestID)
			}
		})
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
	const item = `{"id":"a","createdDateTime":"2024-05-19T16:16:31Z","sessionExpired":false}`
	answers := map[string]int{
		`null`: 200, `17`: 200, `{}`: 200, `{"value":[` + item + `]}`: 200, `[` + item + `][]`: 200, `[] x`: 200, `{"error":{"code":"429"}}`: 200,
		`[null]`: 200, `[17]`: 200, `["id"]`: 200, `[[]]`: 200, `[{}]`: 200,
		``: 202, ` `: 204, `{"status":"running"}`: 202, `[{"id"`: 206,
	}
	for field, values := range map[string][]string{
		"id": {`5`, `null`, `""`, ""}, "createdDateTime": {`"yesterday"`, `1716135391`, `"2024-05-19"`, `null`, ""},
		"sessionExpired": {`"true"`, `1`, `null`, ""}, "sessionStartDateTime": {`""`, `{}`}, "deviceCorrelationId": {`17`},
		"authTokenTimeToLiveInSeconds": {`"600"`, `[]`, "-1", "600.5", "9223372036854775807"},
	} {
		for _, value := range values {
			fields := map[string]json.RawMessage{}
			if err := json.Unmarshal([]byte(item), &fields); err != nil {
				t.Fatal(err)
			}
			if fields[field] = json.RawMessage(value); value == "" {
				delete(fields, field)
			}
			odd, err := json.Marshal([]any{json.RawMessage(item), fields})
			if err != nil {
				t.Fatal(err)
			}
			answers[string(odd)] = 200
		}
	}
	for body, status := range answers {
		o, requests := plainOptions(), 0
		o.Transport = answering(func(*http.Request) (*http.Response, error) {
			requests++
			return answer(status, http.Header{}, body), nil
		})
		query := faceclient.PageQuery{Operation: faceclient.DetectLiveness, Top: 1000}
		if _, err := newClient(t, o).Page(t.Context(), query, new(faceclient.Page)); faceclient.Code(err) != faceclient.CodeInvalidResponse || requests != 1 {
			t.Errorf("%d %s: %v after %d requests", status, body, err, requests)
		}
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
