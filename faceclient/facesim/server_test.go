package facesim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

// The list is read by the last id of the page before, which need not be listed any more.
func TestAListIsReadFromIDToID(t *testing.T) {
	server := facesim.New(facesim.Options{Now: noon})
	people, sessions := facesim.NewPopulation(1, 100), make([]facesim.Session, 2345)
	for i := range sessions {
		sessions[i] = people.Session(noon().Add(-time.Hour))
	}
	server.Add(facesim.DetectLiveness, sessions...)
	want := server.Sessions(facesim.DetectLiveness)
	for _, top := range []string{"", "1000", "7", "1"} {
		var ids []string
		query := url.Values{}
		if top != "" {
			query.Set("top", top)
		}
		for {
			items := page(t, server, query)
			for _, item := range items {
				ids = append(ids, item.ID)
			}
			if len(items) == 0 {
				break
			}
			query.Set("start", items[len(items)-1].ID)
		}
		if !slices.EqualFunc(ids, want, func(id string, session facesim.Session) bool { return id == session.ID }) || len(ids) != 2345 {
			t.Errorf("top %q: %d sessions, want %d in order", top, len(ids), len(want))
		}
	}
	middle := want[1000].ID
	if server.Delete(facesim.DetectLiveness, middle) != 1 || server.Delete(facesim.DetectLiveness, middle) != 0 {
		t.Error("a session is not deleted once")
	}
	if next := page(t, server, url.Values{"start": {middle}})[0].ID; next != want[1001].ID {
		t.Errorf("after a start that was deleted comes %s, want %s", next, want[1001].ID)
	}
	if all := page(t, server, url.Values{"start": {""}, "top": {"5"}}); all[0].ID != want[0].ID || len(all) != 5 {
		t.Error("an empty start is not the beginning")
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	server := facesim.New(facesim.Options{})
	for _, test := range []struct {
		name, method, target, key string
		status                    int
		code                      string
	}{
		{"wrong key", "GET", path, "other", 401, "401"},
		{"no key", "GET", path, "", 401, "401"},
		{"top 0", "GET", path + "?top=0", "test-key", 400, "BadArgument"},
		{"top 1001", "GET", path + "?top=1001", "test-key", 400, "BadArgument"},
		{"top is no number", "GET", path + "?top=all", "test-key", 400, "BadArgument"},
		{"long start", "GET", path + "?start=" + strings.Repeat("a", 65), "test-key", 400, "BadArgument"},
		{"version without a list", "GET", strings.Replace(path, "v1.2-preview.1", "v1.2", 1), "test-key", 404, "404"},
		{"another operation", "GET", strings.Replace(path, "detectLiveness", "detect", 1), "test-key", 404, "404"},
		{"another method", "POST", path, "test-key", 404, "404"},
		{"a session that is not listed", "GET", path + "/none", "test-key", 404, "SessionNotFound"},
	} {
		t.Run(test.name, func(t *testing.T) {
			request := httptest.NewRequest(test.method, test.target, http.NoBody)
			request.Header.Set("Ocp-Apim-Subscription-Key", test.key)
			answer := httptest.NewRecorder()
			server.ServeHTTP(answer, request)
			var body struct{ Error struct{ Code string } }
			if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil || answer.Code != test.status || body.Error.Code != test.code {
				t.Errorf("%d %s, want %d %s", answer.Code, answer.Body, test.status, test.code)
			}
			if answer.Header().Get("x-ms-error-code") != test.code || answer.Header().Get("CSP-Billing-Usage") != "" || answer.Header().Get("Date") == "" {
				t.Errorf("header %v", answer.Header())
			}
		})
	}
	if answer := ask(facesim.New(facesim.Options{Throttled: 1}), path); answer.Code != http.StatusTooManyRequests || answer.Header().Get("Retry-After") != "1" {
		t.Errorf("throttled: %d %v", answer.Code, answer.Header())
	}
}

// An answer costs one transaction, an empty one as well, and comes after the latency with the service's time.
func TestTheHeaderOfAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := facesim.New(facesim.Options{Latency: 60 * time.Millisecond, DateLag: 2 * time.Second})
		lags := map[time.Duration]bool{}
		for range 6 {
			began := time.Now()
			answer := ask(server, path)
			if took := time.Since(began); took != 60*time.Millisecond || answer.Body.String() != "[]" {
				t.Errorf("took %v: %s", took, answer.Body)
			}
			date, err := http.ParseTime(answer.Header().Get("Date"))
			if err != nil {
				t.Fatal(err)
			}
			lags[time.Since(date).Truncate(time.Second)] = true
			if h := answer.Header(); h.Get("CSP-Billing-Usage") != "CognitiveServices.Face.Transaction=1" || h.Get("Apim-Request-Id") == "" || h.Get("X-Ms-Region") == "" {
				t.Errorf("header %v", h)
			}
		}
		if len(lags) != 3 || !lags[0] || !lags[time.Second] || !lags[2*time.Second] {
			t.Errorf("Date is behind by %v", lags)
		}
	})
}

