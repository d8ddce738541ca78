package e2e_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// metricNames are the metrics that an expression reads.
func metricNames(t *testing.T, expression string) []string {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	names := map[string]bool{}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			names[selector.Name] = true
		}
		return nil
	})
	return slices.Sorted(maps.Keys(names))
}

func TestMetricNames(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string][]string{
		`60 * sum by (resource) (rate(a_total{b="x}y"}[20m] offset 1h)) / on (r) group_left () r_o:b:rate`: {"a_total", "r_o:b:rate"},
		`vector(Inf) + time()`: nil,
	} {
		if got := metricNames(t, expression); !slices.Equal(got, want) {
			t.Errorf("%s reads %q, want %q", expression, got, want)
		}
	}
}
