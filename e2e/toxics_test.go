package e2e_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"face_liveness_exporter/faceclient/facesim"
)

// wire is a TCP proxy before the service whose address stays the same while what is wrong with it changes.
type wire struct {
	server   *toxiproxy.ApiServer
	upstream string
	proxy    *toxiproxy.Proxy
}

func newWire(t *testing.T, upstream string) *wire {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	w := &wire{server: server, upstream: upstream}
	w.proxy = toxiproxy.NewProxy(server, "wire", "127.0.0.1:0", upstream)
	if err := w.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.proxy.Stop() })
	return w
}

// poison adds a toxic, to the connections that are open as well.
func (w *wire) poison(t *testing.T, toxic string) {
	t.Helper()
	if _, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		t.Fatalf("%s: %v", toxic, err)
	}
}

// heal breaks every connection and goes on without toxics. They are not removed one by one, because Toxiproxy waits for
// ever for a toxic that is about to write to a connection whose client has left.
func (w *wire) heal(t *testing.T) {
	t.Helper()
	w.proxy.Stop()
	address := w.proxy.Listen
	eventually(t, "the proxy listens again", func() bool { // another program may have the port for a moment
		w.proxy = toxiproxy.NewProxy(w.server, "wire", address, w.upstream)
		return w.proxy.Start() == nil
	})
}

// samples are the values of an exposition by series, and which of them may only grow.
type samples struct {
	values  map[string]float64
	growing map[string]bool
}

func scrapeSamples(t *testing.T, exporter *program) samples {
	t.Helper()
	status, body := exporter.get("/metrics")
	if status != http.StatusOK {
		t.Fatalf("GET /metrics: %d %s", status, body)
	}
	s := samples{map[string]float64{}, map[string]bool{}}
	// The population's histograms describe what is listed now; those of the API count what has been.
	cumulative := ""
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if words := strings.Fields(line); len(words) == 4 && words[1] == "TYPE" {
			cumulative = ""
			if strings.HasPrefix(words[2], "face_liveness_") && (words[3] == "counter" || strings.Contains(words[2], "_api_")) && words[3] != "gauge" {
				cumulative = words[2]
			}
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		if line == "" || line[0] == '#' || at < 0 {
			continue
		}
		value, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		s.values[line[:at]] = value
		s.growing[line[:at]] = cumulative != "" && strings.HasPrefix(line, cumulative)
	}
	return s
}

// of returns a value of the one list that is walked.
func (s samples) of(name string) float64 {
	return s.values["face_liveness_"+name+`{operation="detectLiveness",resource="contoso"}`]
}

// by returns the values of a family by one more label.
func (s samples) by(name, label string) map[string]float64 {
	values := map[string]float64{}
	for series, value := range s.values {
		if _, rest, found := strings.Cut(series, label+`="`); found && strings.HasPrefix(series, "face_liveness_"+name+"{") {
			values[rest[:strings.IndexByte(rest, '"')]] = value
		}
	}
	return values
}

// grown are the labels whose value is larger than before.
func grown(before, after map[string]float64) []string {
	var labels []string
	for label, value := range after {
		if value > before[label] {
			labels = append(labels, label)
		}
	}
	slices.Sort(labels)
	return labels
}

