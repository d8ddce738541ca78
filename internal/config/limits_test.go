package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"face_liveness_exporter/internal/config"
)

// A small document can be a large one if its aliases are followed.
func TestReportsAreBounded(t *testing.T) {
	var unknown strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&unknown, "f%d: 1, ", i)
	}
	document := "resources: [&r {" + unknown.String() + "}" + strings.Repeat(", *r", 900) + "]\n"
	_, _, err := config.Parse([]byte(document), environment())
	var problems config.Problems
	if !errors.As(err, &problems) || len(problems) != 101 || problems[100].Message != "and more" {
		t.Errorf("%d problems", len(problems))
	}
	document = "resources:\n"
	for i := range 300 {
		document += fmt.Sprintf("- {name: r%d, endpoint: 'https://a.example', key: k}\n", i)
	}
	if _, warnings := mustParse(t, document); len(warnings) != 101 || warnings[100].Message != "and more" || !warnings[100].Warning {
		t.Errorf("%d warnings, the last one %v", len(warnings), warnings[len(warnings)-1])
	}
}
