package faceclient_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/faceclient/facetest"
)

// counter is the simplest visitor.
type counter int

func (c *counter) Visit(batch facelist.Batch) { *c += counter(len(batch.Sessions)) }
func (c *counter) Restart()                   { *c = 0 }

// BenchmarkWalk reads a list from answers that were written before, so that only the cost of the client is measured.
func BenchmarkWalk(b *testing.B) {
	const sessions = 100_000
	now := time.Now()
	server := facetest.New(facetest.Options{Now: func() time.Time { return now }, Requests: 1})
	b.Cleanup(server.Close)
	server.Populate(facetest.DetectLiveness, sessions, 1)
	written := map[string]*httptest.ResponseRecorder{}
	o := plainOptions()
	o.MaxConcurrentRequests = 1
	o.Transport = answering(func(request *http.Request) (*http.Response, error) {
		found, ok := written[request.URL.RawQuery]
		if !ok {
			found = httptest.NewRecorder()
			server.ServeHTTP(found, request)
			written[request.URL.RawQuery] = found
		}
		return &http.Response{StatusCode: found.Code, Header: found.Header(), Body: io.NopCloser(bytes.NewReader(found.Body.Bytes()))}, nil
	})
	limits := facelist.Limits{PageSize: 1000, MaxPages: 20_000, Workers: 1}
	lister := facelist.New(newClient(b, o), faceclient.DetectLiveness, limits)
	walk := func() {
		var visited counter
		if _, err := lister.Walk(b.Context(), 0, &visited); err != nil || visited != sessions {
			b.Fatalf("%d sessions, %v", visited, err)
		}
	}
	walk() // writes the answers
	b.ReportAllocs()
	for b.Loop() {
		walk()
	}
	b.ReportMetric(float64(b.N)*sessions/b.Elapsed().Seconds(), "sessions/s")
}