// What is known of a session follows from the clock.
func TestASessionThroughItsLife(t *testing.T) {
	c := &clock{noon()}
	server := facesim.New(facesim.Options{Now: c.Now})
	const id = "11111111-2222-4333-8444-555555555555"
	server.Add(facesim.DetectLiveness, facesim.Session{
		ID: id, Created: c.now, Started: c.now.Add(10 * time.Second), Finished: c.now.Add(20 * time.Second), TTL: time.Minute, DeviceID: `a "device"`,
		Outcome: facesim.RealFace, Latency: 1234 * time.Millisecond,
	})
	for _, step := range []struct {
		after            time.Duration
		started, expired bool
		status           string
	}{
		{0, false, false, "NotStarted"},
		{10 * time.Second, true, false, "Started"},
		{20 * time.Second, true, false, "ResultAvailable"},
		{time.Minute, true, true, "ResultAvailable"},
		{facesim.Retention - 1, true, true, "ResultAvailable"},
	} {
		c.now = noon().Add(step.after)
		got := page(t, server, nil)[0]
		if got.ID != id || !got.Created.Equal(noon()) || got.Device != `a "device"` || got.TTL != 60 || got.Started.IsZero() == step.started || got.Expired != step.expired {
			t.Errorf("after %v: %+v", step.after, got)
		}
		if body := ask(server, path+"/"+id).Body.String(); !json.Valid([]byte(body)) || !strings.Contains(body, `"status":"`+step.status+`"`) {
			t.Errorf("after %v: %s", step.after, body)
		}
	}
	c.now = noon().Add(facesim.Retention)
	if items := page(t, server, nil); len(items) != 0 {
		t.Errorf("after the retention: %v", items)
	}
}

func TestTheResultOfASession(t *testing.T) {
	server := facesim.New(facesim.Options{Now: noon})
	for _, test := range []struct {
		op      string
		session facesim.Session
		want    []string
	}{
		{
			facesim.DetectLiveness,
			facesim.Session{Outcome: facesim.RealFace, Latency: 1234 * time.Millisecond, Model: "2025-05-20"},
			[]string{`"livenessDecision":"realface"`, `"latencyInMilliseconds":1234`, `"modelVersionUsed":"2025-05-20"`, `"statusCode":200`},
		},
		{facesim.DetectLivenessWithVerify, facesim.Session{Outcome: facesim.SpoofFace}, []string{`"livenessDecision":"spoofface"`, `"isIdentical":false`}},
		{facesim.DetectLivenessWithVerify, facesim.Session{Outcome: facesim.Uncertain, Identical: true}, []string{`"livenessDecision":"uncertain"`, `"isIdentical":true`}},
		{
			facesim.DetectLiveness,
			facesim.Session{Outcome: facesim.Failed, Reason: "FaceWithMaskDetected"},
			[]string{`"statusCode":400`, `"body":{"error":{"code":"FaceWithMaskDetected"`},
		},
	} {
		t.Run(fmt.Sprint(test.op, " ", test.session.Outcome), func(t *testing.T) {
			test.session.ID, test.session.Created, test.session.Started = "id", noon().Add(-time.Minute), noon().Add(-50*time.Second)
			server.Add(test.op, test.session)
			target := strings.Replace(path, facesim.DetectLiveness, test.op, 1) + "/id"
			answer := ask(server, target).Body.String()
			for _, want := range test.want {
				if !strings.Contains(answer, want) {
					t.Errorf("no %s in %s", want, answer)
				}
			}
			if !json.Valid([]byte(answer)) || answer != ask(server, target).Body.String() {
				t.Errorf("no JSON, or another answer at the next look: %s", answer)
			}
		})
	}
}
