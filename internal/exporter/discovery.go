package exporter

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"face_liveness_exporter/collector"
)

// targetGroup is an entry of Prometheus's http_sd format.
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// discover answers with one Prometheus target a resource, each at the address that the request was sent to.
func (h *handler) discover(w http.ResponseWriter, r *http.Request) {
	groups := []targetGroup{}
	for _, resource := range h.fleet.Load().members {
		groups = append(groups, targetGroup{
			Targets: []string{r.Host},
			Labels: map[string]string{
				"instance":                      resource.config.Name,
				"__metrics_path__":              "/probe",
				"__param_resource":              resource.config.Name,
				"__meta_face_liveness_resource": resource.config.Name,
				"__meta_face_liveness_endpoint": resource.config.Endpoint,
			},
		})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(groups) // who has left needs no answer
}

// probe answers with the metrics of one resource.
func (h *handler) probe(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	name := query.Get("resource")
	if err != nil || name == "" || len(query["resource"]) > 1 {
		writeLine(w, http.StatusBadRequest, "name one resource: /probe?resource=NAME; /sd lists them")
		return
	}
	resource, known := h.fleet.Load().named(name)
	if !known {
		writeLine(w, http.StatusNotFound, "no resource of this name is configured; /sd lists them")
		return
	}
	h.scrape(w, r, resource.targets(), h.exposition(resource.registry))
}

// scrape brings targets up to date, as far as the scrape's time allows, and then answers. Only the answer takes one of the
// places for requests, so that who waits for a refresh holds none.
func (h *handler) scrape(w http.ResponseWriter, r *http.Request, targets []*collector.Target, answer http.Handler) {
	ctx, cancel := context.WithTimeout(r.Context(), scrapeTime(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds")))
	defer cancel()
	h.lastScrape.set(time.Now())
	collector.EnsureFresh(ctx, targets...)
	h.limited(w, r, answer)
}
