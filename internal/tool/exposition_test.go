package tool_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"face_liveness_exporter/faceclient/facesim"
)

// exposition is what a scrape brought: sample values by their text without spaces, name{label="value",…} with the
// labels sorted, and the families behind them.
type exposition struct {
	samples  map[string]float64
	families map[string]*dto.MetricFamily
}

func parseText(t *testing.T, text string) exposition {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("the exposition does not parse: %v\n%s", err, text)
	}
	return flatten(t, families)
}

// flatten names every sample. A series that comes twice fails the test.
func flatten(t *testing.T, families map[string]*dto.MetricFamily) exposition {
	t.Helper()
	e := exposition{map[string]float64{}, families}
	add := func(name string, labels []*dto.LabelPair, value float64, more ...string) {
		key := series(name, labels, more...)
		if _, twice := e.samples[key]; twice {
			t.Errorf("%s comes twice", key)
		}
		e.samples[key] = value
	}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			labels := metric.GetLabel()
			switch {
			case metric.Counter != nil:
				add(name, labels, metric.Counter.GetValue())
			case metric.Gauge != nil:
				add(name, labels, metric.Gauge.GetValue())
			case metric.Untyped != nil:
				add(name, labels, metric.Untyped.GetValue())
			case metric.Histogram != nil:
				h := metric.Histogram
				for _, bucket := range h.GetBucket() {
					add(name+"_bucket", labels, float64(bucket.GetCumulativeCount()), "le", fmt.Sprint(bucket.GetUpperBound()))
				}
				if n := len(h.GetBucket()); n == 0 || !math.IsInf(h.GetBucket()[n-1].GetUpperBound(), 1) {
					add(name+"_bucket", labels, float64(h.GetSampleCount()), "le", "+Inf") // protobuf leaves it out
				}
				add(name+"_count", labels, float64(h.GetSampleCount()))
				add(name+"_sum", labels, h.GetSampleSum())
			}
		}
	}
	return e
}

func series(name string, labels []*dto.LabelPair, more ...string) string {
	var pairs []string
	for _, label := range labels {
		pairs = append(pairs, fmt.Sprintf("%s=%q", label.GetName(), label.GetValue()))
	}
	for i := 0; i < len(more); i += 2 {
		pairs = append(pairs, fmt.Sprintf("%s=%q", more[i], more[i+1]))
	}
	if len(pairs) == 0 {
		return name
	}
	slices.Sort(pairs)
	return name + "{" + strings.Join(pairs, ",") + "}"
}

// of names a series of a target.
func of(metric, resource, operation string, more ...string) string {
	return series("face_liveness_"+metric, nil, append([]string{"resource", resource, "operation", operation}, more...)...)
}

func (e exposition) has(key string) bool {
	_, ok := e.samples[key]
	return ok
}

// want compares one sample; absence is a failure.
func (e exposition) want(t *testing.T, key string, value float64) {
	t.Helper()
	if got, ok := e.samples[key]; !ok || got != value {
		t.Errorf("%s = %v (there: %v), want %v", key, got, ok, value)
	}
}

// population is the part of the exposition that shows a target's sessions. The help of such a metric says that it is cached.
func (e exposition) population(resource, operation string) map[string]float64 {
	own := map[string]float64{}
	for key, value := range e.samples {
		name, labels, _ := strings.Cut(key, "{")
		if !strings.Contains(labels, fmt.Sprintf("resource=%q", resource)) || !strings.Contains(labels, fmt.Sprintf("operation=%q", operation)) {
			continue
		}
		for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
			if base, is := strings.CutSuffix(name, suffix); is && strings.HasSuffix(e.families[base].GetHelp(), cachedHelp) {
				own[key] = value
				break
			}
		}
	}
	return own
}

// counted is what can be said of some sessions.
type counted struct {
	expired, started, abandoned, nameless int
	devices                               map[string]int
	values                                map[string][]float64 // by histogram
}

