package collector_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

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

// registered is a registry that looks at everything that it can.
func registered(t testing.TB, parts ...prometheus.Collector) *prometheus.Registry {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	for _, part := range parts {
		if err := registry.Register(part); err != nil {
			t.Fatal(err)
		}
	}
	return registry
}

func gather(t testing.TB, parts ...prometheus.Collector) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := registered(t, parts...).Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, family := range families {
		byName[family.GetName()] = family
	}
	return byName
}

// series are the values of an exposition by name and labels; resource and operation are left out of the labels, and a
// histogram is its _count and _sum.
type series map[string]float64

// shown is what a scrape of one target gets to see now.
func shown(t testing.TB, target *collector.Target) series {
	t.Helper()
	return valuesOf(gather(t, resource(target)), target.Operation())
}

func valuesOf(families map[string]*dto.MetricFamily, operation faceclient.Operation) series {
	values := series{}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			var labels []string
			other := false
			for _, pair := range metric.GetLabel() {
				switch pair.GetName() {
				case "operation":
					other = pair.GetValue() != string(operation)
				case "resource":
				default:
					labels = append(labels, fmt.Sprintf("%s=%q", pair.GetName(), pair.GetValue()))
				}
			}
			if other {
				continue
			}
			suffix := ""
			if len(labels) > 0 {
				suffix = "{" + strings.Join(labels, ",") + "}"
			}
			switch {
			case metric.GetHistogram() != nil:
				values[name+"_count"+suffix] = float64(metric.GetHistogram().GetSampleCount())
				values[name+"_sum"+suffix] = metric.GetHistogram().GetSampleSum()
			case metric.GetCounter() != nil:
				values[name+suffix] = metric.GetCounter().GetValue()
			default:
				values[name+suffix] = metric.GetGauge().GetValue()
			}
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

func TestExpositionIsClean(t *testing.T) {
	problems, err := testutil.GatherAndLint(registered(t, busy(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

func encoded(t testing.TB, families map[string]*dto.MetricFamily) string {
	t.Helper()
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if _, err := expfmt.MetricFamilyToText(&out, families[name]); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func TestAResourceHasItsOwnLabels(t *testing.T) {
	info := collector.ResourceInfo{
		Name: "contoso-prod", Endpoint: "https://contoso-prod.cognitiveservices.azure.com", APIVersion: "v1.2-preview.1",
		Labels: map[string]string{"team": "kyc", "resource": "another"},
	}
	other := collector.ResourceInfo{Name: "contoso-test", Labels: map[string]string{"stage": "test"}}
	registry := registered(t, collector.New(info, collector.NewAPIMetrics(info.Name, nil, 0)), collector.New(other, collector.NewAPIMetrics(other.Name, nil, 0)))
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
