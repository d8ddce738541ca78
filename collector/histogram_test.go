package collector_test

import (
	"slices"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
)

// Population histograms have classic buckets alone, which testdata/population.prom has. The duration of requests has both.
func TestBucketsOfHistograms(t *testing.T) {
	target := newTarget(walks(lists(page{})), sampled(1, nil))
	families := gather(t, resource(target))
	for name, want := range map[string][]float64{
		"session_check_duration_seconds": {.25, .5, 1, 2, 3, 5, 10, 30},
		"api_request_duration_seconds":   {.05, .1, .25, .5, 1, 2.5, 5, 10},
	} {
		h := histogramOf(families, name)
		var bounds []float64
		for _, bucket := range h.GetBucket() {
			bounds = append(bounds, bucket.GetUpperBound())
		}
		if native := h.Schema != nil; !slices.Equal(bounds, want) || native != (name == "api_request_duration_seconds") {
			t.Errorf("%s: buckets %v and native %v, want %v", name, bounds, native, want)
		}
	}
	for name, family := range gather(t, resource(counted(t, collector.DeviceOptions{}, lively()))) {
		for _, metric := range family.GetMetric() {
			if h := metric.GetHistogram(); h != nil && h.Schema != nil && name != "face_liveness_api_request_duration_seconds" {
				t.Errorf("%s has native buckets", name)
			}
		}
	}
}

// histogramOf is a histogram of detectLiveness.
func histogramOf(families map[string]*dto.MetricFamily, name string) *dto.Histogram {
	for _, metric := range families["face_liveness_"+name].GetMetric() {
		if labelOf(metric, "operation") == string(faceclient.DetectLiveness) {
			return metric.GetHistogram()
		}
	}
	return nil
}
