package collector

import (
	"cmp"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// sample is one value of a gauge or a counter. Unlike client_golang's constant metrics it shares its labels with the other
// samples of a target.
type sample struct {
	desc    *prometheus.Desc
	labels  []*dto.LabelPair // sorted by name
	kind    kind
	value   float64
	created *timestamppb.Timestamp // of a counter
}

// Desc is part of prometheus.Metric.
func (s *sample) Desc() *prometheus.Desc { return s.desc }

// Write is part of prometheus.Metric.
func (s *sample) Write(out *dto.Metric) error {
	out.Label = s.labels
	if s.kind == counter {
		out.Counter = &dto.Counter{Value: &s.value, CreatedTimestamp: s.created}
	} else {
		out.Gauge = &dto.Gauge{Value: &s.value}
	}
	return nil
}

// labels makes label pairs, sorted by name, from names and values in turn.
func labels(namesAndValues ...string) []*dto.LabelPair {
	pairs := make([]*dto.LabelPair, 0, len(namesAndValues)/2)
	for pair := range slices.Chunk(namesAndValues, 2) {
		pairs = append(pairs, &dto.LabelPair{Name: &pair[0], Value: &pair[1]})
	}
	slices.SortFunc(pairs, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return pairs
}

// samples sends the values of one metric of one target.
type samples struct {
	out     chan<- prometheus.Metric
	row     *row
	labels  []*dto.LabelPair
	created *timestamppb.Timestamp
}

func (s *samples) add(value float64) {
	s.out <- &sample{desc: s.row.desc, labels: s.labels, kind: s.row.kind, value: value, created: s.created}
}

// addLabeled sends a value of a metric with one more label.
func (s *samples) addLabeled(label string, value float64) {
	// One allocation holds all three, because a resource has many of them at every scrape.
	one := &struct {
		sample sample
		pair   dto.LabelPair
		label  string
	}{label: label}
	one.pair.Name, one.pair.Value = &s.row.label, &one.label
	pairs, more := make([]*dto.LabelPair, 0, len(s.labels)+1), &one.pair
	for _, pair := range s.labels {
		if more != nil && s.row.label < pair.GetName() {
			pairs, more = append(pairs, more), nil
		}
		pairs = append(pairs, pair)
	}
	if more != nil {
		pairs = append(pairs, more)
	}
	one.sample = sample{desc: s.row.desc, labels: pairs, kind: s.row.kind, value: value, created: s.created}
	s.out <- &one.sample
}

// addHistogram sends a histogram that counted this share of all values.
func (s *samples) addHistogram(h *Histogram, coverage float64) {
	s.out <- histogramMetric{desc: s.row.desc, labels: s.labels, histogram: h, coverage: coverage}
}
