package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// The exporter has each series that is simulated, with its labels, and each one that a rule reads is simulated. So a metric or a label
// that gets another name is noticed.
func TestSeries(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(200, 1)
	w.traffic.effects = effects{{revoked, begins + hour, begins + 2*hour, 1}}
	w.run(begins + 2*hour)
	// No incident changes these.
	known := []string{"face_liveness_api_monthly_request_budget", "face_liveness_devices", "face_liveness_exporter_config_last_reload_successful", "face_liveness_resource_info"}
	for name, all := range w.db {
		known = append(known, name)
		words := []string{strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count")}
		for _, s := range all {
			s.Metric.Range(func(l labels.Label) { words = append(words, l.Name) })
		}
		for _, word := range words {
			if !slices.Contains([]string{"up", "__name__", "job", "instance", "le"}, word) && !strings.Contains(string(page), "`"+word+"`") {
				t.Errorf("%s: docs/metrics.md has no `%s`", name, word)
			}
		}
	}

	rules, err := read("../rules.yaml", "../alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
			if v, ok := node.(*parser.VectorSelector); ok && !strings.Contains(v.Name, ":") && !slices.Contains(known, v.Name) {
				t.Errorf("%s%s reads %s, which is not simulated", r.Record, r.Alert, v.Name)
			}
			return nil
		})
	}
}
