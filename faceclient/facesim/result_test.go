package facesim_test

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

// answer is a session's own answer as a client reads it.
type answer struct {
	item
	Status string `json:"status"`
	Result *struct {
		SessionID string    `json:"sessionId"`
		Received  time.Time `json:"receivedDateTime"`
		Response  struct {
			StatusCode int `json:"statusCode"`
			Body       struct {
				Decision string `json:"livenessDecision"`
				Verify   *struct {
					Identical bool `json:"isIdentical"`
				} `json:"verifyResult"`
				Error *struct {
					Code string `json:"code"`
				} `json:"error"`
			} `json:"body"`
		} `json:"response"`
	} `json:"result"`
}

func sessionURL(op, id string) string {
	return "https://contoso.cognitiveservices.azure.com/face/v1.2-preview.1/" + op + "/singleModal/sessions/" + id
}

func lookUp(t *testing.T, srv *facesim.Server, op, id string) answer {
	t.Helper()
	resp := ask(srv, sessionURL(op, id))
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("CSP-Billing-Usage") == "" {
		t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
	var got answer
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return got
}

func TestOneSession(t *testing.T) {
	started := facesim.Session{ID: "a", Created: noon(), Started: noon().Add(5 * time.Second), Finished: noon().Add(20 * time.Second)}
	with := func(outcome facesim.Outcome, same bool) facesim.Session {
		s := started
		s.Outcome, s.Identical = outcome, same
		return s
	}
	for name, test := range map[string]struct {
		session  facesim.Session
		after    time.Duration
		status   string
		decision string // "": no result; "error": one without a decision
	}{
		"not started":            {facesim.Session{ID: "a", Created: noon()}, time.Hour, "NotStarted", ""},
		"started":                {with(facesim.NoResult, false), time.Hour, "Started", ""},
		"not finished yet":       {with(facesim.RealFace, true), 20*time.Second - 1, "Started", ""},
		"finished":               {with(facesim.RealFace, true), 20 * time.Second, "ResultAvailable", "realface"},
		"expired":                {with(facesim.RealFace, false), time.Hour, "ResultAvailable", "realface"},
		"spoof":                  {with(facesim.SpoofFace, false), time.Hour, "ResultAvailable", "spoofface"},
		"uncertain":              {with(facesim.Uncertain, true), time.Hour, "ResultAvailable", "uncertain"},
		"failed attempt":         {with(facesim.Failed, false), time.Hour, "ResultAvailable", "error"},
		"an id to escape":        {facesim.Session{ID: `a"b`, Created: noon(), Outcome: facesim.RealFace}, 0, "ResultAvailable", "realface"},
		"no time of the result":  {facesim.Session{ID: "a", Created: noon(), Outcome: facesim.RealFace}, 0, "ResultAvailable", "realface"},
		"unknown field and null": {facesim.Session{ID: "a", Created: noon(), Wire: facesim.Wire{Extra: true, NullStart: true}}, 0, "NotStarted", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, op := range []string{facesim.DetectLiveness, facesim.DetectLivenessWithVerify} {
				now := noon().Add(test.after)
				srv := facesim.New(facesim.Options{Now: fixed(now)})
				srv.Add(op, test.session)
				got := lookUp(t, srv, op, test.session.ID)
				if diff := same(got.item, srv.Sessions(op)[0], now); diff != "" {
					t.Error(diff)
				}
				if got.Status != test.status || (got.Result != nil) != (test.decision != "") {
					t.Fatalf("%s: %+v", op, got)
				}
				if got.Result == nil {
					if outcome := srv.Outcome(op, test.session.ID); outcome != facesim.NoResult {
						t.Errorf("outcome %v", outcome)
					}
					continue
				}
				response := got.Result.Response
				if outcome := srv.Outcome(op, test.session.ID); outcome != test.session.Outcome || got.Result.SessionID != test.session.ID {
					t.Errorf("outcome %v of %q", outcome, got.Result.SessionID)
				}
				if test.decision == "error" {
					if response.StatusCode != http.StatusBadRequest || response.Body.Error == nil || response.Body.Decision != "" || response.Body.Verify != nil {
						t.Errorf("%s: failed attempt %+v", op, response)
					}
					continue
				}
				verify := response.Body.Verify
				if response.StatusCode != http.StatusOK || response.Body.Decision != test.decision || (verify != nil) != (op == facesim.DetectLivenessWithVerify) ||
					verify != nil && verify.Identical != test.session.Identical {
					t.Errorf("%s: %+v", op, response)
				}
			}
		})
	}
}

