package exporter

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"time"

	"github.com/prometheus/common/version"

	"face_liveness_exporter/collector"
)

//go:embed status.html
var statusHTML string

// statusRow is a target on the status page.
type statusRow struct {
	Resource, Operation string
	Up, Shown           bool
	Snapshot            *collector.Snapshot
	Age                 time.Duration
	Error               string
}

// status answers with the page for people. It starts no refresh.
func (h *handler) status(w http.ResponseWriter, _ *http.Request) {
	now := time.Now()
	targets := h.fleet.Load().targets
	rows := make([]statusRow, len(targets))
	for i, target := range targets {
		health := target.Health()
		snapshot, shown := target.Snapshot(now)
		row := statusRow{
			Resource: target.Resource(), Operation: string(target.Operation()),
			Up: health.Up, Shown: shown, Snapshot: snapshot,
		}
		if snapshot != nil {
			row.Age = now.Sub(snapshot.Ended).Round(time.Second)
		}
		if health.LastError != nil {
			row.Error = health.LastError.Error()
		}
		rows[i] = row
	}
	page, err := template.New("status").Parse(statusHTML)
	var out bytes.Buffer
	if err == nil {
		err = page.Execute(&out, map[string]any{
			"Rows": rows, "Version": version.Version, "Metrics": h.flags.telemetryPath, "Pprof": h.flags.enablePprof,
		})
	}
	if err != nil {
		writeLine(w, http.StatusInternalServerError, "the page could not be made")
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	_, _ = w.Write(out.Bytes()) // who has left needs no answer
}
