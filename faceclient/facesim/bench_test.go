package facesim_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

// sink is a client that costs nothing, so that the server's own time is measured.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }

func BenchmarkPageOfAMillion(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchmarkPage(b, facesim.Options{Now: fixed(noon())}) })
	b.Run("gzip", func(b *testing.B) { benchmarkPage(b, facesim.Options{Now: fixed(noon()), Gzip: true}) })
}

func benchmarkPage(b *testing.B, opts facesim.Options) {
	srv := facesim.New(opts)
	srv.Populate(facesim.DetectLiveness, 1_000_000, 1)
	r := httptest.NewRequest(http.MethodGet, listURL(facesim.DetectLiveness, "start="+url.QueryEscape("8")), nil)
	r.Header.Set("Ocp-Apim-Subscription-Key", "test-key")
	r.Header.Set("Accept-Encoding", "gzip")
	b.ReportAllocs()
	for b.Loop() {
		srv.ServeHTTP(&sink{header: make(http.Header)}, r)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/session")
}

func BenchmarkPopulateAMillion(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		facesim.New(facesim.Options{Now: fixed(noon())}).Populate(facesim.DetectLiveness, 1_000_000, 1)
	}
}

func BenchmarkNewTraffic(b *testing.B) {
	for b.Loop() {
		facesim.NewTraffic(facesim.New(facesim.Options{Now: fixed(noon())}), facesim.TrafficOptions{})
	}
}

func BenchmarkTrafficHour(b *testing.B) {
	c, _, traffic := newTraffic(facesim.TrafficOptions{}, noon())
	for b.Loop() {
		c.now = c.now.Add(time.Hour)
		traffic.Advance(c.now)
	}
}
