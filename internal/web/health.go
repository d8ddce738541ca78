package web

import (
	"net/http"

	"face_liveness_exporter/internal/exporter"
)

// newHealthHandler answers only whether the exporter is healthy and ready, for probes that cannot present a certificate.
func newHealthHandler(e *exporter.Exporter, prefix string) http.Handler {
	mux := http.NewServeMux()
	addHealth(mux, e)
	return prefixed(prefix, mux)
}

func addHealth(mux *http.ServeMux, e *exporter.Exporter) {
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { writeLine(w, http.StatusOK, "healthy") })
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) {
		if e.Ready() {
			writeLine(w, http.StatusOK, "ready")
			return
		}
		writeLine(w, http.StatusServiceUnavailable, "not ready: the first refresh goes on")
	})
}
