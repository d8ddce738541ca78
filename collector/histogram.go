package collector

import (
	"iter"
	"math"
	"slices"
)

// Histogram counts values by bucket. The zero value is of no use: see [NewHistogram].
type Histogram struct {
	upperBounds []float64 // ascending, without +Inf; shared and never written to
	counts      []uint64  // one for each bound and one for +Inf, not cumulative
	count       uint64
	sum         float64
}

// NewHistogram makes an empty histogram. The bounds ascend, without +Inf.
func NewHistogram(upperBounds []float64) *Histogram {
	return &Histogram{upperBounds: upperBounds, counts: make([]uint64, len(upperBounds)+1)}
}

// Observe counts a value. A histogram that others can see, such as that of a snapshot, must not change any more.
func (h *Histogram) Observe(value float64) {
	bucket, _ := slices.BinarySearch(h.upperBounds, value)
	h.counts[bucket]++
	h.count++
	h.sum += value
}

func (h *Histogram) clone() *Histogram {
	another := *h
	another.counts = slices.Clone(h.counts)
	return &another
}

// Buckets returns the upper bound of every bucket, ascending to +Inf, and how many values are in that bucket itself.
func (h *Histogram) Buckets() iter.Seq2[float64, uint64] {
	return func(yield func(float64, uint64) bool) {
		for i, count := range h.counts {
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
