package exporter

import (
	"context"
	"net"
	"net/http"
	"net/http/pprof"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/semaphore"

	"face_liveness_exporter/internal/web/statuspage"
)

const (
	// readyAfter is when the exporter is ready even though a first refresh goes on.
	readyAfter = 60 * time.Second
	// profileTimeout is how long a profile may take, which is longer than other answers.
	profileTimeout = 10 * time.Minute
	// reloadTimeout is how long a request waits for its reload, less than what the answer may take.
	reloadTimeout = 25 * time.Second
)

// view is what the handler sees of the exporter.
type view interface {
	prometheus.Gatherer // of all resources and the exporter itself
	// current gives the fleet in force.
	current() *fleet
	// ready reports whether the exporter has ever been ready.
	ready() bool
	// requestReload reads the configuration again.
	requestReload(context.Context) error
	// refusedAt tells when the last reload was refused, zero after one that succeeded.
	refusedAt() time.Time
}

// handler answers everything that the exporter serves.
type handler struct {
	exporter view
	own      *prometheus.Registry // of the exporter itself
	flags    *flags
	started  time.Time
	answers  *answers
	permits  *semaphore.Weighted // for expositions; nil is no bound
	options  promhttp.HandlerOpts
	// lastScrape is when the metrics of any resource were last asked for, by the metrics path or /probe; for the status page.
	lastScrape moment
}

func newHandler(e view, own *prometheus.Registry, f *flags, log promhttp.Logger) http.Handler {
	h := &handler{
		exporter: e, own: own, flags: f, started: time.Now(), answers: newAnswers(),
		options: promhttp.HandlerOpts{ErrorLog: log, ErrorHandling: promhttp.ContinueOnError, EnableOpenMetrics: true, DisableCompression: true},
	}
	if f.maxRequests > 0 {
		h.permits = semaphore.NewWeighted(int64(f.maxRequests))
	}
	var all http.Handler
	if f.disableExporterMetrics {
		all = h.exposition(e)
	} else {
		h.options.Registry = own
		all = promhttp.InstrumentMetricHandler(own, h.exposition(e))
	}

	mux := http.NewServeMux()
	metrics := f.telemetryPath
	if metrics == "/" {
		metrics = "/{$}" // only this path, and not every path that has no handler
	} else {
		mux.Handle("GET /{$}", h.page(h.status(statuspage.New())))
	}
	mux.HandleFunc("GET "+metrics, func(w http.ResponseWriter, r *http.Request) {
		h.scrape(w, r, h.exporter.current().targets, all)
	})
	mux.HandleFunc("GET /probe", h.probe)
	mux.HandleFunc("GET /-/metrics", h.ownMetrics)
	mux.Handle("GET /sd", h.page(http.HandlerFunc(h.discover)))
	addHealth(mux, e)
	protected := h.sameOrigin(http.HandlerFunc(h.reloadNow))
	mux.Handle("POST /-/reload", protected)
	mux.Handle("PUT /-/reload", protected)
	if f.enablePprof {
		for path, profile := range map[string]http.HandlerFunc{
			"": pprof.Index, "cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace,
		} {
			mux.HandleFunc("GET /debug/pprof/"+path, func(w http.ResponseWriter, r *http.Request) {
				setWriteDeadline(w, profileTimeout)
				profile(w, r)
			})
		}
	}
	return prefixed(f.routePrefix, mux)
}

// newHealthHandler answers only whether the exporter is healthy and ready, for probes that cannot present a certificate.
func newHealthHandler(e *exporter) http.Handler {
	mux := http.NewServeMux()
	addHealth(mux, e)
	return prefixed(e.flags.routePrefix, mux)
}

func addHealth(mux *http.ServeMux, e view) {
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { writeLine(w, http.StatusOK, "healthy") })
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) {
		if e.ready() {
			writeLine(w, http.StatusOK, "ready")
			return
		}
		writeLine(w, http.StatusServiceUnavailable, "not ready: the first refresh goes on")
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

// page gives an answer that is no exposition.
func (h *handler) page(answer http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
		defer cancel()
		h.answers.give(ctx, w, r, nil, "", answer)
	})
}

// sameOrigin refuses what a page of another site makes a browser send. A browser takes a name that somebody has pointed at
// this machine for the origin of its page, so that only a page at an address, on this machine, or at the external URL is ours.
func (h *handler) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	own := "" // origin of the external URL
	if external := h.flags.externalURL; external != nil {
		own = external.Scheme + "://" + external.Host
		_ = protection.AddTrustedOrigin(own) // parseFlags has checked it
	}
	protected := protection.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" && origin != own && !isAddress(origin) {
			writeLine(w, http.StatusForbidden, "this page is not one of the exporter; see --web.external-url")
			return
		}
		protected.ServeHTTP(w, r)
	})
}

// isAddress reports whether an origin is one that no name server can lead elsewhere.
func isAddress(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()) != nil)
}

// reloadNow reads the configuration again.
func (h *handler) reloadNow(w http.ResponseWriter, r *http.Request) {
	if !h.flags.enableLifecycle {
		writeLine(w, http.StatusForbidden, "reloading over HTTP is not enabled; see --web.enable-lifecycle")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), reloadTimeout)
	defer cancel()
	if err := h.exporter.requestReload(ctx); err != nil {
		writeLine(w, http.StatusInternalServerError, "not reloaded: "+err.Error())
		return
	}
	writeLine(w, http.StatusOK, "reloaded")
}
