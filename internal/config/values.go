package config

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// scalar refuses what is no scalar of one of the tags.
func (d *decoder) scalar(at place, want string, tags ...string) bool {
	switch {
	case isNull(at.node):
		d.refuse(at, "has no value: give it %s, or remove the line", want)
	case at.node.Kind != yaml.ScalarNode || !slices.Contains(tags, at.node.Tag):
		d.refuse(at, "must be %s", want)
	default:
		return true
	}
	return false
}

// ErrEmpty says that a value, or the file that it is in, is empty.
var ErrEmpty = errors.New("is empty")

// text reads a string in one line. A check returns what is wrong, without the value.
func (d *decoder) text(into *string, checks ...func(string) error) func(place) {
	return func(at place) {
		if !d.scalar(at, "text (in quotes where it looks like a number, a date or true)", "!!str") {
			return
		}
		for _, check := range slices.Concat([]func(string) error{plainText}, checks) {
			if err := check(at.node.Value); err != nil {
				d.refuse(at, "%v", err)
				return
			}
		}
		*into = at.node.Value
	}
}

func plainText(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("%w: give it a value, or remove the line", ErrEmpty)
	case strings.ContainsFunc(strings.TrimSpace(s), unicode.IsControl):
		return errors.New("has a line break or another control character: write it in one line")
	case strings.TrimSpace(s) != s:
		return errors.New("has white space or a line break at its beginning or end: remove it")
	}
	return nil
}

// file reads a path; a relative one starts at the configuration's folder.
func (d *decoder) file(into *string) func(place) {
	return func(at place) {
		d.text(into)(at)
		if *into != "" && d.folder != "" && !filepath.IsAbs(*into) {
			*into = filepath.Join(d.folder, *into)
		}
	}
}

// oneOf reads one of a few words.
func oneOf[T ~string](d *decoder, into *T, words ...T) func(place) {
	return func(at place) {
		var word string
		d.text(&word, func(s string) error {
			if !slices.Contains(words, T(s)) {
				return fmt.Errorf("must be one of: %s", commaSeparated(words))
			}
			return nil
		})(at)
		if !d.refused[at.path] {
			*into = T(word)
		}
	}
}

// commaSeparated names the words that a setting can be, for a message.
func commaSeparated[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, word := range words {
		texts[i] = string(word)
	}
	return strings.Join(texts, ", ")
}

func (d *decoder) boolean(into *bool) func(place) {
	return func(at place) {
		if !d.scalar(at, "true or false", "!!bool") {
			return
		}
		value, err := strconv.ParseBool(strings.ToLower(at.node.Value))
		if err != nil {
			d.refuse(at, "must be true or false")
			return
		}
		*into = value
	}
}

// decimal leaves out what readers take for different numbers: 010, 0x10, 1_000.
var decimal = regexp.MustCompile(`^[+-]?(0|[1-9][0-9]*)$`)

// integer reads a whole number from least to most.
func integer[T int | int64](d *decoder, into *T, least, most T) func(place) {
	want := fmt.Sprintf("a whole number from %d to %d, in decimal digits and without quotes", least, most)
	return func(at place) {
		if !d.scalar(at, want, "!!int") {
			return
		}
		value, err := strconv.ParseInt(at.node.Value, 10, 64)
		if err != nil || !decimal.MatchString(at.node.Value) || value < int64(least) || value > int64(most) {
			d.refuse(at, "must be %s", want)
			return
		}
		*into = T(value)
	}
}

// number reads a finite number that is 0 or more, or above 0.
func (d *decoder) number(into *float64, zeroToo bool) func(place) {
	want := "a finite number above 0, without quotes"
	if zeroToo {
		want = "a finite number, 0 or above, without quotes"
	}
	return func(at place) {
		if !d.scalar(at, want, "!!float", "!!int") {
			return
		}
		value, err := strconv.ParseFloat(at.node.Value, 64)
		outside := value < 0 || math.IsNaN(value) || math.IsInf(value, 0) || (value == 0 && !zeroToo)
		if err != nil || outside {
			d.refuse(at, "must be %s", want)
			return
		}
		*into = math.Abs(value) // -0 is 0
	}
}

// duration reads a time above 0.
func (d *decoder) duration(into *time.Duration) func(place) {
	const want = "a duration with its unit, such as 30s, 5m, 1h30m or 1d"
	return func(at place) {
		if at.node.Kind == yaml.ScalarNode && (at.node.Tag == "!!int" || at.node.Tag == "!!float") {
			d.refuse(at, "is a number without a unit: write %s", want)
			return
		}
		if !d.scalar(at, want, "!!str") {
			return
		}
		value, err := parseDuration(at.node.Value)
		switch {
		case err != nil:
			d.refuse(at, "must be %s", want)
		case value <= 0:
			d.refuse(at, "must be above 0: %s", want)
		case value > maxDuration:
			d.refuse(at, "must be at most 10y: %s", want)
		default:
			*into = value
		}
	}
}

// list reads a sequence.
func (d *decoder) list(want string, item func(place)) func(place) {
	return func(at place) {
		switch {
		case isNull(at.node) || (at.node.Kind == yaml.SequenceNode && len(at.node.Content) == 0):
			d.refuse(at, "is empty: it must be %s", want)
		case at.node.Kind != yaml.SequenceNode:
			d.refuse(at, "must be %s", want)
		default:
			if len(at.node.Content) > maxEntries {
				d.refuse(at, "has more than %d entries: it must be %s", maxEntries, want)
				return
			}
			for i, node := range at.node.Content {
				if !d.room(at) {
					return
				}
				item(place{path: fmt.Sprintf("%s[%d]", at.path, i), line: node.Line, node: resolve(node)})
			}
		}
	}
}