func TestOneSessionThatIsNotListed(t *testing.T) {
	srv := facesim.New(facesim.Options{Now: fixed(noon())})
	srv.Add(facesim.DetectLiveness, facesim.Session{ID: "a", Created: noon()}, facesim.Session{ID: "old", Created: noon().Add(-49 * time.Hour)})
	for name, url := range map[string]string{
		"unknown":         sessionURL(facesim.DetectLiveness, "b"),
		"other operation": sessionURL(facesim.DetectLivenessWithVerify, "a"),
		"too old":         sessionURL(facesim.DetectLiveness, "old"),
	} {
		resp := ask(srv, url)
		if resp.StatusCode != http.StatusNotFound || resp.Header.Get("x-ms-error-code") != "SessionNotFound" {
			t.Errorf("%s: %d %q", name, resp.StatusCode, resp.Header.Get("x-ms-error-code"))
		}
	}
	if got := srv.Outcome(facesim.DetectLiveness, "b"); got != facesim.Deleted {
		t.Errorf("outcome %v, want deleted", got)
	}
	if got := ask(srv, sessionURL(facesim.DetectLiveness, "a/b")).Header.Get("x-ms-error-code"); got != "404" {
		t.Errorf("a path below a session: %q", got)
	}
	ask(srv, sessionURL(facesim.DetectLiveness, "a"))
	ask(srv, listURL(facesim.DetectLiveness, ""))
	if got := srv.LookUps(facesim.DetectLiveness); len(got) != 3 || got["a"] != 1 || got["b"] != 1 || got["old"] != 1 {
		t.Errorf("look-ups %v", got)
	}
	if c := srv.Counts(facesim.DetectLiveness); c.Sessions != 3 || c.Requests != 4 {
		t.Errorf("counts %+v", c)
	}
}

func TestFaultsOfSessions(t *testing.T) {
	srv := facesim.New(facesim.Options{Now: fixed(noon())})
	srv.Add(facesim.DetectLiveness, facesim.Session{ID: "a", Created: noon()})
	list, session := listURL(facesim.DetectLiveness, ""), sessionURL(facesim.DetectLiveness, "a")
	statuses := func() [2]int { return [2]int{ask(srv, list).StatusCode, ask(srv, session).StatusCode} }
	srv.Fail(facesim.Status(500, "").OnSessions())
	if got := statuses(); got != [2]int{200, 500} {
		t.Errorf("on sessions: %v", got)
	}
}

func TestTrafficHasOutcomes(t *testing.T) {
	c, srv, traffic := newTraffic(quiet(facesim.TrafficOptions{Seed: 13, PerDay: 24_000}), noon())
	for _, op := range []string{facesim.DetectLiveness, facesim.DetectLivenessWithVerify} {
		truth := traffic.Truth(op)
		ended := float64(truth.Expired - truth.Abandoned)
		sum := 0
		for outcome, want := range map[facesim.Outcome]float64{
			facesim.NoResult: 0.046, facesim.RealFace: 0.85, facesim.SpoofFace: 0.04, facesim.Uncertain: 0.029, facesim.Failed: 0.038,
		} {
			sum += truth.Outcomes[outcome]
			if got := float64(truth.Outcomes[outcome]) / ended; math.Abs(got-want) > 0.012 {
				t.Errorf("%s: share of %v %.3f, want about %v", op, outcome, got, want)
			}
		}
		if sum != truth.Expired-truth.Abandoned {
			t.Errorf("%s: %d outcomes of %v", op, sum, ended)
		}
		compared := truth.Identical + truth.Different
		if op == facesim.DetectLiveness && compared != 0 {
			t.Errorf("%d faces compared without a reference", compared)
		}
		decided := truth.Outcomes[facesim.RealFace] + truth.Outcomes[facesim.SpoofFace] + truth.Outcomes[facesim.Uncertain]
		if share := float64(truth.Identical) / float64(compared); op == facesim.DetectLivenessWithVerify && (compared != decided || share < 0.9 || share > 0.96) {
			t.Errorf("%d compared of %d, share %.3f identical", compared, decided, share)
		}
	}

	// What a look-up says is the truth, and a result comes some seconds after the start.
	soon := 0
	for _, s := range srv.Sessions(facesim.DetectLiveness) {
		if s.HasStarted() && c.now.Sub(s.Started) > time.Minute && srv.Outcome(facesim.DetectLiveness, s.ID) != s.Outcome {
			t.Fatalf("%+v: outcome %v", s, srv.Outcome(facesim.DetectLiveness, s.ID))
		}
		if took := s.Finished.Sub(s.Started); s.Outcome != facesim.NoResult && (took <= 0 || !s.Finished.Before(s.Expires())) {
			t.Fatalf("%+v: result after %v", s, took)
		} else if took > 4*time.Second && took < 16*time.Second {
			soon++
		}
	}
	if soon < srv.Len(facesim.DetectLiveness)/2 {
		t.Errorf("%d results 4 to 16 s after the start", soon)
	}
}

// Nobody's device may look like the one device that makes sessions without end, except on a day that has such a device.
func TestHammeringDevice(t *testing.T) {
	for name, days := range map[string]float64{"none": 0, "each day": 1} {
		t.Run(name, func(t *testing.T) {
			opts := quiet(facesim.TrafficOptions{Seed: 15})
			opts.HammeringDays = days
			c, srv, _ := newTraffic(opts, noon())
			most := 0
			for range 24 * 4 {
				c.now = c.now.Add(15 * time.Minute)
				count := make(map[string]int)
				for _, s := range srv.Sessions(facesim.DetectLiveness) {
					if s.DeviceID != "" {
						count[s.DeviceID]++
					}
				}
				hammering := 0
				for _, n := range count {
					if n > 100 {
						hammering++
					}
				}
				most = max(most, hammering)
			}
			if want := int(days); most != want {
				t.Errorf("at most %d devices with over 100 sessions at once, want %d", most, want)
			}
		})
	}
}
