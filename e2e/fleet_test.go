package e2e_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/launch"
)

// fleet is the number of resources of a company that has many.
const fleet = 30

// expiring is a service with a list of sessions that expire within the next minutes, five each second. Of a hundred sessions
// so many are never started.
func expiring(sessions, neverStarted int) *facetest.Server {
	service := facetest.New(facetest.Options{})
	const ttl = 10 * time.Minute
	list := facetest.Generate(sessions, 1, time.Now())
	for i := range list {
		s := &list[i]
		s.TTL = ttl
		s.Created = time.Now().Add(time.Duration(200*i)*time.Millisecond - ttl)
		s.Started = time.Time{}
		if i*37%100 >= neverStarted {
			s.Started = s.Created.Add(20 * time.Second)
		}
		s.DeviceID = fmt.Sprint("device-", i%(sessions/2+1))
	}
	service.Add(facetest.DetectLiveness, list...)
	return service
}

// startFleet starts an exporter of 30 resources: one has an incident, one has hardly any sessions, four fail in different
// ways, and the others are well. Of these, the odd ones look up outcomes.
func startFleet(t *testing.T) *program {
	t.Helper()
	config := "refresh: {interval: 2s}\napi: {max_requests_per_second: 1000, max_retries: 0, request_timeout: 2s}\nresources:\n" +
		resource(t, "incident", expiring(1000, 90)) + resource(t, "tiny", expiring(10, 100))
	for code, fault := range map[string]facetest.Fault{
		"401":     facetest.StatusError(http.StatusUnauthorized, facetest.ShapeCode, "401", "no"),
		"429":     facetest.RateLimited(time.Second),
		"503":     facetest.StatusError(http.StatusServiceUnavailable, facetest.ShapeCode, "503", "no"),
		"timeout": facetest.Hang(),
	} {
		service := expiring(10, 0)
		service.Fail(fault)
		config += resource(t, "failing-"+code, service)
	}
	well := expiring(1000, 10)
	for i := range fleet - 6 {
		config += resource(t, fmt.Sprint("well-", i), well, fmt.Sprintf("outcomes: {samples: %d}", i%2*5))
	}
	return startWith(t, config)
}

// The dashboards tell the same with one resource and with thirty: what is wrong is red in the first row, the table begins
// with what fails, and no chart shows more than can be read.
func TestDashboardsShowOneResourceAndThirty(t *testing.T) {
	t.Parallel()
	exporter := startFleet(t)
	for name, path := range map[string]string{"Debian": debian(t), "current": current(t, "PROMETHEUS")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			underFleet(t, startPrometheus(t, path, layOut(t, exporter.Host(), freeAddress(t), "2s", "", warped)))
		})
	}
}

// ofOutcomes matches the metrics of what look-ups say about any session.
var ofOutcomes = regexp.MustCompile(`session_(outcome|failure|model_sample|check_duration)`)

