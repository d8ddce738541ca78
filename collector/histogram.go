package collector

import (
	"iter"
	"maps"
	"math"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

const (
	// nativeSchema 3 has eight native buckets to a power of two: a quantile is at most 9 % off.
	nativeSchema = 3
	// zeroThreshold is client_golang's: only 0 itself is nearer to 0.
	zeroThreshold = prometheus.DefNativeHistogramZeroThreshold
)

// Histogram counts values of 0 and above into classic and native buckets at once. The zero value is of no use: see
// [NewHistogram].
type Histogram struct {
	upperBounds []float64        // ascending, without +Inf; shared and never written to
	classic     []uint64         // one a bound and one for +Inf, not cumulative
	native      map[int32]uint64 // by index: the bucket ends at 2^(index/8)
	zero        uint64           // values of 0
	count       uint64
	sum         float64
}

// NewHistogram makes an empty histogram. The bounds ascend, without +Inf.
func NewHistogram(upperBounds []float64) *Histogram {
	return &Histogram{upperBounds: upperBounds, classic: make([]uint64, len(upperBounds)+1), native: map[int32]uint64{}}
}

// Observe counts a value. A histogram of a snapshot is not to be changed any more.
func (h *Histogram) Observe(value float64) {
	bucket, _ := slices.BinarySearch(h.upperBounds, value)
	h.classic[bucket]++
	if value <= zeroThreshold {
		h.zero++
	} else {
		h.native[nativeIndex(value)]++
	}
	h.count++
	h.sum += value
}

// Buckets returns the upper bound of every classic bucket, ascending to +Inf, and how many values are in that bucket itself.
func (h *Histogram) Buckets() iter.Seq2[float64, uint64] {
	return func(yield func(float64, uint64) bool) {
		for i, count := range h.classic {
			bound := math.Inf(1)
			if i < len(h.upperBounds) {
				bound = h.upperBounds[i]
			}
			if !yield(bound, count) {
				return
			}
		}
	}
}

// nativeIndex is the index of the native bucket (2^((index-1)/8), 2^(index/8)] that a value above 0 lies in.
func nativeIndex(value float64) int32 {
	fraction, exponent := math.Frexp(value) // value = fraction × 2^exponent, fraction in [0.5, 1)
	within := int32(0)
	for _, bound := range [...]float64{ // 2^(k/8 - 1)
		0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048,
		0.7071067811865475, 0.7711054127039704, 0.8408964152537144, 0.9170040432046711,
	} {
		if fraction <= bound {
			break
		}
		within++
	}
	return within + int32(exponent-1)<<nativeSchema
}

// histogramMetric shows a Histogram with both kinds of buckets, which none of client_golang's constant histograms does,
// and without a created timestamp, because a population is not created at a scrape.
type histogramMetric struct {
	desc      *prometheus.Desc
	labels    []*dto.LabelPair
	histogram *Histogram
	coverage  float64 // the share of all values that the histogram has counted
}

// Desc is part of prometheus.Metric.
func (m histogramMetric) Desc() *prometheus.Desc { return m.desc }

// estimate scales a cumulative count up to all values. Every bucket is the difference of two of them, so that they add up.
func (m histogramMetric) estimate(cumulative uint64) uint64 {
	return uint64(math.Round(float64(cumulative) / m.coverage))
}

// Write is part of prometheus.Metric.
func (m histogramMetric) Write(out *dto.Metric) error {
	h := m.histogram
	shown := &dto.Histogram{
		SampleCount:   new(m.estimate(h.count)),
		SampleSum:     new(h.sum / m.coverage),
		Schema:        new(int32(nativeSchema)),
		ZeroThreshold: new(float64(zeroThreshold)),
		ZeroCount:     new(m.estimate(h.zero)),
		Bucket:        make([]*dto.Bucket, len(h.upperBounds)),
	}
	// One allocation holds all buckets, because they are shown at every scrape.
	buckets := make([]struct {
		bucket dto.Bucket
		count  uint64
	}, len(h.upperBounds))
	cumulative := uint64(0)
	for i := range buckets {
		one := &buckets[i]
		cumulative += h.classic[i]
		one.count = m.estimate(cumulative)
		one.bucket.UpperBound, one.bucket.CumulativeCount = &h.upperBounds[i], &one.count
		shown.Bucket[i] = &one.bucket
	}
	next, before := int32(0), int64(0)
	cumulative = h.zero
	for _, index := range slices.Sorted(maps.Keys(h.native)) {
		if len(shown.PositiveSpan) == 0 || index != next {
			shown.PositiveSpan = append(shown.PositiveSpan, &dto.BucketSpan{Offset: new(index - next), Length: new(uint32(0))})
		}
		*shown.PositiveSpan[len(shown.PositiveSpan)-1].Length++
		below := m.estimate(cumulative)
		cumulative += h.native[index]
		count := int64(m.estimate(cumulative) - below)
		shown.PositiveDelta = append(shown.PositiveDelta, count-before)
		next, before = index+1, count
	}
	out.Label = m.labels
	out.Histogram = shown
	return nil
}
