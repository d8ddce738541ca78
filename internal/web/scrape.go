package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"face_liveness_exporter/collector"
)

const (
	// defaultScrapeTimeout stands in if a scraper does not say how long it waits.
	defaultScrapeTimeout = 10 * time.Second
	// snapshotPreferred is how long such a scraper waits for a refresh if there is a snapshot to show.
	snapshotPreferred = 3 * time.Second
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

// scrape brings targets up to date, as far as the time of the scrape allows, and then answers.
func (h *handler) scrape(w http.ResponseWriter, r *http.Request, targets []*collector.Target, answer http.Handler) {
	d := deadlineOf(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"))
	now := time.Now()
	_ = http.NewResponseController(w).SetWriteDeadline(now.Add(d.timeout + answerTimeout))
	h.lastScrape.Store(&now)
	ctx, cancel := context.WithTimeout(r.Context(), d.forRefreshes())
	defer cancel()
	if !d.stated {
		targets = ensureQuickly(ctx, targets)
	}
	collector.EnsureFresh(ctx, targets...)
	answer.ServeHTTP(w, r)
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
