package web

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
)

// targetGroup is an entry of Prometheus's http_sd format.
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// hostPattern is a host with or without a port.
var hostPattern = regexp.MustCompile(`^[\w.:%\[\]-]{1,260}$`)

// discover answers with one Prometheus target a resource. Its address is that of --web.external-url, or else the one that
// the request was sent to.
func (h *handler) discover(w http.ResponseWriter, r *http.Request) {
	address, scheme := r.Host, ""
	if external := h.options.ExternalURL; external != nil {
		address, scheme = external.Host, external.Scheme
	} else if !hostPattern.MatchString(address) {
		writeLine(w, http.StatusBadRequest, "the Host header is not an address that Prometheus could scrape; see --web.external-url")
		return
	}
	groups := []targetGroup{}
	for _, resource := range h.exporter.Resources() {
		labels := map[string]string{
			"instance":                      resource.Config.Name,
			"__metrics_path__":              h.options.linkPrefix() + "/probe",
			"__param_resource":              resource.Config.Name,
			"__meta_face_liveness_resource": resource.Config.Name,
			"__meta_face_liveness_endpoint": resource.Config.Endpoint,
		}
		maps.Copy(labels, resource.Config.Labels) // none of them is one of these
		if scheme != "" {
			labels["__scheme__"] = scheme
		}
		groups = append(groups, targetGroup{[]string{address}, labels})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(groups) // a client that has left needs no answer
}
