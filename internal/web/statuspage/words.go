package statuspage

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// nbsp keeps a number and its unit in one line.
const nbsp = "\u00a0"

// anchors are the ids that are taken.
type anchors map[string]int

// of makes an id of a name: the same one each time, as long as no other name makes it.
func (a anchors) of(name string) string {
	id := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, name)
	a[id]++
	if n := a[id]; n > 1 {
		return id + "-" + strconv.Itoa(n)
	}
	return id
}

// number writes a count with its thousands apart: 1,234,567.
func number(value float64) string {
	return grouped(strconv.FormatFloat(math.Round(value), 'f', 0, 64))
}

// count is a number that says where it is an estimate.
func count(value float64, estimated bool) string {
	if estimated {
		return "≈" + nbsp + number(value)
	}
	return number(value)
}

// money writes an amount of an unknown currency with two decimals.
func money(value float64) string {
	if value > 0 && value < 0.01 {
		return "under 0.01"
	}
	return grouped(strconv.FormatFloat(value, 'f', 2, 64))
}

// price writes an amount as it was configured, with at least two decimals.
func price(value float64) string {
	exact := strconv.FormatFloat(value, 'f', -1, 64)
	if _, decimals, _ := strings.Cut(exact, "."); len(decimals) > 2 {
		return grouped(exact)
	}
	return grouped(strconv.FormatFloat(value, 'f', 2, 64))
}

// grouped puts a comma before every third digit of the integer part.
func grouped(digits string) string {
	whole, decimals, fraction := strings.Cut(digits, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction {
		whole += "." + decimals
	}
	return whole
}

// percent writes a share with one decimal. Only none and all are written as 0 and 100.
func percent(share float64) string {
	switch value := share * 100; {
	case value > 0 && value < 0.1:
		return "under" + nbsp + "0.1" + nbsp + "%"
	case value > 99.9 && value < 100:
		return "over" + nbsp + "99.9" + nbsp + "%"
	case value == 0 || value == 100:
		return strconv.FormatFloat(value, 'f', 0, 64) + nbsp + "%"
	default:
		return tenths(value) + nbsp + "%"
	}
}

// telling is the number of sessions above which a share of them says something, as in the dashboards and alerts.
const telling = 20

// share writes the share that a part has of a whole. It is empty where too few of the whole were seen; the others are
// estimated.
func share(part, whole, seen float64) string {
	if seen <= telling {
		return ""
	}
	return percent(part / whole)
}

func tenths(value float64) string { return strconv.FormatFloat(value, 'f', 1, 64) }

// span writes a duration in its two largest units: 2 min 3 s. What lies below 0 is 0.
func span(d time.Duration) string {
	d = max(0, d)
	switch {
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + nbsp + "ms"
	case d < 10*time.Second:
		return strings.TrimSuffix(strconv.FormatFloat(d.Truncate(100*time.Millisecond).Seconds(), 'f', 1, 64), ".0") + nbsp + "s"
	}
	units := [...]struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	for i, u := range units {
		if d < u.unit {
			continue
		}
		text := strconv.FormatInt(int64(d/u.unit), 10) + nbsp + u.name
		if rest := d % u.unit; i+1 < len(units) && rest >= units[i+1].unit {
			text += nbsp + strconv.FormatInt(int64(rest/units[i+1].unit), 10) + nbsp + units[i+1].name
		}
		return text
	}
	return ""
}

// ago writes how long ago something was, in whole seconds.
func ago(d time.Duration) string {
	if d < time.Second {
		return "just now"
	}
	return span(d.Truncate(time.Second)) + " ago"
}

// between writes the range of a bucket: 5 to 10 min.
func between(from, to time.Duration) string {
	low, high := span(from), span(to)
	if value, unit, _ := strings.Cut(low, nbsp); strings.HasSuffix(high, nbsp+unit) && !strings.Contains(unit, nbsp) {
		low = value
	}
	return low + " to " + high
}

// instant writes a point in time to the second.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// many writes a number with its noun.
func many(value float64, noun string) string {
	if math.Round(value) == 1 {
		return "1" + nbsp + noun
	}
	return number(value) + nbsp + noun + "s"
}

// sentence begins with a capital and ends with a full stop.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	if !strings.ContainsAny(text[len(text)-1:], ".!?") {
		text += "."
	}
	// A setting is written as it is configured.
	if word, _, _ := strings.Cut(text, " "); strings.ContainsAny(strings.TrimSuffix(word, "."), "._") {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}
