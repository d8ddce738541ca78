package exporter

import (
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/internal/exporter/statuspage"
)

const (
	// defaultScrapeTimeout stands in where a scrape does not say how long it waits.
	defaultScrapeTimeout = 10 * time.Second
	// readyAfter is when the exporter is ready even though a first refresh goes on.
	readyAfter = 60 * time.Second
	// answerTimeout is how long a scraper may take to read its answer.
	answerTimeout = 30 * time.Second
)

// handler answers everything that the exporter serves.
type handler struct {
	*exporter
	places  chan struct{} // holds an element for each exposition under way; nil is no bound
	options promhttp.HandlerOpts
}

func newHandler(e *exporter) http.Handler {
	f := e.flags
	h := &handler{exporter: e, options: promhttp.HandlerOpts{
		ErrorLog:          slog.NewLogLogger(e.logger.Handler(), slog.LevelError),
		ErrorHandling:     promhttp.ContinueOnError,
		EnableOpenMetrics: true,
	}}
	if f.maxRequests > 0 {
		h.places = make(chan struct{}, f.maxRequests)
	}
	all, own := h.exposition(e), h.exposition(e.own)
	if !f.disableExporterMetrics {
		h.options.Registry = e.own
		all = promhttp.InstrumentMetricHandler(e.own, h.exposition(e))
	}

	mux := http.NewServeMux()
	metrics := f.telemetryPath
	if metrics == "/" {
		metrics = "/{$}" // alone, and not all that nothing else answers
	} else {
		mux.HandleFunc("GET /{$}", h.status(statuspage.New()))
	}
	mux.HandleFunc("GET "+metrics, func(w http.ResponseWriter, r *http.Request) {
		h.scrape(w, r, h.fleet.Load().targets, all)
	})
	mux.HandleFunc("GET /probe", h.probe)
	mux.HandleFunc("GET /-/metrics", func(w http.ResponseWriter, r *http.Request) { h.limited(w, r, own) })
	mux.HandleFunc("GET /sd", h.discover)
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { writeLine(w, http.StatusOK, "healthy") })
	mux.HandleFunc("GET /-/ready", h.answerReady)
	mux.HandleFunc("POST /-/reload", h.reloadNow)
	mux.HandleFunc("PUT /-/reload", h.reloadNow)
	if f.enablePprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// exposition answers with what is gathered.
func (h *handler) exposition(gatherer prometheus.Gatherer) http.Handler {
	plain := promhttp.HandlerFor(gatherer, h.options)
	protobuf := promhttp.HandlerFor(collector.GaugeHistograms(gatherer), h.options)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if expfmt.Negotiate(r.Header).FormatType() == expfmt.TypeProtoDelim {
			protobuf.ServeHTTP(w, r)
		} else {
			plain.ServeHTTP(w, r)
		}
	})
}

// limited answers where a place is free, and 503 where none is. An answer that is not read in time gives its place up.
func (h *handler) limited(w http.ResponseWriter, r *http.Request, answer http.Handler) {
	if h.places != nil {
		select {
		case h.places <- struct{}{}:
			defer func() { <-h.places }()
		default:
			writeLine(w, http.StatusServiceUnavailable, "too many scrapes at once; see --web.max-requests")
			return
		}
	}
	// What cannot take a deadline, such as a test's recorder, needs none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTimeout))
	answer.ServeHTTP(deaf{w}, r)
}

// deaf does not tell of a reader that has left, who needs no answer: promhttp would log it once for each metric.
type deaf struct{ http.ResponseWriter }

func (d deaf) Write(b []byte) (int, error) {
	_, _ = d.ResponseWriter.Write(b)
	return len(b), nil
}

// reloadNow reads the configuration again.
func (h *handler) reloadNow(w http.ResponseWriter, r *http.Request) {
	if !h.flags.enableLifecycle {
		writeLine(w, http.StatusForbidden, "reloading over HTTP is not enabled; see --web.enable-lifecycle")
		return
	}
	if err := h.requestReload(r.Context()); err != nil {
		writeLine(w, http.StatusInternalServerError, "not reloaded: "+err.Error())
		return
	}
	writeLine(w, http.StatusOK, "reloaded")
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

// answerReady answers 200 once every first refresh has ended or a minute is over, and from then on.
func (h *handler) answerReady(w http.ResponseWriter, _ *http.Request) {
	if h.ready() {
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
