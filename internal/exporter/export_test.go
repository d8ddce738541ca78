package exporter

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
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