// What goes wrong on the wire, below HTTP, is told by its code, takes nothing from what was counted, and is made up for
// once it is over.
func TestWireThatMisbehaves(t *testing.T) {
	t.Parallel()
	// The service's clock can be moved on, so that what has happened lies before the next walk's window ends.
	var ahead atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	service := facesim.New(facesim.Options{Now: clock})
	t.Cleanup(service.Close)
	service.Populate(facesim.DetectLiveness, 1234, 1)
	settle := func() { ahead.Add(int64(20 * time.Second)) }

	wire := newWire(t, strings.TrimPrefix(serve(t, service), "http://"))
	config := filepath.Join(t.TempDir(), "config.yaml")
	write(t, config, fmt.Sprintf(`
refresh: {interval: 50ms}
api: {page_size: 200, max_requests_per_second: 1000, request_timeout: 1s, max_retries: 1, max_retry_wait: 10ms}
resources:
  - {name: contoso, endpoint: 'http://%s', key: %s}
`, wire.proxy.Listen, service.Key()))
	settle()
	exporter := startExporter(t, "--config.file="+config, "--web.disable-exporter-metrics")

	var last samples
	scrape := func(t *testing.T) samples {
		t.Helper()
		now := scrapeSamples(t, exporter)
		for series, was := range last.values {
			if value, present := now.values[series]; last.growing[series] && (!present || value < was) {
				t.Errorf("%s fell from %v to %v", series, was, value)
			}
		}
		last = now
		return now
	}
	created := 0
	exact := func(t *testing.T) func() bool {
		return func() bool {
			t.Helper()
			now := scrape(t)
			started := 0
			for _, session := range service.Sessions(facesim.DetectLiveness) {
				if !session.Started.IsZero() {
					started++
				}
			}
			listed := float64(service.Len(facesim.DetectLiveness))
			return now.of("up") == 1 && now.of("sessions") == listed && now.of("sessions_started") == float64(started) &&
				now.of("session_ttl_seconds_count") == listed && now.of("session_creations_total") == float64(created) &&
				now.of("snapshot_coverage_ratio") == 1
		}
	}
	eventually(t, "the first walk", exact(t))

	tests := []struct {
		name, toxic string
		code        string   // of the errors; none where the walk is only slower
		answers     []string // which codes of answers may go with them
	}{
		{"latency", `{"type":"latency","attributes":{"latency":60,"jitter":40}}`, "", nil},
		{"latency both ways", `{"type":"latency","stream":"upstream","attributes":{"latency":80}}`, "", nil},
		{"latency beyond the time-out", `{"type":"latency","attributes":{"latency":20000}}`, "timeout", []string{"error"}},
		{"bandwidth", `{"type":"bandwidth","attributes":{"rate":600}}`, "", nil},
		{"bandwidth for no page in time", `{"type":"bandwidth","attributes":{"rate":2}}`, "timeout", []string{"200", "error"}},
		{"slicer", `{"type":"slicer","attributes":{"average_size":80,"size_variation":40,"delay":10}}`, "", nil},
		{"slicer of requests", `{"type":"slicer","stream":"upstream","attributes":{"average_size":4,"size_variation":2,"delay":10}}`, "", nil},
		{"reset_peer", `{"type":"reset_peer","attributes":{"timeout":0}}`, "connection", []string{"error"}},
		{"reset_peer later", `{"type":"reset_peer","stream":"upstream","attributes":{"timeout":100}}`, "connection", []string{"error"}},
		{"limit_data in the body", `{"type":"limit_data","attributes":{"bytes":9000}}`, "connection", []string{"200", "error"}},
		{"limit_data in the headers", `{"type":"limit_data","attributes":{"bytes":40}}`, "connection", []string{"error"}},
		{"limit_data of requests", `{"type":"limit_data","stream":"upstream","attributes":{"bytes":100}}`, "connection", []string{"400", "error"}},
		{"timeout", `{"type":"timeout","attributes":{"timeout":0}}`, "timeout", []string{"error"}},
		{"timeout of requests", `{"type":"timeout","stream":"upstream","attributes":{"timeout":0}}`, "timeout", []string{"error"}},
		{"timeout that closes", `{"type":"timeout","attributes":{"timeout":100}}`, "connection", []string{"error"}},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := scrape(t)
			wire.poison(t, test.toxic)
			now := clock()
			batch := facesim.Generate(i+1, uint64(i)+2, now)
			for j := range batch {
				batch[j].Created, batch[j].Started = now, now.Add(time.Second)
			}
			service.Add(facesim.DetectLiveness, batch...)
			created += len(batch)
			settle()

			if test.code == "" {
				eventually(t, "exact in spite of the toxic", exact(t))
				if failed := grown(before.by("api_errors_total", "error_code"), last.by("api_errors_total", "error_code")); len(failed) != 0 {
					t.Errorf("slow is not broken, and there are errors %q", failed)
				}
			} else {
				eventually(t, "refreshes fail", func() bool { return scrape(t).of("refresh_failures_total") > before.of("refresh_failures_total") })
				for _, name := range []string{"sessions", "sessions_started", "session_creations_total", "flow_window_seconds_total", "snapshot_timestamp_seconds"} {
					if before, during := before.of(name), last.of(name); during != before {
						t.Errorf("%s is %v while refreshes fail, and was %v", name, during, before)
					}
				}
				if last.of("up") != 0 {
					t.Error("up while refreshes fail")
				}
				failed := grown(before.by("api_errors_total", "error_code"), last.by("api_errors_total", "error_code"))
				if !slices.Equal(failed, []string{test.code}) {
					t.Errorf("errors %q, want %q", failed, test.code)
				}
				answers := grown(before.by("api_requests_total", "code"), last.by("api_requests_total", "code"))
				if len(answers) == 0 || slices.ContainsFunc(answers, func(code string) bool { return !slices.Contains(test.answers, code) }) {
					t.Errorf("answers %q, want some of %q", answers, test.answers)
				}
			}
			wire.heal(t)
			eventually(t, "exact again", exact(t))
		})
	}

	attempts := 0.0
	for _, value := range last.by("api_requests_total", "code") {
		attempts += value
	}
	if arrived := service.Counts(facesim.DetectLiveness).Requests; attempts < float64(arrived) {
		t.Errorf("%v attempts were counted and %d arrived", attempts, arrived)
	}
}
