package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/common/version"

	"face_liveness_exporter/internal/web/statuspage"
)

// status answers with the page for people. It starts no refresh.
func (h *handler) status() http.HandlerFunc {
	renderer := statuspage.New()
	prefix := h.options.linkPrefix()
	links := []statuspage.Link{
		{Path: prefix + h.options.TelemetryPath, Text: "Metrics"},
		{Path: prefix + "/-/metrics", Text: "Exporter metrics"},
		{Path: prefix + "/sd", Text: "Service discovery"},
		{Path: prefix + "/-/healthy", Text: "Healthy"},
		{Path: prefix + "/-/ready", Text: "Ready"},
	}
	if h.options.EnablePprof {
		links = append(links, statuspage.Link{Path: prefix + "/debug/pprof/", Text: "Profiles"})
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		page := statuspage.Page{
			Now: time.Now(), Started: h.started, ReloadRefused: h.exporter.ReloadRefused(),
			Version: version.Version, Simulated: h.options.Simulated, Links: links,
		}
		if last := h.lastScrape.Load(); last != nil {
			page.LastScrape = *last
		}
		for _, resource := range h.exporter.Resources() {
			_, host, _ := strings.Cut(resource.Config.Endpoint, "://")
			for _, list := range resource.Lists {
				used := resource.API.Usage(list.Operation)
				page.Lists = append(page.Lists, statuspage.List{
					State: list.Target.State(), Host: host,
					Requests: float64(used.Requests), Billed: used.Billed,
					Price: resource.Config.API.PricePer1000Requests, Budget: float64(resource.Config.API.MonthlyRequestBudget),
				})
			}
		}
		renderer.Answer(w, page)
	}
}