func underFleet(t *testing.T, prometheus database) {
	t.Helper()
	if !launch.Within(t, 4*launch.Patience, func() bool {
		return prometheus.holds(`count(count by (resource) (ALERTS{resource=~"failing-.*", alertstate="firing"})) == 4`)
	}) {
		t.Fatalf("no alert about each list that fails: %v", prometheus.now(`{__name__=~"ALERTS|up"}`))
	}
	launch.Eventually(t, "each failure is told", func() bool { return prometheus.holds(`count(face_liveness_refresh_error) == 4`) })
	launch.Eventually(t, "sessions expire everywhere", func() bool {
		return prometheus.holds(fmt.Sprintf(`count(increase(face_liveness_session_expirations_total{resource=~"well.*|incident"}[20m]) > 20) == %d`, fleet-5))
	})

	t.Run("the first row", func(t *testing.T) {
		const absent = "absent"
		for resources, want := range map[string]map[string]string{
			"well-0":   {"Firing alerts": "green 0", "Lists failing": "green 0", "Never started": "green", "Listed": "blue 1000"},
			"incident": {"Never started": "red"},
			"tiny":     {"Never started": absent, "Listed": "blue 10"},
			// One list that has no snapshot is older than all others.
			"failing-401|well-0": {"Firing alerts": "red", "Lists failing": "red 1", "Oldest snapshot": "red 1000000000"},
			".*":                 {"Firing alerts": "red", "Lists failing": "red 4", "Oldest snapshot": "red 1000000000", "Never started": "red", "Listed": "blue 25010"},
		} {
			queries := dashboards(t, resources)
			for title, want := range want {
				i := slices.IndexFunc(queries, func(q dashboardQuery) bool { return q.panel.Type == "stat" && q.panel.Title == title })
				if i < 0 {
					t.Fatalf("there is no number %q", title)
				}
				var got string
				if !launch.Within(t, launch.Patience, func() bool {
					got = absent
					for _, s := range prometheus.now(queries[i].Expr) {
						value := float64(s.Value.Value)
						got = fmt.Sprintf("%s %.0f", queries[i].panel.color(value), value)
					}
					return got == want || strings.HasPrefix(got, want+" ")
				}) {
					t.Errorf("%s, %q: %s, want %s", resources, title, got, want)
				}
			}
		}
	})

	t.Run("the table", func(t *testing.T) {
		queries := dashboards(t, ".*")
		i := slices.IndexFunc(queries, func(q dashboardQuery) bool {
			return q.board == "face-liveness-sessions.json" && q.panel.Title == "Resources" && strings.Contains(q.Expr, "error_code")
		})
		if i < 0 {
			t.Fatal("there is no table with errors")
		}
		if by := queries[i].panel.Options.SortBy; len(by) == 0 || by[0].DisplayName != "State" || by[0].Desc {
			t.Errorf("the table is sorted by %v, want failing lists, whose state is 0, on top", by)
		}
		launch.Eventually(t, "each list with its error", func() bool {
			right := 0
			for _, row := range prometheus.now(queries[i].Expr) {
				want, failing := strings.CutPrefix(row.Metric["resource"], "failing-")
				if !failing {
					want = "-"
				}
				if row.Metric["error_code"] == want {
					right++
				}
			}
			return right == fleet
		})
	})

	t.Run("with outcomes and without", func(t *testing.T) {
		for resources, looked := range map[string]bool{"well-0": false, "well-1": true} {
			for _, q := range dashboards(t, resources) {
				// No session is created here, so the demo's test asks for the conversion.
				if q.panel.Type == "" || !ofOutcomes.MatchString(q.Expr) || strings.HasPrefix(q.panel.Title, "Conversion") {
					continue
				}
				if !launch.Within(t, launch.Patience, func() bool {
					answer, _ := prometheus.run(q)
					return answer.hasData() == looked
				}) {
					t.Errorf("%s with %s: has data is %v\n%s", q.where, resources, !looked, q.Expr)
				}
			}
		}
	})

	t.Run("what a panel draws", func(t *testing.T) {
		for resources, lists := range map[string]int{"well-0": 1, ".*": fleet} {
			drawn := map[string]int{}
			queries := dashboards(t, resources)
			for _, q := range queries {
				answer, problem := prometheus.run(q)
				if problem != "" {
					t.Errorf("%s: %s\n%s", q.where, problem, q.Expr)
				}
				panel := q.board + ", " + q.panel.Title
				most := 3 * lists // a line, what it is compared with, and a band
				switch q.panel.Type {
				case "", "variable":
					continue
				case "stat":
					most = 1
				case "table":
					panel, most = q.where, max(20, lists) // the queries of a table share its rows
				case "heatmap", "bargauge":
					most = 16 // classes
				case "timeseries":
					if q.panel.Options.Legend.ShowLegend {
						most = 16 // what a legend has room for
					}
				}
				if drawn[panel] += len(answer); drawn[panel] > most {
					t.Errorf("%s with %s: %d series, want at most %d", q.where, resources, drawn[panel], most)
				}
			}
		}
	})
}
