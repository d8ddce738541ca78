package rig

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facetest"
)

// What the configurations of tests are made of.
const (
	// Live and Verify are the operations.
	Live   = facetest.DetectLiveness
	Verify = facetest.DetectLivenessWithVerify
	// BothOperations is the field of a resource that has both.
	BothOperations = "operations: [detectLiveness, detectLivenessWithVerify]"
	// Quick lets nothing wait that need not.
	Quick = "api: {max_requests_per_second: 1000, max_retries: 0, max_retry_wait: 10ms}\n"
	// Seldom lets nothing be refreshed but at the start, Often at each scrape.
	Seldom = "refresh: {interval: 1h}\n"
	Often  = "refresh: {interval: 1ms}\n"
)

// Face is a simulated Face resource behind a real socket.
type Face struct {
	*facetest.Server
	Endpoint string
}

// NewFace makes a resource whose lists are empty. Its clock stands still.
func NewFace(t *testing.T) *Face {
	t.Helper()
	return NewFaceWith(t, facetest.Options{Now: Noon})
}

// Noon is the clock of NewFace.
func Noon() time.Time { return time.Date(2025, time.March, 12, 12, 0, 0, 0, time.UTC) }

// NewFaceWith makes a resource with these options.
func NewFaceWith(t *testing.T, options facetest.Options) *Face {
	t.Helper()
	service := facetest.New(options)
	server := httptest.NewServer(service)
	t.Cleanup(func() {
		service.Close()
		server.Close()
	})
	return &Face{service, server.URL}
}

// Asked is how many requests came for both lists.
func (f *Face) Asked() int { return f.Counts(Live).Requests + f.Counts(Verify).Requests }

// Contoso is a configuration with this resource, called contoso.
func (f *Face) Contoso(head string, fields ...string) string {
	return head + "resources:\n" + f.Resource("contoso", fields...)
}

// Resource is the resource's entry in a configuration.
func (f *Face) Resource(name string, fields ...string) string {
	return Resource(name, f.Endpoint, append([]string{"key: " + f.Key()}, fields...)...)
}

// Resource is an entry of a configuration.
func Resource(name, endpoint string, fields ...string) string {
	entry := fmt.Sprintf("- name: %q\n  endpoint: %s\n", name, endpoint)
	for _, field := range fields {
		entry += "  " + field + "\n"
	}
	return entry
}

// Gate holds every request back until release is called.
func Gate() (held facetest.Fault, release func()) {
	opened := make(chan struct{})
	held = facetest.Wrap("gate", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		select {
		case <-opened:
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	})
	return held, func() { close(opened) }
}
