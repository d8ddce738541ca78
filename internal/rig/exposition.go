package rig

import (
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
	// Samples are the values by the name of the series, as in name{label="value", …} with the labels sorted.
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
	e.each(func(_ *dto.MetricFamily, series model.Metric, value float64) {
		key := series.String()
		if _, twice := e.Samples[key]; twice {
			t.Errorf("%s comes twice", key)
		}
		e.Samples[key] = value
	})
	return e
}

// each calls do with every sample.
func (e Exposition) each(do func(family *dto.MetricFamily, series model.Metric, value float64)) {
	for _, family := range e.Families {
		samples, err := expfmt.ExtractSamples(new(expfmt.DecodeOptions), family)
		if err != nil {
			panic(err) // the parser has read it
		}
		for _, sample := range samples {
			do(family, sample.Metric, float64(sample.Value))
		}
	}
}

// Series names a series; labels holds names and values in turn.
func Series(metric string, labels ...string) string {
	series := model.Metric{model.MetricNameLabel: model.LabelValue("face_liveness_" + metric)}
	for i := 0; i < len(labels); i += 2 {
		series[model.LabelName(labels[i])] = model.LabelValue(labels[i+1])
	}
	return series.String()
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
	e.each(func(_ *dto.MetricFamily, series model.Metric, _ float64) {
		if name, named := series["resource"]; named {
			names[string(name)] = true
		}
	})
	return slices.Sorted(maps.Keys(names))
}

// Population is the part of the samples that shows the sessions of a resource.
func (e Exposition) Population(resource string) map[string]float64 {
	return e.pick(resource, func(family *dto.MetricFamily) bool {
		return strings.Contains(family.GetHelp(), "This is a cached value")
	})
}

// Counters is the part of the samples of a resource that never drops.
func (e Exposition) Counters(resource string) map[string]float64 {
	return e.pick(resource, func(family *dto.MetricFamily) bool { return family.GetType() == dto.MetricType_COUNTER })
}

func (e Exposition) pick(resource string, wanted func(*dto.MetricFamily) bool) map[string]float64 {
	picked := map[string]float64{}
	e.each(func(family *dto.MetricFamily, series model.Metric, value float64) {
		if string(series["resource"]) == resource && wanted(family) {
			picked[series.String()] = value
		}
	})
	return picked
}

// Same compares samples.
func Same(t *testing.T, got, want map[string]float64) {
	t.Helper()
	all := maps.Clone(got)
	maps.Copy(all, want)
	for key := range all {
		is, there := got[key]
		was, wanted := want[key]
		if is != was || there != wanted {
			t.Errorf("%s = %v (there: %v), want %v (there: %v)", key, is, there, was, wanted)
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
