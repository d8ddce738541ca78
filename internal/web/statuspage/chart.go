package statuspage

import (
	"math"

	"face_liveness_exporter/internal/words"
)

// rectangle is a part of a drawing, in percent of its width and height.
type rectangle struct {
	Class               string
	X, Y, Width, Height float64
}

// smallest is the smallest part of a bar, and lowest the height of a column, in percent, that can be seen.
const smallest, lowest = 0.8, 3

// Bar draws the listed sessions: active ones on the left and those never started on the right, over the expired ones.
func (c *card) Bar() []rectangle {
	all := c.Snapshot.Sessions
	width := func(n uint64) float64 {
		if n == 0 || n == all {
			return 100 * float64(min(n, 1))
		}
		return tidy(min(max(smallest, 100*float64(n)/float64(all)), 100-smallest))
	}
	active, abandoned := width(c.Snapshot.Active()), width(c.Snapshot.Abandoned)
	return []rectangle{
		{Class: "expired", Width: width(all)},
		{Class: "active", Width: active},
		{Class: "abandoned", X: tidy(100 - abandoned), Width: abandoned},
	}
}

// histogram shows sessions by their TTL.
type histogram struct {
	Columns []column
	Highest string // which column is highest
}

// column is a bucket of a histogram. Its name, the upper bound, is only on every second one.
type column struct {
	rectangle
	Middle      float64 // between its sides
	Name, Title string
}

// TTL draws the sessions by TTL; nil if there are none. Columns of all cards stand at the same places, so that cards can be
// compared.
func (c *card) TTL() *histogram {
	highest, buckets := uint64(0), 0.0
	for _, n := range c.Snapshot.TTL.Buckets() {
		highest = max(highest, n)
		buckets++
	}
	if highest == 0 {
		return nil
	}
	drawn, from, pitch := &histogram{}, 0.0, 100/buckets
	for upTo, n := range c.Snapshot.TTL.Buckets() {
		left, height := pitch*float64(len(drawn.Columns)), 0.0
		if n > 0 {
			height = tidy(max(lowest, 100*float64(n)/float64(highest)))
		}
		bar := rectangle{X: tidy(left + pitch/8), Y: tidy(100 - height), Width: tidy(pitch * 3 / 4), Height: height}
		next := column{rectangle: bar, Middle: tidy(left + pitch/2), Title: bucket(from, upTo) + ": " + c.Count(n)}
		if len(drawn.Columns)%2 == 1 { // there is no room for all
			next.Name = words.Seconds(upTo)
		}
		part := c.Share(c.Snapshot.Estimate(n), c.Snapshot.Estimate(c.Snapshot.Sessions))
		if part != "" {
			next.Title += ", " + part
		}
		if n == highest && part != "" {
			drawn.Highest = part + " have a TTL of " + bucket(from, upTo)
		} else if n == highest {
			drawn.Highest = "The most common TTL is " + bucket(from, upTo)
		}
		drawn.Columns = append(drawn.Columns, next)
		from = upTo
	}
	return drawn
}

// bucket says in words what a bucket holds, its bounds in seconds.
func bucket(from, to float64) string {
	switch {
	case math.IsInf(to, 1):
		return "more than " + words.Seconds(from)
	case from == 0:
		return "up to " + words.Seconds(to)
	}
	return words.Seconds(from) + " to " + words.Seconds(to)
}

// tidy keeps the two decimals that are seen.
func tidy(value float64) float64 { return math.Round(100*value) / 100 }
