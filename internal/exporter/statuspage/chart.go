package statuspage

import (
	"math"
	"strconv"
	"time"
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

// histogram draws sessions by TTL. Columns of all cards stand at the same places, so that cards can be compared.
func histogram(buckets []Bucket, estimated bool) *columns {
	if last := len(buckets) - 1; last > 0 && math.IsInf(buckets[last].UpTo, 1) && buckets[last].Count == 0 {
		buckets = buckets[:last]
	}
	total, highest, most := 0.0, 0.0, 0
	for i, bucket := range buckets {
		total += bucket.Count
		if bucket.Count > highest {
			highest, most = bucket.Count, i
		}
	}
	if total <= 0 {
		return nil
	}
	drawn := &columns{
		Width: columnPitch * float64(len(buckets)), Height: plotHeight + labelHeight, Base: plotHeight,
		Most: percent(buckets[most].Count/total) + " " + between(buckets, most),
	}
	drawn.Label = "TTL of the listed sessions: " + drawn.Most
	for i, bucket := range buckets {
		left := columnPitch * float64(i)
		if i%2 == 1 { // there is no room for all
			drawn.Ticks = append(drawn.Ticks, tick{X: left + columnPitch/2, Y: drawn.Height - 2, Text: bound(bucket.UpTo)})
		}
		if bucket.Count <= 0 {
			continue
		}
		height := tidy(max(2, (plotHeight-2)*bucket.Count/highest))
		drawn.Columns = append(drawn.Columns, rectangle{
			X: left + (columnPitch-columnWidth)/2, Y: tidy(plotHeight - height), Width: columnWidth, Height: height,
			Title: between(buckets, i) + ": " + count(bucket.Count, estimated) + ", " + percent(bucket.Count/total),
		})
	}
	return drawn
}

// between says in words what a bucket holds.
func between(buckets []Bucket, i int) string {
	switch {
	case math.IsInf(buckets[i].UpTo, 1) && i > 0:
		return "over " + span(seconds(buckets[i-1].UpTo))
	case math.IsInf(buckets[i].UpTo, 1):
		return "of any length"
	case i == 0:
		return "up to " + span(seconds(buckets[i].UpTo))
	}
	return "over " + span(seconds(buckets[i-1].UpTo)) + ", up to " + span(seconds(buckets[i].UpTo))
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
