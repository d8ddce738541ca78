package exporter

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"
)

// Guarded is the collector of a resource as it is registered.
func Guarded(c prometheus.Collector) prometheus.Collector { return guarded{c} }

// Recovered is the handler as the server has it.
func Recovered(panics prometheus.Counter, logger *slog.Logger, next http.Handler) http.Handler {
	return recovered(panics, newServerLog(logger), next)
}

// TimeForRefreshes is how long a scrape with this header waits for refreshes.
func TimeForRefreshes(header string) time.Duration { return deadlineOf(header).forRefreshes() }

// InTime is inTime for a read of text.
func InTime(read func() (string, error)) func() (string, error) { return inTime(read) }

// GiveWithoutAPlace answers a scrape while all of --web.max-requests are taken.
func GiveWithoutAPlace(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), time.Millisecond)
	defer cancel()
	newAnswers().give(ctx, w, r, semaphore.NewWeighted(0), tooManyScrapes, http.NotFoundHandler())
}

// Giver gives answers as the server does.
func Giver() func(http.ResponseWriter, *http.Request, http.Handler) {
	answers := newAnswers()
	return func(w http.ResponseWriter, r *http.Request, answer http.Handler) {
		answers.give(r.Context(), w, r, nil, "", answer)
	}
}
