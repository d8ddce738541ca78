// Package words writes numbers and durations for a person: on the status page and in the reports of the command line.
//
// It must not know what the numbers are of.
package words

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Space keeps a number and its unit in one line.
const Space = "\u00a0"

// Count writes a number without decimals: 1,234,567.
func Count(n float64) string { return humanize.Commaf(math.Round(n)) }

// About is Count with a sign for an estimate.
func About(n float64, estimated bool) string {
	if estimated {
		return "≈" + Space + Count(n)
	}
	return Count(n)
}

// Many writes a number of things: 1 page, 13 pages.
func Many(n float64, noun string) string {
	if text := Count(n); text != "1" {
		return text + Space + noun + "s"
	}
	return "1" + Space + noun
}

// Money writes an amount with two decimals. Only nothing is 0.00.
func Money(amount float64) string {
	if amount > 0 && amount < 0.01 {
		return "under 0.01"
	}
	return humanize.FormatFloat("#,###.##", amount)
}

// Price writes an amount with all of its decimals.
func Price(amount float64) string { return humanize.Commaf(amount) }

// Percent writes a share of 0 to 1 with one decimal. Only none and all are 0 and 100.
func Percent(share float64) string {
	switch value := share * 100; {
	case value > 0 && value < 0.1:
		return "under" + Space + "0.1" + Space + "%"
	case value > 99.9 && value < 100:
		return "over" + Space + "99.9" + Space + "%"
	case value == 0 || value == 100:
		return Count(value) + Space + "%"
	default:
		return strconv.FormatFloat(value, 'f', 1, 64) + Space + "%"
	}
}

// Span writes a duration in its two largest units: 2 min 3 s. A duration below 0 is 0.
func Span(d time.Duration) string {
	d = max(0, d)
	switch {
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + Space + "ms"
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Truncate(100*time.Millisecond).Seconds(), 'f', -1, 64) + Space + "s"
	}
	units := [...]struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	largest := 0
	for d < units[largest].length {
		largest++
	}
	text := ""
	for _, u := range units[largest:min(largest+2, len(units))] {
		if n := d / u.length; n > 0 {
			text += Space + strconv.FormatInt(int64(n), 10) + Space + u.name
		}
		d %= u.length
	}
	return strings.TrimPrefix(text, Space)
}

// Seconds is Span of a number of seconds, rounded.
func Seconds(n float64) string { return Span(time.Duration(math.Round(n)) * time.Second) }

// Ago writes how long ago something was, in whole seconds.
func Ago(d time.Duration) string {
	if d < time.Second {
		return "just now"
	}
	return Span(d.Truncate(time.Second)) + " ago"
}
