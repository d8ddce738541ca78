package collector

import (
	"math"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// samples sends the values of one metric of one target.
type samples struct {
	out     chan<- prometheus.Metric
	row     *row
	labels  [2]string // resource and operation
	created time.Time // when the target's counters were 0
}

// add sends a value. The label is the value of the metric's own label, if it has one.
func (s *samples) add(value float64, label ...string) {
	values := append(s.labels[:], label...)
	if strings.HasSuffix(s.row.name, "_total") {
		s.out <- prometheus.MustNewConstMetricWithCreatedTimestamp(s.row.desc, prometheus.CounterValue, value, s.created, values...)
		return
	}
	s.out <- prometheus.MustNewConstMetric(s.row.desc, prometheus.GaugeValue, value, values...)
}

// addHistogram sends a histogram that counted this share of all values. Each cumulative count is scaled up and rounded by
// itself, so that the counts ascend.
func (s *samples) addHistogram(h *Histogram, coverage float64) {
	scaled := func(count uint64) uint64 { return uint64(math.Round(float64(count) / coverage)) }
	cumulative, buckets := uint64(0), make(map[float64]uint64, len(h.upperBounds))
	for bound, count := range h.Buckets() {
		if cumulative += count; !math.IsInf(bound, 1) {
			buckets[bound] = scaled(cumulative)
		}
	}
	s.out <- prometheus.MustNewConstHistogram(s.row.desc, scaled(h.count), h.sum/coverage, buckets, s.labels[:]...)
}