func count(sessions []facesim.Session, now time.Time) counted {
	c := counted{devices: map[string]int{}, values: map[string][]float64{}}
	observe := func(histogram string, value float64) {
		c.values[histogram] = append(c.values[histogram], max(0, value))
	}
	for _, session := range sessions {
		observe("session_ttl_seconds", session.TimeToLive().Seconds())
		if session.HasStarted() {
			c.started++
			observe("session_start_delay_seconds", session.Started.Sub(session.Created).Seconds())
		}
		if session.Expired(now) {
			c.expired++
			if !session.HasStarted() {
				c.abandoned++
			}
		} else {
			observe("session_remaining_ttl_seconds", session.Expires().Sub(now).Seconds())
		}
		if session.DeviceID == "" {
			c.nameless++
		} else {
			c.devices[session.DeviceID]++
		}
	}
	for _, sessions := range c.devices {
		observe("sessions_per_device", float64(sessions))
	}
	return c
}

// truth is the population that these sessions must be shown as, counted here one by one.
func truth(resource, operation string, sessions []facesim.Session, now time.Time, top int) map[string]float64 {
	want := map[string]float64{}
	gauge := func(metric string, value int, more ...string) {
		want[of(metric, resource, operation, more...)] = float64(value)
	}
	histogram := func(metric string, values []float64, bounds ...float64) {
		sum := 0.0
		for _, value := range values {
			sum += value
		}
		for _, bound := range append(bounds, math.Inf(1)) {
			below := 0
			for _, value := range values {
				if value <= bound {
					below++
				}
			}
			gauge(metric+"_bucket", below, "le", fmt.Sprint(bound))
		}
		gauge(metric+"_count", len(values))
		want[of(metric+"_sum", resource, operation)] = sum
	}
	c := count(sessions, now)
	ttls, remaining, delays, perDevice := c.values["session_ttl_seconds"], c.values["session_remaining_ttl_seconds"],
		c.values["session_start_delay_seconds"], c.values["sessions_per_device"]
	gauge("sessions", len(sessions))
	gauge("sessions_active", len(sessions)-c.expired)
	gauge("sessions_expired", c.expired)
	gauge("sessions_started", c.started)
	gauge("sessions_abandoned", c.abandoned)
	gauge("devices", len(c.devices))
	gauge("sessions_without_device", c.nameless)
	histogram("session_ttl_seconds", ttls, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400)
	histogram("session_remaining_ttl_seconds", remaining, 30, 60, 120, 300, 600, 1800, 3600, 14400, 43200, 86400)
	histogram("session_start_delay_seconds", delays, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
	histogram("sessions_per_device", perDevice, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)

	ranked := slices.SortedFunc(maps.Keys(c.devices), func(a, b string) int {
		return cmp.Or(cmp.Compare(c.devices[b], c.devices[a]), cmp.Compare(a, b))
	})
	other := len(sessions) - c.nameless
	for _, device := range ranked[:min(top, len(ranked))] {
		gauge("device_sessions", c.devices[device], "device_correlation_id", device)
		other -= c.devices[device]
	}
	gauge("device_sessions_other", other)
	return want
}

// same compares two populations. Sums may differ by what the order of adding does to a float.
func same(t *testing.T, got, want map[string]float64) {
	t.Helper()
	wrong := 0
	for _, key := range slices.Sorted(maps.Keys(want)) {
		value, ok := got[key]
		near := strings.Contains(key, "_sum{") && math.Abs(value-want[key]) <= 1e-6*math.Abs(want[key])
		if !ok || (value != want[key] && !near) {
			if wrong++; wrong <= 10 {
				t.Errorf("%s = %v (there: %v), want %v", key, value, ok, want[key])
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			if wrong++; wrong <= 10 {
				t.Errorf("%s = %v should not be there", key, got[key])
			}
		}
	}
	if wrong > 10 {
		t.Errorf("and %d more", wrong-10)
	}
}

// exact compares a target's population with the sessions that the service lists.
func (e exposition) exact(t *testing.T, service *face, resource, operation string) {
	t.Helper()
	const top = 50
	same(t, e.population(resource, operation), truth(resource, operation, service.Sessions(operation), noon(), top))
}
