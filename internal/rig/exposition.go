package rig

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Exposition is what a scrape brought.
type Exposition struct {
	// Samples are the values by name{label="value",…}, with the labels sorted; a histogram's are its count and its sum.
	Samples  map[string]float64
	Families map[string]*dto.MetricFamily
}

// Parse reads the text format. A series that comes twice fails the test.
func Parse(t *testing.T, text string) Exposition {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Errorf("the exposition does not parse: %v\n%s", err, text)
	}
	e := Exposition{map[string]float64{}, families}
	add := func(name string, labels []*dto.LabelPair, value float64) {
		key := series(name, labels)
		if _, twice := e.Samples[key]; twice {
			t.Errorf("%s comes twice", key)
		}
		e.Samples[key] = value
	}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			labels := metric.GetLabel()
			switch {
			case metric.Counter != nil:
				add(name, labels, metric.Counter.GetValue())
			case metric.Gauge != nil:
				add(name, labels, metric.Gauge.GetValue())
			case metric.Histogram != nil:
				add(name+"_count", labels, float64(metric.Histogram.GetSampleCount()))
				add(name+"_sum", labels, metric.Histogram.GetSampleSum())
			}
		}
	}
	return e
}

func series(name string, labels []*dto.LabelPair) string {
	pairs := make([]string, len(labels))
	for i, label := range labels {
		pairs[i] = fmt.Sprintf("%s=%q", label.GetName(), label.GetValue())
	}
	if len(pairs) == 0 {
		return name
	}
	slices.Sort(pairs)
	return name + "{" + strings.Join(pairs, ",") + "}"
}

// Series names a series; labels holds names and values in turn.
func Series(metric string, labels ...string) string {
	var pairs []*dto.LabelPair
	for i := 0; i < len(labels); i += 2 {
		pairs = append(pairs, &dto.LabelPair{Name: &labels[i], Value: &labels[i+1]})
	}
	return series("face_liveness_"+metric, pairs)
}

// Of names a series of a list.
func Of(metric, resource, operation string, labels ...string) string {
	return Series(metric, append([]string{"resource", resource, "operation", operation}, labels...)...)
}

// Want compares one sample; absence is a failure.
func (e Exposition) Want(t *testing.T, key string, value float64) {
	t.Helper()
	if got, ok := e.Samples[key]; !ok || got != value {
		t.Errorf("%s = %v (there: %v), want %v", key, got, ok, value)
	}
}

// Up reports whether a list's last refresh succeeded.
func (e Exposition) Up(resource, operation string) bool {
	return e.Samples[Of("up", resource, operation)] == 1
}

// Resources are the values of the label resource, sorted.
func (e Exposition) Resources() []string {
	names := map[string]bool{}
	for _, family := range e.Families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "resource" {
					names[label.GetValue()] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Prefixes are the beginnings of the families' names, sorted: face_liveness_exporter, or else the part before the first _.
func (e Exposition) Prefixes() []string {
	prefixes := map[string]bool{}
	for name := range e.Families {
		prefix, _, _ := strings.Cut(name, "_")
		if strings.HasPrefix(name, "face_liveness_exporter_") {
			prefix = "face_liveness_exporter"
		}
		prefixes[prefix] = true
	}
	return slices.Sorted(maps.Keys(prefixes))
}

// CachedHelp ends the help of every population metric.
const CachedHelp = " This is a cached value, kept between scrapes; face_liveness_snapshot_timestamp_seconds says when it was read."

// Population is the part of the samples that shows the sessions of a resource.
func (e Exposition) Population(resource string) map[string]float64 {
	return e.pick(resource, func(family *dto.MetricFamily) bool { return strings.HasSuffix(family.GetHelp(), CachedHelp) })
}

// Counters is the part of the samples of a resource that never drops.
func (e Exposition) Counters(resource string) map[string]float64 {
	return e.pick(resource, func(family *dto.MetricFamily) bool { return family.GetType() == dto.MetricType_COUNTER })
}

func (e Exposition) pick(resource string, wanted func(*dto.MetricFamily) bool) map[string]float64 {
	picked := map[string]float64{}
	for key, value := range e.Samples {
		name, labels, _ := strings.Cut(key, "{")
		family := e.Families[strings.TrimSuffix(strings.TrimSuffix(name, "_count"), "_sum")]
		if family == nil {
			family = e.Families[name]
		}
		if strings.Contains(labels, fmt.Sprintf("resource=%q", resource)) && wanted(family) {
			picked[key] = value
		}
	}
	return picked
}

// Same compares samples.
func Same(t *testing.T, got, want map[string]float64) {
	t.Helper()
	if maps.Equal(got, want) {
		return
	}
	for key, value := range want {
		if other, ok := got[key]; !ok || other != value {
			t.Errorf("%s = %v (there: %v), want %v", key, other, ok, value)
		}
	}
	for key, value := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("%s = %v should not be there", key, value)
		}
	}
}

// Exact compares what is shown of a list with the sessions that the service has.
func (e Exposition) Exact(t *testing.T, service *Face, resource, operation string) {
	t.Helper()
	sessions, started, expired, abandoned, nameless := service.Sessions(operation), 0, 0, 0, 0
	devices := map[string]bool{}
	for _, session := range sessions {
		gone, begun := session.Expired(Noon()), session.HasStarted()
		for number, is := range map[*int]bool{&started: begun, &expired: gone, &abandoned: gone && !begun, &nameless: session.DeviceID == ""} {
			if is {
				*number++
			}
		}
		if session.DeviceID != "" {
			devices[session.DeviceID] = true
		}
	}
	for metric, value := range map[string]int{
		"sessions": len(sessions), "sessions_started": started, "sessions_expired": expired, "sessions_active": len(sessions) - expired,
		"sessions_abandoned": abandoned, "sessions_without_device": nameless, "devices": len(devices), "session_ttl_seconds_count": len(sessions),
	} {
		e.Want(t, Of(metric, resource, operation), float64(value))
	}
}
