package board

import (
	"bytes"
	"fmt"
	"path/filepath"
	"text/template"
	"time"
)

// rules fills the template of the recording rules: what several rules have in common is written here, once.
func rules(file string) ([]byte, error) {
	t, err := template.New(filepath.Base(file)).Delims("<<", ">>").Funcs(template.FuncMap{
		"list": func(items ...string) []string { return items },
		"windows": func() []window {
			return []window{{"15m", 15 * time.Minute}, {"1h", time.Hour}, {"6h", 6 * time.Hour}, {"1d", 24 * time.Hour}}
		},
		// Samples are fewer than sessions.
		"samples": func() []window {
			return []window{{"30m", 30 * time.Minute}, {"1h", time.Hour}, {"6h", 6 * time.Hour}, {"1d", 24 * time.Hour}}
		},
		"bands": func() []ttlBand { return []ttlBand{{"15m", "600"}, {"65m", "3600"}, {"245m", "14400"}, {"1d", ""}} },
	}).ParseFiles(file)
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	err = t.Execute(&buffer, nil)
	return buffer.Bytes(), err
}

// window is a time over which the rules count.
type window struct {
	Name   string
	length time.Duration
}

// Seconds is its length.
func (w window) Seconds() float64 { return w.length.Seconds() }

// Half is how much of it refreshes must have covered, in seconds.
func (w window) Half() float64 { return w.length.Seconds() / 2 }

// Interval is the longest refresh interval with which it holds three refreshes, in seconds.
func (w window) Interval() float64 { return w.length.Seconds() / 3 }

// Longer is a range that is longer by so many minutes.
func (w window) Longer(minutes int) string {
	return fmt.Sprintf("%.0fm", w.length.Minutes()+float64(minutes))
}

// ttlBand is the range that holds the creations of the sessions with a TTL of at most so many seconds, a bound of the histogram. Without
// seconds it is that of all others.
type ttlBand struct{ Range, Seconds string }
