package collector_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/faceclient/facetest"
	facesim "face_liveness_exporter/faceclient/facetest"
)

// looked is what an hour of refreshes and their look-ups have come to.
type looked struct {
	target  collector.State
	values  series
	lookUps map[string]int  // by session
	stamps  []time.Duration // when each refresh began
}

// lookUpFor refreshes every five minutes for an hour while 200 sessions end, ten in each interval at first and then many.
func lookUpFor(t *testing.T, samples int, faults ...facesim.Fault) looked {
	t.Helper()
	var got looked
	synctest.Test(t, func(t *testing.T) {
		service := facesim.New(facesim.Options{})
		defer service.Close()
		start := time.Now()
		for i := range 200 {
			outcome := []facesim.Outcome{facesim.RealFace, facesim.RealFace, facesim.RealFace, facesim.SpoofFace, facesim.NoResult}[i%5]
			ends := start.Add(time.Duration(i+1) * 15 * time.Second)
			service.Add(facesim.DetectLivenessWithVerify, facesim.Session{
				ID: fmt.Sprintf("%08x-0000-4000-8000-000000000000", i*0x01000193), Created: ends.Add(-facesim.DefaultTTL), Started: ends.Add(-9 * time.Minute),
				Outcome: outcome, Identical: outcome == facesim.RealFace,
			})
		}
		service.Fail(faults...)
		transport := service.Transport()
		defer transport.CloseIdleConnections()
		api := collector.NewAPIMetrics("contoso-prod", faceclient.Operations(), 0)
		limits := facelist.Limits{PageSize: 1000, MaxPages: 20, Workers: 1}
		list := listOf(t, service, faceclient.DetectLivenessWithVerify, limits, api, func(options *faceclient.Options) {
			options.MaxRetries, options.Transport = 1, transport
		})
		target := newTarget(list, sampled(samples, list), func(options *collector.TargetOptions) {
			options.Operation, options.API = faceclient.DetectLivenessWithVerify, api
		})
		defer run(t, target)()
		for range 13 {
			scrape(inTime, target)
			state := target.State()
			got.stamps = append(got.stamps, state.Snapshot.Began.Wall.Sub(start))
			advance(5 * time.Minute)
		}
		got.target, got.lookUps = target.State(), service.LookUps(facesim.DetectLivenessWithVerify)
		info := collector.ResourceInfo{Name: "contoso-prod", Endpoint: "http://face.test", APIVersion: faceclient.DefaultAPIVersion}
		got.values = valuesOf(gather(t, collector.New(info, api, target)), faceclient.DetectLivenessWithVerify)
	})
	return got
}

// Whatever look-ups do, refreshes are as without them, and docs/faults.md says what comes of the look-ups.
func TestLookUpsChangeNothingButOutcomes(t *testing.T) {
	without := lookUpFor(t, 0)
	var table strings.Builder
	table.WriteString("| what the service does to look-ups | answers that count | `error_code` |\n|---|---|---|\n")
	for _, f := range []struct {
		name    string
		faults  []facesim.Fault
		answers uint64 // of 200 sessions with 20 samples of about 20 in each window
		code    string
	}{
		{"no fault", nil, 200, ""},
		{"no answer", []facesim.Fault{facetest.Hang().OnSessions()}, 0, "timeout"},
		{"reset before the answer", []facesim.Fault{facetest.Reset().OnSessions()}, 0, "connection"},
		{"401", []facesim.Fault{facesim.StatusError(http.StatusUnauthorized, facesim.ShapeCode, "401", "no").OnSessions()}, 0, "401"},
		{"404: the session was deleted", []facesim.Fault{facesim.StatusError(http.StatusNotFound, facesim.ShapeCode, "SessionNotFound", "no").OnSessions()}, 200, ""},
		{"429", []facesim.Fault{facesim.RateLimited(facesim.ShapeFlat, facesim.HintNone, 0).OnSessions()}, 0, "429"},
		{"500", []facesim.Fault{facesim.StatusError(http.StatusInternalServerError, facesim.ShapeCode, "Unspecified", "no").OnSessions()}, 0, "Unspecified"},
		{"JSON of another shape", []facesim.Fault{facetest.JSON(`[]`).OnSessions()}, 0, "invalid_response"},
	} {
		t.Run(f.name, func(t *testing.T) {
			got := lookUpFor(t, 20, f.faults...)
			for i, stamp := range got.stamps {
				// The rate that 429 slows down is that of the resource, so that a page waits a little too.
				if late := stamp - without.stamps[i]; late < 0 || late > time.Duration(i)*4*time.Second {
					t.Errorf("refreshes began at %v, want %v as without look-ups", got.stamps, without.stamps)
					break
				}
			}
			got.values.want(t, "up", 1)
			got.values.want(t, "refreshes_total", without.values["face_liveness_refreshes_total"])
			got.values.want(t, "refresh_failures_total", 0)
			got.values.want(t, "session_expirations_total", without.values["face_liveness_session_expirations_total"])
			if n := got.target.Outcomes.Looked(); n > f.answers || n < f.answers*9/10 {
				t.Errorf("%d answers count, want about %d", n, f.answers)
			}
			for id, times := range got.lookUps {
				if f.answers > 0 && times != 1 {
					t.Errorf("%s was looked up %d times", id, times)
				}
			}
			code := "–"
			if f.code != "" {
				code = "`" + f.code + "`"
				if got.values[fmt.Sprintf("face_liveness_api_errors_total{error_code=%q}", f.code)] == 0 {
					t.Errorf("%s is not counted", f.code)
				}
			} else if errors := counts(got.values, "face_liveness_api_errors_total"); errors != 0 {
				t.Errorf("%v errors are counted", errors)
			}
			answers := "all"
			if f.answers == 0 {
				answers = "none"
			}
			fmt.Fprintf(&table, "| %s | %s | %s |\n", f.name, answers, code)
		})
	}
	page, err := os.ReadFile(faultsPage)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- look-ups: written by make docs -->\n", "<!-- end of the look-ups -->\n"
	before, rest, found := strings.Cut(string(page), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the look-ups", faultsPage)
	}
	compare(t, faultsPage, before+begin+table.String()+end+after)
}

// counts sums the series of a metric.
func counts(values series, name string) (sum float64) {
	for key, value := range values {
		if strings.HasPrefix(key, name) {
			sum += value
		}
	}
	return sum
}

// 200 sessions end in one window: 40 of them are looked up, none twice, and stand for all.
func TestASampleStandsForAllSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &looker{answer: decides}
		target := newTarget(walks(endsAt(func(int) []string {
			return append(append(ids("realface", 120), ids("spoofface", 40)...), ids("uncertain", 40)...)
		}, always1)), sampled(40, from))
		run(t, target)
		scrape(inTime, target)
		advance(10 * time.Minute)
		scrape(inTime, target)
		synctest.Wait()
		times := map[string]int{}
		for _, id := range from.looked() {
			if times[id]++; times[id] > 1 {
				t.Errorf("%s was looked up twice", id)
			}
		}
		outcomes := target.State().Outcomes
		sum := 0.0
		for _, sessions := range outcomes.Sessions {
			sum += sessions
		}
		if len(times) != 40 || outcomes.Looked() != 40 || sum < 199.999 || sum > 200.001 {
			t.Errorf("%d looked up for %v sessions, want 40 for 200", len(times), sum)
		}
		if passed := outcomes.Sessions[collector.RealFace]; passed < 60 || passed > 180 {
			t.Errorf("%v passed, want 120 and 31 more or less", passed)
		}
	})
}
