package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"face_liveness_exporter/internal/config"
)

// A small document can be a large one where its aliases are followed.
func TestAliasesAreBounded(t *testing.T) {
	var unknown strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&unknown, "f%d: 1, ", i)
	}
	_, _, err := config.Parse([]byte("resources: [&r {"+unknown.String()+"}"+strings.Repeat(", *r", 4000)+"]\n"), environment())
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	if len(problems) != 101 || !strings.HasPrefix(problems[100].Message, "and ") {
		t.Errorf("%d problems, the last one %v", len(problems), problems[len(problems)-1])
	}
	document := "resources:\n- &r {name: a, endpoint: 'https://a.example', key: k, operations: &o [" + strings.Repeat("detectLiveness,", 4000) + "]}\n" +
		strings.Repeat("- {operations: *o}\n", 1000)
	_, _, err = config.Parse([]byte(document), environment())
	if err == nil {
		t.Error("a document of four million values was accepted")
	}
}

// Five thousand resources are within every bound.
func TestManyResourcesAreAccepted(t *testing.T) {
	document := "resources:\n"
	for i := range 5000 {
		document += fmt.Sprintf("- {name: r%d, endpoint: 'https://r%d.cognitiveservices.azure.com', key: %s, api: {page_size: 500}}\n", i, i, canary)
	}
	cfg, warnings := mustParse(t, document)
	if len(cfg.Resources) != 5000 || len(warnings) != 0 {
		t.Errorf("%d resources, %d warnings", len(cfg.Resources), len(warnings))
	}
}

func TestWarningsAreBounded(t *testing.T) {
	document := "resources:\n"
	for i := range 300 {
		document += fmt.Sprintf("- {name: r%d, endpoint: 'https://a.example', key: k}\n", i)
	}
	if _, warnings := mustParse(t, document); len(warnings) != 101 || warnings[100].Message != "and 199 more" || !warnings[100].Warning {
		t.Errorf("%d warnings, the last one %v", len(warnings), warnings[len(warnings)-1])
	}
}
