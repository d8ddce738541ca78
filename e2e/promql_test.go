package e2e_test

import (
	"regexp"
	"slices"
	"testing"
)

var (
	promqlStrings  = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|`[^`]*`")
	promqlComments = regexp.MustCompile(`#[^\n]*`)
	promqlMatchers = regexp.MustCompile(`\{[^}]*\}`)
	promqlRanges   = regexp.MustCompile(`\[[^\]]*\]|\boffset\s+-?\w+`)
	promqlLabels   = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)`)
	promqlKeywords = regexp.MustCompile(`^(?i:and|or|unless|bool|group_left|group_right|inf|nan|start|end)$`)
	promqlNames    = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*(\s*\()?`)
	promqlNumbers  = regexp.MustCompile(`\b\d[\w.]*(?:[eE][+-]?\d+)?`)
)

// metricNames are the metrics that an expression reads. It goes by what a name can be followed by, which is enough for
// expressions that Prometheus has accepted and that name metrics outside braces.
func metricNames(expression string) []string {
	for _, skip := range []*regexp.Regexp{
		promqlStrings, promqlComments, promqlMatchers, promqlRanges, promqlLabels, promqlNumbers,
	} {
		expression = skip.ReplaceAllString(expression, " ")
	}
	var names []string
	for _, match := range promqlNames.FindAllStringSubmatch(expression, -1) {
		if name := match[0]; match[1] == "" && !promqlKeywords.MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestMetricNames(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string][]string{
		`up`: {"up"},
		`60 * sum by (resource, code) (rate(face_a_total{resource=~"$resource", b="x}y"}[20m]))`:     {"face_a_total"},
		`max by (r) (increase(a[1h] offset 23h30m)) / on (r) group_left () (r_o:b:rate > 1e3)`:       {"a", "r_o:b:rate"},
		`topk(2, a) or on () label_replace(0 * sum(b), "error_code", "none", "", "") == bool 0`:      {"a", "b"},
		`sum without (code) (a) and ignoring (code) b unless c # d` + "\n" + `* on (x) group_left e`: {"a", "b", "c", "e"},
		`vector(Inf) + time()`: nil,
	} {
		if got := metricNames(expression); !slices.Equal(got, want) {
			t.Errorf("%s reads %q, want %q", expression, got, want)
		}
	}
}
