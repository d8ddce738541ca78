package collector_test

import (
	"math"
	"slices"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"face_liveness_exporter/collector"
)

// histogramOf is a target's histogram.
func histogramOf(t testing.TB, families map[string]*dto.MetricFamily, name string) *dto.Histogram {
	t.Helper()
	metrics := families["face_liveness_"+name].GetMetric()
	if len(metrics) != 1 {
		t.Fatalf("%s has %d series, want 1", name, len(metrics))
	}
	return metrics[0].GetHistogram()
}

func bounds(h *dto.Histogram) []float64 {
	upper := make([]float64, len(h.GetBucket()))
	for i, bucket := range h.GetBucket() {
		upper[i] = bucket.GetUpperBound()
	}
	return upper
}

func TestBucketsAreThoseOfTheContract(t *testing.T) {
	target := newTarget(walks(lists(page{})), sampled(1, nil))
	stop := run(t, target)
	scrape(inTime, target)
	stop()
	families := gather(t, resource(target))
	for name, want := range map[string][]float64{
		"session_ttl_seconds":            {60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400},
		"session_remaining_ttl_seconds":  {30, 60, 120, 300, 600, 1800, 3600, 14400, 43200, 86400},
		"session_start_delay_seconds":    {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600},
		"sessions_per_device":            {1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000},
		"session_check_duration_seconds": {.25, .5, 1, 2, 3, 5, 10, 30},
	} {
		h := histogramOf(t, families, name)
		if got := bounds(h); !slices.Equal(got, want) {
			t.Errorf("%s: buckets %v, want %v", name, got, want)
		}
		if h.Schema != nil || len(h.GetPositiveSpan()) != 0 {
			t.Errorf("%s has native buckets", name)
		}
	}
	for _, metric := range families["face_liveness_api_request_duration_seconds"].GetMetric() {
		h := metric.GetHistogram()
		if got, want := bounds(h), []float64{.05, .1, .25, .5, 1, 2.5, 5, 10}; !slices.Equal(got, want) || h.GetSchema() < 3 {
			t.Errorf("request duration: buckets %v and native schema %d, want %v and 3 or more", got, h.GetSchema(), want)
		}
	}
}

func TestHistogramBucketsCanBeRead(t *testing.T) {
	h := collector.NewHistogram([]float64{60, 600})
	for _, value := range []float64{60, 61, 600, 1e6} {
		h.Observe(value)
	}
	got := map[float64]uint64{}
	for bound, count := range h.Buckets() {
		got[bound] = count
	}
	if len(got) != 3 || got[60] != 1 || got[600] != 2 || got[math.Inf(1)] != 1 {
		t.Errorf("buckets %v", got)
	}
	for range h.Buckets() {
		break // a reader may leave early
	}
}
