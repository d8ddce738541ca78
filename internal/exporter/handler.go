package exporter

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"face_liveness_exporter/collector"
)

const (
	// defaultScrapeTimeout stands in where a scrape does not say how long it waits.
	defaultScrapeTimeout = 10 * time.Second
	// readyAfter is when the exporter is ready even though a first refresh goes on.
	readyAfter = 60 * time.Second
)

// handler answers everything that the exporter serves.
type handler struct {
	flags   *flags
	fleet   *fleet
	started time.Time
	isReady atomic.Bool
}

func newHandler(f *flags, fleet *fleet, logger *slog.Logger) (http.Handler, error) {
	h := &handler{flags: f, fleet: fleet, started: time.Now()}
	own, err := newOwnRegistry(f.disableExporterMetrics)
	if err != nil {
		return nil, err
	}
	options := promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(logger.Handler(), slog.LevelError),
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: f.maxRequests,
		EnableOpenMetrics:   true,
	}
	if !f.disableExporterMetrics {
		options.Registry = own
	}
	exposition := promhttp.HandlerFor(append(prometheus.Gatherers{own}, fleet.gatherers()...), options)
	if !f.disableExporterMetrics {
		exposition = promhttp.InstrumentMetricHandler(own, exposition)
	}

	mux := http.NewServeMux()
	metrics := f.telemetryPath
	if metrics == "/" {
		metrics = "/{$}" // alone, and not all that nothing else answers
	}
	mux.Handle("GET "+metrics, h.prepared(exposition))
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { writeLine(w, http.StatusOK, "healthy") })
	mux.HandleFunc("GET /-/ready", h.ready)
	if f.telemetryPath != "/" {
		mux.HandleFunc("GET /{$}", h.status)
	}
	if f.enablePprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux, nil
}

// newOwnRegistry holds the metrics about the exporter itself.
func newOwnRegistry(withoutRuntime bool) (*prometheus.Registry, error) {
	own := prometheus.NewRegistry()
	loaded := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "face_liveness_exporter_config_last_reload_successful",
		Help: "Whether the last attempt to load the configuration succeeded.",
	})
	loadedAt := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "face_liveness_exporter_config_last_reload_success_timestamp_seconds",
		Help: "When the configuration was last loaded, in Unix time.",
	})
	loaded.Set(1)
	loadedAt.SetToCurrentTime()
	parts := []prometheus.Collector{versioncollector.NewCollector(programName), loaded, loadedAt}
	if !withoutRuntime {
		parts = append(parts, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	for _, part := range parts {
		if err := own.Register(part); err != nil {
			return nil, err
		}
	}
	return own, nil
}

// prepared brings all targets up to date before a scrape is answered, as far as the scrape's time allows. It comes before
// the bound on requests, so that who waits for a refresh holds no place.
func (h *handler) prepared(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), scrapeTime(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds")))
		defer cancel()
		collector.Prepare(ctx, h.fleet.targets...)
		next.ServeHTTP(w, r)
	})
}

// scrapeTime is how long a scrape may take whose header says so many seconds: half a second less, or a fifth less where
// that is little.
func scrapeTime(header string) time.Duration {
	timeout := defaultScrapeTimeout
	if seconds, err := strconv.ParseFloat(header, 64); err == nil && seconds > 0 && seconds <= time.Hour.Seconds() {
		timeout = time.Duration(seconds * float64(time.Second))
	}
	if timeout < 2500*time.Millisecond {
		return timeout * 8 / 10
	}
	return timeout - 500*time.Millisecond
}

// ready answers 200 once every first refresh has ended or a minute is over, and from then on.
func (h *handler) ready(w http.ResponseWriter, _ *http.Request) {
	if !h.isReady.Load() && (h.fleet.ready() || time.Since(h.started) >= readyAfter) {
		h.isReady.Store(true)
	}
	if h.isReady.Load() {
		writeLine(w, http.StatusOK, "ready")
		return
	}
	writeLine(w, http.StatusServiceUnavailable, "not ready: the first refresh goes on")
}

func writeLine(w http.ResponseWriter, status int, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(line + "\n")) // who has left needs no answer
}
