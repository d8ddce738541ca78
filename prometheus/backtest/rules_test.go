package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// A rule reads what an earlier one records, under its name and with its labels. An alert fires once its condition has been true for
// long enough, and goes on until it has been false for long enough.
func TestEvaluation(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	text := `groups:
- name: g
  rules:
  - {record: "x:m:max", expr: max by (x) (m), labels: {window: 1h}}
  - {alert: A, expr: 'x:m:max{x="1",window="1h"} > 0', for: 2m, keep_firing_for: 3m, labels: {severity: info}}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rules, err := read(path)
	if err != nil {
		t.Fatal(err)
	}
	db := database{}
	on := []int{0, 1, 10, 11, 12, 13, 16, 30, 31, 32, 37, 38, 39}
	for _, instance := range []string{"off", "on"} {
		s := db.series(labels.FromStrings("__name__", "m", "x", "1", "instance", instance))
		for minute := range 50 {
			p := promql.FPoint{T: clock(minute).UnixMilli()}
			if instance == "on" && slices.Contains(on, minute) {
				p.F = 1
			}
			s.Floats = append(s.Floats, p)
		}
	}
	got, err := evaluate(db, rules, 0, 5, 49, 1)
	if want := []firing{{"A", "info", 10, 12, 17}, {"A", "info", 30, 32, 33}, {"A", "info", 37, 39, 40}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
