package web

import (
	"log/slog"
	"net/http"
	"net/http/pprof"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"face_liveness_exporter/internal/exporter"
)

// handler answers everything that the exporter serves.
type handler struct {
	exporter *exporter.Exporter
	options  Options
	started  time.Time
	metrics  promhttp.HandlerOpts
	places   chan struct{} // of the expositions under way; nil is no bound
	// lastScrape is when the metrics of any resource were last asked for, by the metrics path or /probe; for the status page.
	lastScrape atomic.Pointer[time.Time]
}

func newHandler(e *exporter.Exporter, options Options, logger *slog.Logger) http.Handler {
	h := &handler{
		exporter: e, options: options, started: time.Now(),
		metrics: promhttp.HandlerOpts{
			ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError, EnableOpenMetrics: true,
		},
	}
	if options.MaxRequests > 0 {
		h.places = make(chan struct{}, options.MaxRequests)
	}
	if !options.DisableExporterMetrics {
		h.metrics.Registry = e.Own()
	}
	all := h.exposition(e)
	if !options.DisableExporterMetrics {
		all = promhttp.InstrumentMetricHandler(e.Own(), all)
	}

	mux := http.NewServeMux()
	path := options.TelemetryPath
	if path == "/" {
		path = "/{$}" // only this path, and not every path that has no handler
	} else {
		mux.Handle("GET /{$}", h.status())
	}
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { h.scrape(w, r, h.exporter.Targets(), all) })
	mux.HandleFunc("GET /probe", h.probe)
	mux.Handle("GET /-/metrics", h.exposition(e.Own()))
	mux.HandleFunc("GET /sd", h.discover)
	addHealth(mux, e)
	protection := http.NewCrossOriginProtection() // from what a page of another site makes a browser send
	if external := options.ExternalURL; external != nil {
		_ = protection.AddTrustedOrigin(external.Scheme + "://" + external.Host) // the flag has been checked
	}
	reload := protection.Handler(http.HandlerFunc(h.reload))
	mux.Handle("POST /-/reload", reload)
	mux.Handle("PUT /-/reload", reload)
	if options.EnablePprof {
		for path, profile := range map[string]http.HandlerFunc{
			"": pprof.Index, "cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace,
		} {
			mux.HandleFunc("GET /debug/pprof/"+path, profile)
		}
	}
	return prefixed(options.RoutePrefix, mux)
}

// exposition answers with what is gathered, at most MaxRequests times at once. The bound is not promhttp's, because /probe
// has a handler for each resource.
func (h *handler) exposition(gatherer prometheus.Gatherer) http.Handler {
	answer := promhttp.HandlerFor(gatherer, h.metrics)
	if h.places == nil {
		return answer
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case h.places <- struct{}{}:
			defer func() { <-h.places }()
			answer.ServeHTTP(w, r)
		default:
			http.Error(w, "too many scrapes at once; see --web.max-requests", http.StatusServiceUnavailable)
		}
	})
}

// prefixed serves next below the prefix of --web.route-prefix, and leads from / there.
func prefixed(prefix string, next http.Handler) http.Handler {
	if prefix == "" {
		return next
	}
	mux := http.NewServeMux()
	mux.Handle(prefix+"/", http.StripPrefix(prefix, next))
	mux.Handle("GET /{$}", http.RedirectHandler(prefix+"/", http.StatusFound))
	return mux
}

func writeLine(w http.ResponseWriter, status int, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(line + "\n")) // a client that has left needs no answer
}
