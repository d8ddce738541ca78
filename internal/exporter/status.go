package exporter

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/version"

	"face_liveness_exporter/internal/web/statuspage"
)

// status answers with the page for people. It starts no refresh.
func (h *handler) status(renderer *statuspage.Renderer) http.HandlerFunc {
	prefix := h.flags.linkPrefix()
	links := []statuspage.Link{
		{Path: prefix + h.flags.telemetryPath, Text: "Metrics"},
		{Path: prefix + "/-/metrics", Text: "Exporter metrics"},
		{Path: prefix + "/sd", Text: "Service discovery"},
		{Path: prefix + "/-/healthy", Text: "Healthy"},
		{Path: prefix + "/-/ready", Text: "Ready"},
	}
	if h.flags.enablePprof {
		links = append(links, statuspage.Link{Path: prefix + "/debug/pprof/", Text: "Profiles"})
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		page := statuspage.Page{
			Now: time.Now(), Started: h.started, LastScrape: h.lastScrape.get(), ReloadRefused: h.exporter.refusedAt(),
			Version: version.Version, Simulated: h.flags.demo, Links: links,
		}
		for _, resource := range h.exporter.current().members {
			_, host, _ := strings.Cut(resource.config.Endpoint, "://")
			for _, one := range resource.lists {
				page.Lists = append(page.Lists, statuspage.List{
					State: one.target.State(), Host: host,
					Requests: resource.api.Requests(one.operation), Billed: resource.api.Billed(one.operation),
					Price: resource.config.API.PricePer1000Requests, Budget: resource.config.API.MonthlyRequestBudget,
				})
			}
		}
		renderer.Answer(w, page)
	}
}

// moment is a point in time that several goroutines set and read; the zero value is none.
type moment struct{ at atomic.Pointer[time.Time] }

func (m *moment) set(at time.Time) { m.at.Store(&at) }

func (m *moment) get() time.Time {
	if at := m.at.Load(); at != nil {
		return *at
	}
	return time.Time{}
}
