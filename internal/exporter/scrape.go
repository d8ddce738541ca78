package exporter

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"face_liveness_exporter/collector"
)

const (
	// defaultScrapeTimeout stands in where a scraper does not say how long it waits.
	defaultScrapeTimeout = 10 * time.Second
	// snapshotPreferred is how long such a scraper waits for a refresh where there is a snapshot to show.
	snapshotPreferred = 3 * time.Second
	// leastTurnTimeout is how long a scrape whose time is over still waits for its permit.
	leastTurnTimeout = time.Second
	// tooManyScrapes is why a scrape gets 503.
	tooManyScrapes = "too many scrapes at once; see --web.max-requests"
)

// deadline is how long a scraper waits for its answer.
type deadline struct {
	timeout time.Duration
	// stated is whether the scraper said so itself.
	stated bool
}

// deadlineOf reads X-Prometheus-Scrape-Timeout-Seconds.
func deadlineOf(header string) deadline {
	if seconds, err := strconv.ParseFloat(header, 64); err == nil && seconds > 0 && seconds <= time.Hour.Seconds() {
		return deadline{time.Duration(seconds * float64(time.Second)), true}
	}
	return deadline{timeout: defaultScrapeTimeout}
}

// forRefreshes is how much of the time a scrape may wait for refreshes. The rest is for the answer: the larger of 0.5 s
// and 5 %, or 20 % of a timeout below 2.5 s.
func (d deadline) forRefreshes() time.Duration {
	if d.timeout < 2500*time.Millisecond {
		return d.timeout * 8 / 10
	}
	return d.timeout - max(500*time.Millisecond, d.timeout/20)
}

// scrape brings targets up to date, as far as the time of the scrape allows, and then answers. Only the answer takes a
// permit: a scrape that waits for a refresh holds none.
func (h *handler) scrape(w http.ResponseWriter, r *http.Request, targets []*collector.Target, answer http.Handler) {
	d := deadlineOf(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"))
	setWriteDeadline(w, d.timeout+answerTimeout)
	began := time.Now()
	h.lastScrape.set(began)
	ctx, cancel := context.WithTimeout(r.Context(), d.forRefreshes())
	defer cancel()
	if !d.stated {
		targets = ensureQuickly(ctx, targets)
	}
	collector.EnsureFresh(ctx, targets...)
	wait := turnTimeout
	if d.stated {
		wait = max(d.timeout-time.Since(began), leastTurnTimeout)
	}
	ctx, release := context.WithTimeout(r.Context(), wait)
	defer release()
	h.expose(ctx, w, r, answer)
}

// ensureQuickly returns the targets that have no snapshot to show after snapshotPreferred.
func ensureQuickly(ctx context.Context, targets []*collector.Target) (without []*collector.Target) {
	ctx, cancel := context.WithTimeout(ctx, snapshotPreferred)
	defer cancel()
	collector.EnsureFresh(ctx, targets...)
	for _, target := range targets {
		if !target.State().Shown {
			without = append(without, target)
		}
	}
	return without
}

// expose answers with an exposition.
func (h *handler) expose(ctx context.Context, w http.ResponseWriter, r *http.Request, answer http.Handler) {
	h.answers.give(ctx, w, r, h.permits, tooManyScrapes, answer)
}

// ownMetrics answers with the metrics of the exporter itself. It starts no refresh.
func (h *handler) ownMetrics(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
	defer cancel()
	h.expose(ctx, w, r, h.exposition(h.own))
}

// probe answers with the metrics of one resource.
func (h *handler) probe(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	name := query.Get("resource")
	if err != nil || name == "" || len(query["resource"]) > 1 {
		writeLine(w, http.StatusBadRequest, "name one resource: /probe?resource=NAME; /sd lists them")
		return
	}
	resource, known := h.exporter.current().named(name)
	if !known {
		writeLine(w, http.StatusNotFound, "no resource of this name is configured; /sd lists them")
		return
	}
	h.scrape(w, r, resource.targets(), h.exposition(resource))
}

// exposition answers with what is gathered.
func (h *handler) exposition(gatherer prometheus.Gatherer) http.Handler {
	plain := promhttp.HandlerFor(gatherer, h.options)
	protobuf := promhttp.HandlerFor(collector.GaugeHistograms(gatherer), h.options)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if expfmt.NegotiateAccept(r.Header, expfmt.DefaultAcceptedFormats()...).FormatType() == expfmt.TypeProtoDelim {
			protobuf.ServeHTTP(w, r)
		} else {
			plain.ServeHTTP(w, r)
		}
	})
}
