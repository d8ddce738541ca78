package collector_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient/facetest"
)

const faultsPage = "../docs/faults.md"

// A refresh that works shows what is listed, and one that fails what was shown before. docs/faults.md says what happens if every
// request gets a fault, one for each class of outcomes.
func TestFaultMatrix(t *testing.T) {
	matrix := "| every request gets | `error_code`, for example | requests in a refresh | population | `face_liveness_up` |\n|---|---|---|---|---|\n"
	for _, test := range []struct {
		name   string
		faults []facetest.Fault
	}{
		{"no fault", nil},
		{"no answer", []facetest.Fault{facetest.Hang()}},
		{"a connection that breaks, or a body that ends early", []facetest.Fault{facetest.CutBody()}},
		{"401, 403 or 404", []facetest.Fault{facetest.StatusError(403, facetest.ShapeCode, "403", "no")}},
		{"403 of a quota", []facetest.Fault{facetest.StatusError(403, facetest.ShapeStatusCode, "403", "Out of call volume quota. Quota will be replenished in 2 days.")}},
		{"429 for 2 s", []facetest.Fault{facetest.StatusError(429, facetest.ShapeStatusCode, "429", "Rate limit is exceeded. Try again in 2 seconds.")}},
		{"429 for an hour", []facetest.Fault{facetest.RateLimited(time.Hour)}},
		{"500, 502, 503 or 504", []facetest.Fault{facetest.Status(503, "")}},
		{"a status that is not retried", []facetest.Fault{facetest.StatusError(418, facetest.ShapeCode, "NeverHeardOf", "no")}},
		{"a redirect", []facetest.Fault{facetest.Redirect(302, "https://elsewhere.example/")}},
		{"a page of HTML", []facetest.Fault{facetest.HTML(200)}},
		{"JSON that is not a list of sessions", []facetest.Fault{facetest.JSON(`{"value":[]}`)}},
		{"a body without an end", []facetest.Fault{facetest.EndlessItems()}},
		{"pages that repeat", []facetest.Fault{facetest.IgnoreStart()}},
		{"fewer sessions in a page than asked for", []facetest.Fault{facetest.ShortPages(40)}},
		{"pages in another order", []facetest.Fault{facetest.Disordered()}},
		{"no Date", []facetest.Fault{facetest.NoDate()}},
	} {
		bubble(t, test.name, func(t *testing.T) {
			service := facetest.New(facetest.Options{})
			service.Populate(facetest.DetectLiveness, 250, 1)
			target, exposition := simulated(t, service, asking{2, 100, 4})
			scrape(inTime, target)
			advance(6 * time.Minute)
			for _, session := range service.Sessions(facetest.DetectLiveness)[:25] {
				service.Delete(facetest.DetectLiveness, session.ID)
			}
			service.Fail(append([]facetest.Fault{facetest.Delay(20 * time.Millisecond)}, test.faults...)...)
			requests := -service.Counts(facetest.DetectLiveness).Requests
			scrape(inTime, target)
			advance(10 * time.Minute)
			requests += service.Counts(facetest.DetectLiveness).Requests
			after := exposition()
			code, shown, listed := "–", "new", 225.0
			if failure := target.State().Health.ErrorCode; failure != "" {
				code, shown, listed = "`"+failure+"`", "kept", 250
			}
			after.want(t, "sessions", listed)
			after.want(t, "api_request_duration_seconds_count", float64(service.Counts(facetest.DetectLiveness).Requests))
			matrix += fmt.Sprintf("| %s | %s | %d | %s | %v |\n", test.name, code, requests, shown, after["face_liveness_up"])
		})
	}
	writeTables(t, faultsPage, map[string]string{"matrix": matrix})
}

// Refreshes are the same with look-ups that fail as without look-ups, and docs/faults.md says what comes of the look-ups.
func TestLookUpsChangeNothingButOutcomes(t *testing.T) {
	without := lookUpFor(t, 0)
	table := "| every look-up gets | answers that count | `error_code` |\n|---|---|---|\n"
	for _, test := range []struct {
		name   string
		faults []facetest.Fault
	}{
		{"no fault", nil},
		{"404: the session was deleted", []facetest.Fault{facetest.StatusError(http.StatusNotFound, facetest.ShapeCode, "SessionNotFound", "no").OnSessions()}},
		{"no answer", []facetest.Fault{facetest.Hang().OnSessions()}},
		{"429 for an hour", []facetest.Fault{facetest.RateLimited(time.Hour).OnSessions()}},
		{"500, 502, 503 or 504", []facetest.Fault{facetest.Status(503, "").OnSessions()}},
		{"an answer without a session", []facetest.Fault{facetest.JSON(`{}`).OnSessions()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := lookUpFor(t, 20, test.faults...)
			for _, name := range []string{"up", "refreshes_total", "refresh_failures_total", "session_expirations_total", "sessions", "snapshot_timestamp_seconds"} {
				got.want(t, name, without["face_liveness_"+name])
			}
			answers, code, looked := "some", "–", 0.0
			for key, value := range got {
				if strings.HasPrefix(key, "face_liveness_session_outcome_samples_total") {
					looked += value
				}
				if quoted, is := strings.CutPrefix(key, "face_liveness_api_errors_total{error_code="); is && value > 0 {
					code = strings.NewReplacer(`"`, "`", "}", "").Replace(quoted)
				}
			}
			switch {
			case looked == 0:
				answers = "none"
			case looked > 100:
				answers = "all"
			}
			table += fmt.Sprintf("| %s | %s | %s |\n", test.name, answers, code)
		})
	}
	writeTables(t, faultsPage, map[string]string{"look-ups": table})
}

// lookUpFor refreshes every five minutes for an hour while 200 sessions end.
func lookUpFor(t *testing.T, samples int, faults ...facetest.Fault) (got series) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		service := facetest.New(facetest.Options{})
		endEvery(15*time.Second, 200, service)
		service.Fail(faults...)
		target, exposition := simulated(t, service, asking{2, 1000, 1}, func(options *collector.TargetOptions) { options.Samples = samples })
		for range 13 {
			scrape(inTime, target)
			advance(5 * time.Minute)
		}
		got = exposition()
	})
	return got
}
