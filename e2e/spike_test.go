package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facetest"
)

// warp is how much faster time goes for the simulated service than for us: a second is its minute. The exporter reads
// flows off the service's own times, so for it a minute of traffic happens each second.
//
// The rules are warped with it: each duration in them is divided by 60 and nothing else is changed. So the alerts' own
// windows, offsets and `for` decide, three hours of them in three minutes, and no history need be made up.
const warp = 60

// warpedClock begins at a noon that is still to come, in the middle of a week. To the exporter's reader the list is never
// old, and traffic is even for hours.
func warpedClock() func() time.Time {
	began := time.Now()
	noon := began.UTC().Truncate(24 * time.Hour).Add(12 * time.Hour)
	for noon.Before(began) || noon.Weekday() != time.Wednesday {
		noon = noon.Add(24 * time.Hour)
	}
	return func() time.Time { return noon.Add(warp * time.Since(began)) }
}

var ruleDurations = regexp.MustCompile(`(\[|\boffset |^ +(?:keep_firing_)?for: |^ +interval: )((?:\d+[smhdw])+)`)

// warped divides the durations in rules by warp.
func warped(t *testing.T) func(rules string) string {
	t.Helper()
	return func(rules string) string {
		lines := strings.Split(rules, "\n")
		changed := 0
		for i, line := range lines {
			if strings.HasPrefix(strings.TrimSpace(line), "#") {
				continue
			}
			lines[i] = ruleDurations.ReplaceAllStringFunc(line, func(match string) string {
				parts := ruleDurations.FindStringSubmatch(match)
				seconds := 0
				for _, part := range regexp.MustCompile(`\d+[smhdw]`).FindAllString(parts[2], -1) {
					var n int
					var unit rune
					if _, err := fmt.Sscanf(part, "%d%c", &n, &unit); err != nil {
						t.Fatal(err)
					}
					seconds += n * map[rune]int{'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 604800}[unit]
				}
				if seconds%warp != 0 {
					t.Fatalf("%s is no whole number of seconds when divided by %d", match, warp)
				}
				changed++
				return fmt.Sprintf("%s%ds", parts[1], seconds/warp)
			})
		}
		if changed == 0 {
			t.Fatal("no duration in the rules")
		}
		return strings.Join(lines, "\n")
	}
}

// webhook receives what Alertmanager sends.
type webhook struct {
	mu     sync.Mutex
	alerts []alert
}

type alert struct {
	Status              string
	Labels, Annotations map[string]string
	StartsAt            time.Time
}

func (a alert) String() string {
	return fmt.Sprintf("%s %s %s %s", a.Status, a.Labels["alertname"], a.Labels["resource"], a.Labels["operation"])
}

func (h *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var message struct{ Alerts []alert }
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.alerts = append(h.alerts, message.Alerts...)
}

func (h *webhook) received() []alert {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.alerts)
}

func (h *webhook) heard(what string) bool {
	return slices.ContainsFunc(h.received(), func(a alert) bool { return a.String() == what })
}

