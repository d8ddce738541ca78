package e2e_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// contract is every series name that docs/metrics.md promises.
func contract(t *testing.T) (names []string) {
	t.Helper()
	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\|").FindAllStringSubmatch(string(page), -1) {
		if row[2] == "histogram" {
			names = append(names, row[1]+"_bucket", row[1]+"_count", row[1]+"_sum")
		} else {
			names = append(names, row[1])
		}
	}
	if len(names) < 51 {
		t.Fatalf("docs/metrics.md promises %d series names, and some are missing", len(names))
	}
	return names
}

const prefix = "face_liveness_"

// The demo under the repository's own prometheus.yml and rules, as they are: what is scraped is what is promised, and
// dashboards and rules find in it all that they ask for.
func TestDemo(t *testing.T) {
	t.Parallel()
	demo := startExporter(t, "--demo")
	// Nobody listens there: what is sent to an Alertmanager is another test's subject.
	prometheus := startPrometheus(t, layOut(t, demo.Host(), freeAddress(t), "1s", asTheyAre))
	eventually(t, "a second scrape", func() bool {
		n, _ := prometheus.number(`min(count_over_time(face_liveness_sessions[1m]))`)
		return n >= 2
	})
	queries, variables := dashboards(t)

	t.Run("every metric of the contract is scraped, and no other", func(t *testing.T) {
		want := contract(t)
		got := prometheus.labelValues("__name__", `{__name__=~"`+prefix+`.*"}`)
		slices.Sort(got)
		for _, name := range want {
			if !slices.Contains(got, name) {
				t.Errorf("%s is promised and is not scraped", name)
			}
		}
		for _, name := range got {
			if !slices.Contains(want, name) {
				t.Errorf("%s is scraped and not promised", name)
			}
		}
		prometheus.noExportedLabels()
	})

	t.Run("every rule is evaluated", func(t *testing.T) {
		var rules []rule
		// A group of 1m is evaluated for the first time somewhere in the first minute.
		done := within(t, 2*patience, func() bool {
			rules = prometheus.rules()
			return !slices.ContainsFunc(rules, func(r rule) bool { return r.LastEvaluation.IsZero() })
		})
		if !done || len(rules) == 0 {
			t.Errorf("%d rules, all evaluated: %v", len(rules), done)
		}
		for _, r := range rules {
			if r.Health != "ok" {
				t.Errorf("%s: %s %s", r.Name, r.Health, r.LastError)
			}
		}
	})

	t.Run("every name exists", func(t *testing.T) {
		there := prometheus.labelValues("__name__")
		there = append(there, "ALERTS")
		rules := prometheus.rules()
		for _, r := range rules {
			if r.Type == "recording" {
				there = append(there, r.Name) // some have no value for days
			}
		}
		shown := map[string]bool{}
		check := func(where string, names []string) {
			for _, name := range names {
				shown[name] = true
				// A native histogram is read by the name of its family.
				if !slices.Contains(there, name) && !slices.Contains(there, name+"_bucket") {
					t.Errorf("%s reads %s, which does not exist", where, name)
				}
			}
		}
		for _, q := range queries {
			check(q.where, metricNames(t, q.expression))
		}
		for _, v := range variables {
			check(v.where, metricNames(t, v.selector))
		}
		for _, name := range there {
			family := regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(name, "")
			if strings.HasPrefix(name, prefix) && !slices.ContainsFunc([]string{name, family, family + "_bucket"}, func(n string) bool { return shown[n] }) {
				t.Errorf("%s is on no dashboard", name)
			}
		}
		action, called := regexp.MustCompile(`{{.*?}}`), regexp.MustCompile(`[\w:]*face_liveness_\w+[\w:]*`)
		for _, r := range rules {
			check(r.Name, metricNames(t, r.Query))
			for what, text := range r.Annotations {
				for _, template := range action.FindAllString(text, -1) {
					check(r.Name+", "+what, called.FindAllString(template, -1))
				}
			}
		}
	})

	t.Run("every variable has values", func(t *testing.T) {
		for _, v := range variables {
			if len(prometheus.labelValues(v.label, v.selector)) == 0 {
				t.Errorf("%s: %s{…} has no label %s", v.where, v.selector, v.label)
			}
		}
	})

	t.Run("every query returns data", func(t *testing.T) {
		// At night the demo's customer may have no session that expires for minutes.
		deadline := time.Now().Add(3 * patience)
		for _, q := range queries {
			var problem string
			ok := within(t, max(time.Until(deadline), time.Second), func() bool {
				var answer vector
				answer, problem = prometheus.run(q)
				// What is compared with an earlier time has no data yet.
				return problem != "" || q.annotation || strings.Contains(q.expression, " offset ") || answer.hasData()
			})
			switch {
			case problem != "":
				t.Errorf("%s: %s\n%s", q.where, problem, q.expression)
			case !ok:
				t.Errorf("%s: no data\n%s", q.where, q.expression)
			}
		}
		t.Logf("%d queries", len(queries))
	})

	if log := demo.Stderr.String(); strings.Contains(log, "level=error") || strings.Contains(log, "ERR") {
		t.Errorf("the demo has logged an error:\n%s", log)
	}
}
