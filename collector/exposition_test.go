package collector_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
)

// resource is a collector of these targets, with API counters for both operations.
func resource(targets ...*collector.Target) *collector.Collector {
	info := collector.ResourceInfo{
		Name: "contoso-prod", Endpoint: "https://contoso-prod.cognitiveservices.azure.com", APIVersion: faceclient.DefaultAPIVersion,
	}
	return collector.New(info, collector.NewAPIMetrics("contoso-prod", faceclient.Operations(), 0), targets...)
}

// pedantic is a registry that looks at everything that it can.
func pedantic(parts ...prometheus.Collector) *prometheus.Registry {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(parts...)
	return registry
}

func gather(t testing.TB, part prometheus.Collector) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := pedantic(part).Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, family := range families {
		byName[family.GetName()] = family
	}
	return byName
}

// samplesOf are the series of a family, as text has them.
func samplesOf(t testing.TB, family *dto.MetricFamily) model.Vector {
	t.Helper()
	samples, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{}, family)
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

// series are the values of an exposition by name and labels; resource and operation are left out of the labels.
type series map[string]float64

// shown is what a scrape of one target gets to see now.
func shown(t testing.TB, target *collector.Target) series {
	t.Helper()
	return valuesOf(t, resource(target), target.Operation())
}

func valuesOf(t testing.TB, part prometheus.Collector, operation faceclient.Operation) series {
	t.Helper()
	values := series{}
	for _, family := range gather(t, part) {
		for _, sample := range samplesOf(t, family) {
			if of, some := sample.Metric["operation"]; some && of != model.LabelValue(operation) {
				continue
			}
			delete(sample.Metric, "operation")
			delete(sample.Metric, "resource")
			values[sample.Metric.String()] = float64(sample.Value)
		}
	}
	return values
}

// want compares one value; the namespace is left out of the name.
func (s series) want(t testing.TB, name string, value float64) {
	t.Helper()
	got, present := s["face_liveness_"+name]
	switch {
	case !present:
		t.Errorf("%s is absent, want %v", name, value)
	case got != value:
		t.Errorf("%s = %v, want %v", name, got, value)
	}
}

func (s series) wantAbsent(t testing.TB, name string) {
	t.Helper()
	if got, present := s["face_liveness_"+name]; present {
		t.Errorf("%s = %v, want it absent", name, got)
	}
}

// without are the sorted names of the series that drop does not tell to leave out.
func (s series) without(drop func(string) bool) []string {
	names := slices.Sorted(maps.Keys(s))
	return slices.DeleteFunc(names, drop)
}

// lively are sessions of every kind, created a while ago.
func lively() []faceclient.Session {
	now := time.Now()
	return []faceclient.Session{
		{ID: []byte("0"), DeviceID: []byte("phone"), Created: now.Add(-time.Minute), TTL: faceclient.DefaultTTL},
		{ID: []byte("1"), DeviceID: []byte("phone"), Created: now.Add(-time.Minute), Started: now.Add(-50 * time.Second), TTL: time.Hour},
		{ID: []byte("2"), DeviceID: []byte("tablet"), Created: now.Add(-time.Hour), Started: now.Add(-time.Hour), TTL: time.Minute, Expired: true},
		{ID: []byte("3"), Created: now.Add(-time.Hour), TTL: time.Minute, Expired: true},
	}
}

// Population histograms have classic buckets alone, the duration of requests has native ones, too.
func TestExpositionIsClean(t *testing.T) {
	part := busy(t)
	if problems, err := testutil.CollectAndLint(part); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	for name, family := range gather(t, part) {
		if h := family.GetMetric()[0].GetHistogram(); h != nil && (h.Schema != nil) != (name == "face_liveness_api_request_duration_seconds") {
			t.Errorf("%s has native buckets: %v", name, h.Schema != nil)
		}
	}
}

func TestAResourceHasItsOwnLabels(t *testing.T) {
	info := collector.ResourceInfo{
		Name: "contoso-prod", Endpoint: "https://contoso-prod.cognitiveservices.azure.com", APIVersion: "v1.2-preview.1",
		Labels: map[string]string{"team": "kyc", "resource": "another"},
	}
	other := collector.ResourceInfo{Name: "contoso-test", Labels: map[string]string{"stage": "test"}}
	registry := pedantic(collector.New(info, collector.NewAPIMetrics(info.Name, nil, 0)), collector.New(other, collector.NewAPIMetrics(other.Name, nil, 0)))
	const want = `
# HELP face_liveness_resource_info The Face resource behind the label resource; always 1.
# TYPE face_liveness_resource_info gauge
face_liveness_resource_info{api_version="",resource="contoso-test",service_endpoint="",stage="test"} 1
face_liveness_resource_info{api_version="v1.2-preview.1",resource="contoso-prod",service_endpoint="https://contoso-prod.cognitiveservices.azure.com",team="kyc"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "face_liveness_resource_info"); err != nil {
		t.Error(err)
	}
}
