package facetest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facetest"
)

// sink is a client that costs nothing, so that the server's own time is measured.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }

func BenchmarkPageOfAMillion(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchmarkPage(b, facetest.Options{Now: fixed(noon())}) })
	b.Run("gzip", func(b *testing.B) { benchmarkPage(b, facetest.Options{Now: fixed(noon()), Gzip: true}) })
}

func benchmarkPage(b *testing.B, opts facetest.Options) {
	srv := facetest.New(opts)
	srv.Populate(facetest.DetectLiveness, 1_000_000, 1)
	r := httptest.NewRequest(http.MethodGet, listURL(facetest.DetectLiveness, "start="+url.QueryEscape("8")), nil)
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
		facetest.New(facetest.Options{Now: fixed(noon())}).Populate(facetest.DetectLiveness, 1_000_000, 1)
	}
}

func BenchmarkNewTraffic(b *testing.B) {
	for b.Loop() {
		facetest.NewTraffic(facetest.New(facetest.Options{Now: fixed(noon())}), facetest.TrafficOptions{})
	}
}

func BenchmarkTrafficHour(b *testing.B) {
	c, _, traffic := newTraffic(facetest.TrafficOptions{}, noon())
	for b.Loop() {
		c.now = c.now.Add(time.Hour)
		traffic.Advance(c.now)
	}
}
