package e2e_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// dashboardQuery is a query of a panel or of an annotation, its variables filled in.
type dashboardQuery struct {
	where      string // dashboard, panel
	expression string
	instant    bool
	annotation bool // has data only where there is something to mark
	panel      panel
}

// panel is what a test has to know of a panel.
type panel struct {
	Title, Type string
	Options     struct {
		Legend struct{ ShowLegend bool }
		SortBy []struct {
			DisplayName string
			Desc        bool
		}
	}
	FieldConfig struct {
		Defaults struct {
			Thresholds struct {
				Steps []struct {
					Value float64 // the first step's is null
					Color string
				}
			}
		}
	}
}

// color is the colour that the thresholds give a value.
func (p panel) color(value float64) (color string) {
	for i, step := range p.FieldConfig.Defaults.Thresholds.Steps {
		if i == 0 || value >= step.Value {
			color = step.Color
		}
	}
	return color
}

// variable is a question for the values of a label.
type variable struct{ where, selector, label string }

var labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)

// dashboards reads all of them, with these resources selected, a regular expression: whatever has an `expr` is a query,
// wherever it stands.
func dashboards(t *testing.T, resources string) (queries []dashboardQuery, variables []variable) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(repository, "grafana", "dashboards", "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	for _, path := range paths {
		name := filepath.Base(path)
		var dashboard map[string]any
		if err := json.Unmarshal([]byte(read(t, "grafana", "dashboards", name)), &dashboard); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		templating, _ := dashboard["templating"].(map[string]any)
		list, _ := templating["list"].([]any)
		var fill []string
		for _, element := range list {
			v, _ := element.(map[string]any)
			if v["type"] != "query" {
				continue
			}
			all, ok := v["allValue"].(string)
			if !ok {
				all = ".+"
			}
			if v["name"] == "resource" {
				all = resources
			}
			fill = append(fill, "$"+v["name"].(string), all)
			definition, _ := v["definition"].(string)
			question, _ := v["query"].(map[string]any)
			match := labelValues.FindStringSubmatch(definition)
			if match == nil || question["query"] != definition {
				t.Errorf("%s: the variable %v asks %v, defined as %q", name, v["name"], question["query"], definition)
				continue
			}
			variables = append(variables, variable{name + ", $" + v["name"].(string), match[1], match[2]})
		}
		replacer := strings.NewReplacer(fill...)
		for i := range variables {
			variables[i].selector = replacer.Replace(variables[i].selector)
		}
		found := queriesIn(t, dashboard, name, false, panel{})
		if len(found) == 0 {
			t.Errorf("%s has no query", name)
		}
		for _, q := range found {
			q.expression = replacer.Replace(q.expression)
			if strings.Contains(q.expression, "$") {
				t.Errorf("%s: a variable that the dashboard does not have: %s", q.where, q.expression)
			}
			queries = append(queries, q)
		}
	}
	return queries, variables
}

// queriesIn finds the queries below a node of a dashboard.
func queriesIn(t *testing.T, node any, where string, annotation bool, in panel) (found []dashboardQuery) {
	t.Helper()
	switch node := node.(type) {
	case []any:
		for _, element := range node {
			found = append(found, queriesIn(t, element, where, annotation, in)...)
		}
	case map[string]any:
		if _, ok := node["gridPos"]; ok {
			text, err := json.Marshal(node)
			if err == nil {
				in = panel{}
				err = json.Unmarshal(text, &in)
			}
			if err != nil {
				t.Fatalf("%s: %v", where, err)
			}
		}
		for _, key := range []string{"title", "refId"} {
			if text, ok := node[key].(string); ok {
				where += ", " + text
			}
		}
		if expression, ok := node["expr"].(string); ok {
			if name, ok := node["name"].(string); ok {
				where += ", " + name
			}
			instant, _ := node["instant"].(bool)
			found = append(found, dashboardQuery{where, expression, instant, annotation, in})
		}
		for key, child := range node {
			found = append(found, queriesIn(t, child, where, annotation || key == "annotations", in)...)
		}
	}
	return found
}
