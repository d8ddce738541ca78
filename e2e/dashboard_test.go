package e2e_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// dashboard is what a test has to know of one. A row that is closed has its panels inside.
type dashboard struct {
	Panels      []panel
	Annotations struct {
		List []struct{ Name, Expr string }
	}
	Templating struct {
		List []struct{ Type, Name, Definition, AllValue string }
	}
}

type panel struct {
	Title, Type string
	Panels      []panel
	Targets     []target
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

type target struct {
	RefID   string
	Expr    string
	Instant bool
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

// dashboardQuery is a query of a panel, of an annotation or for the values of a variable, the other variables filled in.
type dashboardQuery struct {
	target

	board string
	where string // dashboard, panel, query
	panel panel  // without a type for an annotation, which has data only if there is something to mark
}

var labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)

// dashboards reads the queries of all of them, with the resources selected that a regular expression matches.
func dashboards(t *testing.T, resources string) (queries []dashboardQuery) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(repository, "grafana", "dashboards", "*.json"))
	if err != nil || len(paths) < 2 {
		t.Fatalf("no dashboards: %v", err)
	}
	for _, path := range paths {
		name := filepath.Base(path)
		text := read(t, "grafana", "dashboards", name)
		var board dashboard
		if err := json.Unmarshal([]byte(text), &board); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var fill []string
		add := func(p panel, title string, query target) {
			query.Expr = strings.NewReplacer(fill...).Replace(query.Expr)
			if query.Expr == "" || strings.Contains(query.Expr, "$") {
				t.Errorf("%s, %s: a variable that the dashboard does not have, or no query: %s", name, title, query.Expr)
			}
			queries = append(queries, dashboardQuery{query, name, strings.Join([]string{name, title, query.RefID}, ", "), p})
		}
		for _, v := range board.Templating.List {
			if v.Type != "query" {
				continue
			}
			if v.Name == "resource" {
				v.AllValue = resources
			}
			match := labelValues.FindStringSubmatch(v.Definition)
			if match == nil {
				t.Fatalf("%s: the variable %s is defined as %q", name, v.Name, v.Definition)
			}
			// What has no such label is no value.
			add(panel{Type: "variable"}, "$"+v.Name, target{Expr: fmt.Sprintf("group by (%[2]s) (%[1]s) unless on (%[2]s) vector(0)", match[1], match[2]), Instant: true})
			fill = append(fill, "$"+v.Name, v.AllValue)
		}
		before := len(queries)
		for _, p := range board.Panels {
			for _, p := range append(p.Panels, p) {
				for _, query := range p.Targets {
					add(p, p.Title, query)
				}
			}
		}
		for _, a := range board.Annotations.List {
			if a.Expr != "" {
				add(panel{}, a.Name, target{Expr: a.Expr})
			}
		}
		if n := strings.Count(text, `"expr":`); n == 0 || n != len(queries)-before {
			t.Errorf("%s has %d queries, and %d were found", name, n, len(queries)-before)
		}
	}
	return queries
}
