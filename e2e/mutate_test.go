package e2e_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// mutant is an alert that lacks a clause.
type mutant struct {
	alert, name, lacks string
	expression         string
}

// mutants takes each clause of an expression away in turn: of `a and b` and `a or b` one side after the other, of any
// other operation the right-hand side.
func mutants(t *testing.T, alert, expression string) (all []mutant) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
	if err != nil {
		t.Fatalf("%s: %v", alert, err)
	}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		binary, ok := node.(*parser.BinaryExpr)
		if !ok || binary.Type() != parser.ValueTypeVector {
			return nil
		}
		at := binary.PositionRange()
		keep := func(rest, gone parser.Expr) {
			if rest.Type() == parser.ValueTypeVector {
				all = append(all, mutant{
					alert, fmt.Sprintf("%sMutant%d", alert, len(all)), fmt.Sprintf("%s %s", binary.Op, gone),
					expression[:at.Start] + "(" + rest.String() + ")" + expression[at.End:],
				})
			}
		}
		keep(binary.LHS, binary.RHS)
		if binary.Op == parser.LAND || binary.Op == parser.LOR {
			keep(binary.RHS, binary.LHS)
		}
		return nil
	})
	return all
}

type (
	ruleFile struct {
		Groups []struct {
			Name, Interval string
			Rules          []map[string]any
		}
	}
	testFile struct {
		Files    []string `yaml:"rule_files"`
		Interval string   `yaml:"evaluation_interval,omitempty"`
		Order    []string `yaml:"group_eval_order,omitempty"`
		Tests    []map[string]any
	}
)

func decode[T any](t *testing.T, path ...string) (value T) {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(read(t, path...)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%v: %v", path, err)
	}
	return value
}

func encode(t *testing.T, path string, value any) {
	t.Helper()
	text, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(text))
}

// The rule tests notice when a clause of an alert is missing. Every mutant is an alert of its own beside the real ones,
// with the expectations of the alert that it was made of, so that one run of the rule tests judges all of them.
func TestEveryClauseOfAnAlertIsTested(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	rules := decode[ruleFile](t, "prometheus", "alerts.yaml")
	byAlert := map[string][]mutant{}
	for i := range rules.Groups {
		group := &rules.Groups[i]
		for _, rule := range group.Rules {
			alert := rule["alert"].(string)
			for _, m := range mutants(t, alert, rule["expr"].(string)) {
				byAlert[alert] = append(byAlert[alert], m)
				copied := maps.Clone(rule)
				copied["alert"], copied["expr"] = m.name, m.expression
				group.Rules = append(group.Rules, copied)
			}
		}
	}
	encode(t, filepath.Join(folder, "alerts.yaml"), rules)
	write(t, filepath.Join(folder, "rules.yaml"), read(t, "prometheus", "rules.yaml"))

	paths, err := filepath.Glob(filepath.Join(repository, "prometheus", "tests", "*.test.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	if err := os.Mkdir(filepath.Join(folder, "tests"), 0o700); err != nil {
		t.Fatal(err)
	}
	logs := make(chan string, len(paths))
	t.Run("promtool", func(t *testing.T) {
		for _, path := range paths {
			name := filepath.Base(path)
			tests := decode[testFile](t, "prometheus", "tests", name)
			for _, test := range tests.Tests {
				multiply(t, test, byAlert)
			}
			path := filepath.Join(folder, "tests", name)
			encode(t, path, tests)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				log, _ := exec.CommandContext(t.Context(), current(t, "PROMTOOL"), "test", "rules", path).CombinedOutput() // it fails where a mutant is noticed
				logs <- string(log)
			})
		}
	})
	close(logs)
	all := ""
	for log := range logs {
		all += log
	}
	count := 0
	for alert, list := range byAlert {
		// Where the alert itself fails, its mutants would too.
		if regexp.MustCompile(alert + `\b`).MatchString(all) {
			t.Errorf("%s fails its own tests:\n%s", alert, all)
		}
		for _, m := range list {
			count++
			if !regexp.MustCompile(m.name + `\b`).MatchString(all) {
				t.Errorf("%s passes its tests without: %s", m.alert, m.lacks)
			}
		}
	}
	if count == 0 {
		t.Error("no alert has a clause")
	}
	t.Logf("%d clauses of %d alerts", count, len(byAlert))
}

// multiply gives each mutant the expectations of its alert. A question about alerts in general is left out: the mutants
// would be among them.
func multiply(t *testing.T, test map[string]any, byAlert map[string][]mutant) {
	t.Helper()
	for _, kind := range []string{"alert_rule_test", "promql_expr_test"} {
		var all []any
		list, _ := test[kind].([]any)
		for _, element := range list {
			text, err := yaml.Marshal(element)
			if err != nil {
				t.Fatal(err)
			}
			of := fmt.Sprint(element.(map[string]any)["alertname"], element.(map[string]any)["expr"])
			if strings.Contains(of, "alertname!=") {
				continue
			}
			for alert, mutants := range byAlert {
				named := regexp.MustCompile(alert + `\b`)
				if !named.MatchString(of) {
					continue
				}
				all = append(all, element)
				for _, m := range mutants {
					var copied any
					if err := yaml.Unmarshal(named.ReplaceAll(text, []byte(m.name)), &copied); err != nil {
						t.Fatal(err)
					}
					all = append(all, copied)
				}
			}
		}
		test[kind] = all
	}
}
