package exporter

import (
	"encoding/json"
	"net/http"
	"regexp"
)

// targetGroup is an entry of Prometheus's http_sd format.
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// maxHost is the length of the longest name of a host with a port. The host is repeated for every resource.
const maxHost = 253 + len(":65535")

// discover answers with one Prometheus target a resource. Its address is that of --web.external-url, or else the one that
// the request was sent to.
func (h *handler) discover(w http.ResponseWriter, r *http.Request) {
	address, labels := r.Host, map[string]string{"__metrics_path__": h.flags.linkPrefix() + "/probe"}
	if external := h.flags.externalURL; external != nil {
		address = external.Host
		labels["__scheme__"] = external.Scheme
	} else if len(address) > maxHost || !regexp.MustCompile(`^[\w.:%\[\]-]+$`).MatchString(address) {
		writeLine(w, http.StatusBadRequest, "the Host header is not an address that Prometheus could scrape; see --web.external-url")
		return
	}
	groups := []targetGroup{}
	for _, resource := range h.exporter.current().members {
		group := targetGroup{Targets: []string{address}, Labels: map[string]string{
			"instance":                      resource.config.Name,
			"__param_resource":              resource.config.Name,
			"__meta_face_liveness_resource": resource.config.Name,
			"__meta_face_liveness_endpoint": resource.config.Endpoint,
		}}
		for name, value := range labels {
			group.Labels[name] = value
		}
		groups = append(groups, group)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(groups) // a recorder takes everything
}
