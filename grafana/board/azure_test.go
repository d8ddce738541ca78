package board_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// decoded is a file of the repository, as it is.
func decoded(t *testing.T, unmarshal func([]byte, any) error, path ...string) (value any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	if err := unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// at follows the keys down a decoded file. What is not there is nil.
func at(value any, keys ...string) any {
	for _, key := range keys {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return value
}

func all(value any) []any { list, _ := value.([]any); return list }

// Azure evaluates the same rules: each with the same expression, durations, labels and annotations, in the same order.
func TestAzureHasEveryRule(t *testing.T) {
	t.Parallel()
	var want []any
	for _, file := range []string{"rules.yaml", "alerts.yaml"} {
		read := yaml.Unmarshal
		for _, group := range all(at(decoded(t, read, "prometheus", file), "groups")) {
			want = append(want, all(at(group, "rules"))...)
		}
	}
	var got []any
	names := map[any]bool{}
	template := decoded(t, json.Unmarshal, "prometheus", "azure", "rules.json")
	for _, group := range all(at(template, "resources")) {
		rules := all(at(group, "properties", "rules"))
		name := at(group, "name")
		if len(rules) == 0 || len(rules) > 20 || names[name] || at(group, "properties", "interval") != "PT1M" {
			t.Errorf("%v: %d rules every %v; the name is taken: %v", name, len(rules), at(group, "properties", "interval"), names[name])
		}
		names[name] = true
		got = append(got, rules...)
	}
	if len(want) < 50 || len(got) != len(want) {
		t.Fatalf("%d rules for Azure and %d for Prometheus", len(got), len(want))
	}
	duration := func(value any) any {
		if text, ok := value.(string); ok {
			return strings.ToLower(strings.TrimPrefix(text, "PT"))
		}
		return nil
	}
	severities := map[any]any{"critical": 0.0, "warning": 2.0, "info": 3.0, nil: nil}
	for i, rule := range want {
		azure := got[i]
		for what, both := range map[string][2]any{
			"record":          {at(azure, "record"), at(rule, "record")},
			"alert":           {at(azure, "alert"), at(rule, "alert")},
			"expression":      {at(azure, "expression"), at(rule, "expr")},
			"for":             {duration(at(azure, "for")), at(rule, "for")},
			"keep_firing_for": {duration(at(azure, "resolveConfiguration", "timeToResolve")), at(rule, "keep_firing_for")},
			"labels":          {at(azure, "labels"), at(rule, "labels")},
			"annotations":     {at(azure, "annotations"), at(rule, "annotations")},
			"severity":        {at(azure, "severity"), severities[at(rule, "labels", "severity")]},
		} {
			if !reflect.DeepEqual(both[0], both[1]) {
				t.Errorf("rule %d, %s: Azure has %v, Prometheus %v", i, what, both[0], both[1])
			}
		}
		// What begins with a bracket is an expression of the template.
		if text, _ := at(azure, "expression").(string); strings.HasPrefix(text, "[") {
			t.Errorf("rule %d: Azure would evaluate %s itself", i, text)
		}
		if acts := len(all(at(azure, "actions"))) == 1; acts != (at(rule, "alert") != nil) {
			t.Errorf("rule %d calls the action group: %v", i, acts)
		}
	}
}
