package web

import (
	"net/http"
	"net/url"
)

// probe answers with the metrics of one resource.
func (h *handler) probe(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	name := query.Get("resource")
	if err != nil || name == "" || len(query["resource"]) > 1 {
		writeLine(w, http.StatusBadRequest, "name one resource: /probe?resource=NAME; /sd lists them")
		return
	}
	for _, resource := range h.exporter.Resources() {
		if resource.Config.Name == name {
			h.scrape(w, r, resource.Targets(), h.exposition(resource))
			return
		}
	}
	writeLine(w, http.StatusNotFound, "no resource of this name is configured; /sd lists them")
}
