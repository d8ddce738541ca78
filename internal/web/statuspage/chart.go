package statuspage

import (
	"math"
	"strconv"
	"strings"
	"time"

	"face_liveness_exporter/collector"
)

// rectangle is a part of a drawing, in the drawing's own units.
type rectangle struct {
	Class               string
	X, Y, Width, Height float64
	Title               string // what a pointer that rests on it is told
}

// least is the smallest share of a bar that is still seen.
const least = 0.008

// stacked puts counts side by side into a bar that is 100 wide. A count above 0 is always seen.
func stacked(height float64, parts ...rectangle) []rectangle {
	total := 0.0
	for _, part := range parts {
		total += part.Width
	}
	if total <= 0 {
		return nil
	}
	seen := 0.0
	for i, part := range parts {
		if part.Width > 0 {
			parts[i].Width = max(part.Width/total, least)
		}
		seen += parts[i].Width
	}
	drawn, x := parts[:0], 0.0
	for _, part := range parts {
		if part.Width <= 0 {
			continue
		}
		part.X, part.Width, part.Height = tidy(x), tidy(100*part.Width/seen), height
		x += part.Width
		drawn = append(drawn, part)
	}
	return drawn
}

const (
	columnPitch, columnWidth = 22.0, 17.0
	plotHeight               = 56.0
	labelHeight              = 14.0
)

// columns is a histogram.
type columns struct {
	Width, Height, Base float64
	Columns             []rectangle
	Ticks               []tick
	// Label says in words what is drawn, and Most which column is highest.
	Label, Most string
}

// tick names the upper bound of a column.
type tick struct {
	X, Y float64
	Text string
}

// histogram draws sessions by TTL; nil where there are none. Columns of all cards stand at the same places, so that cards
// can be compared.
func histogram(s *collector.Snapshot) *columns {
	type bucket struct {
		name, tick string
		count      uint64
	}
	var buckets []bucket
	highest, most, before := uint64(0), 0, 0.0
	for upTo, n := range s.TTL.Buckets() {
		if math.IsInf(upTo, 1) && n == 0 {
			break
		}
		if n > highest {
			highest, most = n, len(buckets)
		}
		buckets = append(buckets, bucket{named(before, upTo), bound(upTo), n})
		before = upTo
	}
	if highest == 0 {
		return nil
	}
	all := float64(s.Sessions)
	of := func(n uint64) string { return share(float64(n), all, all) }
	drawn := &columns{
		Width: columnPitch * float64(len(buckets)), Height: plotHeight + labelHeight, Base: plotHeight,
		Most: of(highest) + " have a TTL of " + buckets[most].name,
	}
	if s.Sessions <= telling {
		drawn.Most = "The most common TTL is " + buckets[most].name
	}
	drawn.Label = "TTL of the listed sessions: " + drawn.Most
	for i, bucket := range buckets {
		left := columnPitch * float64(i)
		if i%2 == 1 { // there is no room for all
			drawn.Ticks = append(drawn.Ticks, tick{X: left + columnPitch/2, Y: drawn.Height - 2, Text: bucket.tick})
		}
		if bucket.count == 0 {
			continue
		}
		height := tidy(max(2, (plotHeight-2)*float64(bucket.count)/float64(highest)))
		drawn.Columns = append(drawn.Columns, rectangle{
			X: left + (columnPitch-columnWidth)/2, Y: tidy(plotHeight - height), Width: columnWidth, Height: height,
			Title: strings.TrimSuffix(bucket.name+": "+count(s.Estimate(bucket.count), !s.Complete())+", "+of(bucket.count), ", "),
		})
	}
	return drawn
}

// named says in words what a bucket holds, its bounds in seconds.
func named(from, to float64) string {
	switch {
	case math.IsInf(to, 1):
		return "more than " + span(seconds(from))
	case from == 0:
		return "at most " + span(seconds(to))
	}
	return between(seconds(from), seconds(to))
}

// bound is a short label for so many seconds.
func bound(upTo float64) string {
	switch whole := func(unit float64) string { return strconv.FormatFloat(upTo/unit, 'f', -1, 64) }; {
	case math.IsInf(upTo, 1):
		return "more"
	case upTo < 60:
		return whole(1) + "s"
	case upTo < 3600:
		return whole(60) + "m"
	default:
		return whole(3600) + "h"
	}
}

func seconds(value float64) time.Duration { return time.Duration(value * float64(time.Second)) }

// tidy keeps the two decimals that are seen.
func tidy(value float64) float64 { return math.Round(100*value) / 100 }
