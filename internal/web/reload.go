package web

import "net/http"

// reload reads the configuration again.
func (h *handler) reload(w http.ResponseWriter, r *http.Request) {
	if !h.options.EnableLifecycle {
		writeLine(w, http.StatusForbidden, "reloading over HTTP is not enabled; see --web.enable-lifecycle")
		return
	}
	if err := h.exporter.Reload(r.Context()); err != nil {
		writeLine(w, http.StatusInternalServerError, "not reloaded: "+err.Error())
		return
	}
	writeLine(w, http.StatusOK, "reloaded")
}
