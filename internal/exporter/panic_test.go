package exporter_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"face_liveness_exporter/internal/exporter"
)

// faulty is a collector that panics.
type faulty struct{}

func (f faulty) Describe(out chan<- *prometheus.Desc) {
	out <- prometheus.NewDesc("faulty", "Panics.", nil, nil)
}

func (f faulty) Collect(chan<- prometheus.Metric) { panic("canary-secret") }

func TestPanicOfACollectorIsAnError(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	good := prometheus.NewGauge(prometheus.GaugeOpts{Name: "good", Help: "Is there."})
	for _, c := range []prometheus.Collector{exporter.Guarded(faulty{}), good} {
		if err := registry.Register(c); err != nil {
			t.Fatal(err)
		}
	}
	families, err := registry.Gather()
	if err == nil || !strings.Contains(err.Error(), "panic") || strings.Contains(err.Error(), "canary") {
		t.Errorf("the error is %v", err)
	}
	if len(families) != 1 || families[0].GetName() != "good" {
		t.Errorf("there are %v, want the good one", families)
	}
}

func TestPanicOfAHandlerIsAnAnswer(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	panics := prometheus.NewCounter(prometheus.CounterOpts{Name: "panics", Help: "Counts."})
	handler := exporter.Recovered(panics, slog.New(slog.NewTextHandler(&log, nil)), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("canary-secret")
	}))
	for range 3 {
		got := httptest.NewRecorder()
		handler.ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
		if got.Code != http.StatusInternalServerError || strings.Contains(got.Body.String(), "canary") {
			t.Errorf("%d %q", got.Code, got.Body)
		}
	}
	if counted := testutil.ToFloat64(panics); counted != 3 {
		t.Errorf("%v panics are counted, want 3", counted)
	}
	if text := log.String(); strings.Count(text, "level=WARN") != 1 || !strings.Contains(text, "panic_test.go") || strings.Contains(text, "canary") {
		t.Errorf("want one warning with the stack and without the value:\n%s", text)
	}
}

func TestTimeForRefreshes(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"10": 9500 * time.Millisecond, "60": 57 * time.Second, "2.5": 2 * time.Second, "1": 800 * time.Millisecond, "3600": 3420 * time.Second,
		"": 9500 * time.Millisecond, "-1": 9500 * time.Millisecond, "soon": 9500 * time.Millisecond, "NaN": 9500 * time.Millisecond,
		"1e9": 9500 * time.Millisecond, "0": 9500 * time.Millisecond,
	} {
		if got := exporter.TimeForRefreshes(header); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}
