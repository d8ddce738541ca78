package statuspage

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"face_liveness_exporter/internal/explain"
)

// manyFailures in a row do not pass by themselves.
const manyFailures = 5

// failing reports whether the last finished refresh failed.
func (l *List) failing() bool { return l.Health.LastError != nil }

// Lasting reports whether refreshes have failed for long.
func (c *card) Lasting() bool { return c.Health.FailuresInRow >= manyFailures }

// Failure is why the last refresh failed; nil if it did not.
func (c *card) Failure() *explain.Explanation {
	if !c.failing() {
		return nil
	}
	e := explain.Of(c.Health.LastError)
	if c.Lasting() {
		e.Remedy = strings.TrimPrefix(strings.TrimPrefix(e.Remedy, explain.TryAgain), ". Else ")
	}
	return &e
}

// sentence begins a text with a capital letter and ends it with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(text[size:], ".") + "."
}