// What goes wrong at a customer arrives where alerts are received, and nothing else does.
func TestSpikesReachTheReceiver(t *testing.T) {
	t.Parallel()
	clock := warpedClock()
	service := facetest.New(facetest.Options{Now: clock})
	t.Cleanup(service.Close)
	customer := facetest.NewTraffic(service, facetest.TrafficOptions{
		Seed: 1, PerDay: 40_000,
		// Of the bands of TTLs in the rules one is in use, so that what is due is known after 15 minutes.
		Products:     []facetest.Product{{TTL: 5 * time.Minute, Weight: 1}, {TTL: 10 * time.Minute, Weight: 1}},
		DeletedShare: 1, SpikesPerDay: -1,
	})
	// A walk in each scrape, and two scrapes a second: between two walks the service's clock must not run a minute ahead
	// of ours, or the exporter would not believe it.
	config := filepath.Join(t.TempDir(), "config.yaml")
	write(t, config, fmt.Sprintf(`
refresh: {interval: 300ms}
api: {max_requests_per_second: 1000}
resources:
  - {name: contoso, endpoint: %s, key: %s, operations: [%s, %s]}
`, serve(t, service), service.Key(), facetest.DetectLiveness, facetest.DetectLivenessWithVerify))
	exporter := startExporter(t, "--config.file="+config)

	receiver := new(webhook)
	manager := startAlertmanager(t, serve(t, receiver))
	prometheus := startPrometheus(t, debian(t), layOut(t, exporter.Host(), strings.TrimPrefix(manager.Base, "http://"), "500ms", "", warped(t)))
	const (
		expirySpike = " FaceLivenessExpirySpike contoso detectLiveness"
		abandonment = " FaceLivenessAbandonmentSpike contoso detectLiveness"
		never       = " FaceLivenessManyNeverStarted contoso detectLiveness" // fires as well if the spike goes on long enough
	)
	has := func(expression string) func() bool {
		return func() bool { return prometheus.now(expression).hasData() }
	}

	eventually(t, "what is due is known", has(
		`resource_operation:face_liveness_session_expirations:rate_due
			> 0 and resource_operation:face_liveness_session_expirations:rate > 0`))
	// A Prometheus that has just begun looks for its targets for 5 s, five minutes to the rules.
	eventually(t, "nothing is wrong", func() bool { return !has(`ALERTS{alertstate="firing"}`)() })
	quiet := time.Now()
	// A quarter of an hour of sessions whose expiry nobody could foresee: created before, and listed only now.
	now := clock()
	batch := facetest.Generate(2500, 2, now)
	for i := range batch {
		batch[i].TTL = 10 * time.Minute
		batch[i].Created = now.Add(-time.Minute - time.Duration(i)*200*time.Millisecond)
		batch[i].Started = batch[i].Created.Add(20 * time.Second)
		batch[i].DeviceID = "" // devices that make very many sessions have an alert of their own
	}
	service.Add(facetest.DetectLiveness, batch...)
	eventually(t, "FaceLivenessExpirySpike reaches the receiver", func() bool { return receiver.heard("firing" + expirySpike) })
	eventually(t, "FaceLivenessExpirySpike is resolved", func() bool { return receiver.heard("resolved" + expirySpike) })

	if !within(t, 3*patience, has(`count(resource_operation:face_liveness_session_abandonments_per_expiration:ratio_usual) == 2`)) {
		t.Fatal("what is usual does not become known")
	}
	// The batch, which was started as a whole, is still in what is usual, so the share of ordinary traffic may seem high.
	if !within(t, 3*patience, func() bool { return !has(`ALERTS{alertstate="firing"}`)() }) {
		t.Errorf("before the spike there are alerts: %v", prometheus.now(`ALERTS{alertstate="firing"}`))
	}
	// The clients break: for 20 minutes people get sessions and cannot start them.
	customer.Spike(20*time.Minute, 100)
	for _, operation := range []string{"", "WithVerify"} {
		eventually(t, "FaceLivenessAbandonmentSpike reaches the receiver", func() bool { return receiver.heard("firing" + abandonment + operation) })
	}
	queries, _ := dashboards(t, ".*")
	for _, q := range queries {
		if strings.HasPrefix(q.expression, "ALERTS") && !prometheus.now(q.expression).hasData() {
			t.Errorf("%s does not show it", q.where)
		}
	}

	for _, got := range receiver.received() {
		if got.StartsAt.Before(quiet) {
			continue
		}
		t.Logf("%s: %s %s", got, got.Annotations["summary"], got.Annotations["description"])
		switch strings.TrimPrefix(got.String(), got.Status) {
		case expirySpike, abandonment, abandonment + "WithVerify", never, never + "WithVerify":
		default:
			t.Errorf("%s was not to be expected", got)
		}
		for what, text := range got.Annotations {
			if text == "" || strings.Contains(text, "error expanding template") || strings.Contains(text, "<no value>") {
				t.Errorf("%s, %s: %q", got, what, text)
			}
		}
	}
}
