package config

import (
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v4"
)

// kind is what the value of a setting can be: in words, in code and in JSON Schema. A section has none of them.
type kind struct {
	want    string // completes the sentence "must be …"
	accepts func(*yaml.Node) bool
	schema  map[string]any
	// clean writes an accepted value as the library can decode it; nil if it can as it is.
	clean func(value, folder string) string
	// read tries to read the file that the value names; nil if it names none.
	read func(file string) (Secret, error)
}

// wrong tells what is wrong with a value, without the value; "" if nothing is.
func (k kind) wrong(node *yaml.Node) string {
	switch {
	case isNull(node):
		return "has no value: give it " + k.want + ", or remove the line"
	case !k.accepts(node):
		return "must be " + k.want
	}
	return ""
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }

// decoded accepts what the library can decode, if it is good.
func decoded[T any](good func(T) bool) func(*yaml.Node) bool {
	return func(node *yaml.Node) bool {
		var value T
		return node.Load(&value) == nil && good(value)
	}
}

// octal is a number that the library takes for an octal one, and a reader for a decimal one.
var octal = regexp.MustCompile(`^[+-]?0[0-9_]`)

func decimal[T any](good func(T) bool) func(*yaml.Node) bool {
	return func(node *yaml.Node) bool { return !octal.MatchString(node.Value) && decoded(good)(node) }
}

func integer(lowest, highest int64) kind {
	return kind{
		want:    fmt.Sprintf("a whole number from %d to %d, without quotes", lowest, highest),
		accepts: decimal(func(n int64) bool { return n >= lowest && n <= highest }),
		schema:  map[string]any{"type": "integer", "minimum": lowest, "maximum": highest},
	}
}

// number is finite and above 0, or also 0. The bound is called as in JSON Schema.
func number(bound string) kind {
	want := map[string]string{"minimum": "a finite number, 0 or above, without quotes", "exclusiveMinimum": "a finite number above 0, without quotes"}
	return kind{
		want:    want[bound],
		accepts: decimal(func(n float64) bool { return (n > 0 || n == 0 && bound == "minimum") && !math.IsInf(n, 0) }),
		schema:  map[string]any{"type": "number", bound: 0},
	}
}

func boolean() kind {
	return kind{want: "true or false", accepts: decoded(func(bool) bool { return true }), schema: map[string]any{"type": "boolean"}}
}

func oneOf[T ~string](words ...T) kind {
	return kind{
		want:    "one of: " + commaSeparated(words),
		accepts: func(node *yaml.Node) bool { return slices.Contains(words, T(node.Value)) },
		schema:  map[string]any{"enum": words},
	}
}

// listOf is a list of at least one of the words, each at most once.
func listOf[T ~string](words ...T) kind {
	return kind{
		want: "a list of one or more of " + commaSeparated(words) + ", each once",
		accepts: func(node *yaml.Node) bool {
			return len(node.Content) > 0 && len(node.Content) <= len(words) && decoded(func(given []T) bool {
				slices.Sort(given)
				return len(slices.Compact(given)) == len(node.Content) &&
					!slices.ContainsFunc(given, func(word T) bool { return !slices.Contains(words, word) })
			})(node)
		},
		schema: map[string]any{"type": "array", "items": map[string]any{"enum": words}, "minItems": 1, "uniqueItems": true},
	}
}

func commaSeparated[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, word := range words {
		texts[i] = string(word)
	}
	return strings.Join(texts, ", ")
}

// text is what matches the pattern. Numbers, dates and the like are texts, too.
func text(pattern, want string) kind {
	compiled := regexp.MustCompile(pattern)
	return kind{
		want:    want,
		accepts: decoded(compiled.MatchString),
		schema:  map[string]any{"type": "string", "pattern": pattern},
	}
}

// visible is a character that can be seen.
const visible = `[^\p{Z}\p{C}` + "\ufffd]"

func line() kind {
	return text(`^`+visible+`((`+visible+`| )*`+visible+`)?$`, "text in one line, without white space at its beginning or end")
}

// file is the path of a file. A relative one starts at the folder of the configuration.
func file(read func(string) (Secret, error)) kind {
	k := line()
	k.read = read
	k.clean = func(value, folder string) string {
		if filepath.IsAbs(value) {
			return value
		}
		return filepath.Join(folder, value)
	}
	return k
}

const maxLabels = 32

// labels have names as Prometheus has them by default, and none of its own or ours.
func labels() kind {
	good := func(given map[string]string) bool {
		for label, value := range given {
			if !model.LegacyValidation.IsValidLabelName(label) || strings.HasPrefix(label, model.ReservedLabelPrefix) ||
				slices.Contains(ownLabels, label) || !line().accepts(scalar(value)) {
				return false
			}
		}
		return true
	}
	never := map[string]bool{}
	for _, label := range ownLabels {
		never[label] = false
	}
	return kind{
		want: fmt.Sprintf("`label: value` lines, at most %d, with text for values, and letters, digits and underscores for names; "+
			"none of %s, and none that begins with __", maxLabels, commaSeparated(ownLabels)),
		accepts: func(node *yaml.Node) bool { return len(node.Content) <= 2*maxLabels && decoded(good)(node) },
		schema: map[string]any{
			"type": "object", "maxProperties": maxLabels, "additionalProperties": false, "properties": never,
			"patternProperties": map[string]any{`^([a-zA-Z]|_[a-zA-Z0-9])[a-zA-Z0-9_]*$|^_$`: line().schema},
		},
	}
}

// maxDuration, ten years of 365 days, leaves room for sums and multiples of any configured time.
const maxDuration = 10 * 365 * 24 * time.Hour

func duration() kind {
	return kind{
		want: "a duration with its unit, such as 30s, 5m, 1h30m or 1d, above 0 and at most 10y",
		accepts: func(node *yaml.Node) bool {
			d := parseDuration(node.Value)
			return d > 0 && d <= maxDuration
		},
		schema: map[string]any{"$ref": "#/definitions/setting_duration"},
		clean:  func(value, _ string) string { return parseDuration(value).String() },
	}
}

// parseDuration accepts what Go writes (1.5h, 90s) and what Prometheus writes (1d12h, 2w). It returns 0 for what is no duration.
func parseDuration(s string) time.Duration {
	if value, err := time.ParseDuration(s); err == nil {
		return value
	}
	value, _ := model.ParseDuration(s)
	return time.Duration(value)
}
