package e2e_test

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/internal/launch"
)

// contract is every metric that docs/metrics.md promises, a histogram by its family's name.
func contract(t *testing.T) (single, histograms []string) {
	t.Helper()
	row := regexp.MustCompile("(?m)^\\| `(" + prefix + `\w+)` + "` \\| (counter|gauge|histogram) \\|")
	for _, match := range row.FindAllStringSubmatch(read(t, "docs", "metrics.md"), -1) {
		if name := match[1]; match[2] == "histogram" {
			histograms = append(histograms, name)
		} else {
			single = append(single, name)
		}
	}
	return single, histograms
}

const prefix = "face_liveness_"

// The demo under the repository's own prometheus.yml and rules, as they are: what is scraped is what is promised, and
// dashboards and rules find in it all that they ask for. Of the histograms one has native buckets, too, which the current
// Prometheus takes and Debian's does not.
func TestDemo(t *testing.T) {
	t.Parallel()
	demo := startExporter(t, "--demo")
	for name, server := range map[string]struct {
		path     string
		settings string
		native   bool
	}{
		"Debian":  {debian(t), "", false},
		"current": {current(t, "PROMETHEUS"), "scrape_native_histograms: true\n  always_scrape_classic_histograms: true", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Nobody listens there: what is sent to an Alertmanager is another test's subject.
			folder := layOut(t, demo.Host(), freeAddress(t), "1s", server.settings, func(rules string) string { return rules })
			underDemo(t, startPrometheus(t, server.path, folder), server.native)
		})
	}
	t.Cleanup(func() {
		if log := demo.Stderr.String(); strings.Contains(log, "level=error") || strings.Contains(log, "ERR") {
			t.Errorf("the demo has logged an error:\n%s", log)
		}
	})
}

func underDemo(t *testing.T, prometheus database, native bool) {
	t.Helper()
	launch.Eventually(t, "a second scrape", func() bool { return prometheus.holds(`min(count_over_time(face_liveness_sessions[1m])) > 1`) })
	queries := dashboards(t, ".*")
	metrics, histograms := contract(t)
	series := slices.Clone(metrics)
	for _, name := range histograms {
		series = append(series, name+"_bucket", name+"_count", name+"_sum")
	}

	t.Run("every metric of the contract is scraped, and no other", func(t *testing.T) {
		want := slices.Clone(series)
		if native {
			want = append(want, "face_liveness_api_request_duration_seconds")
		}
		var got []string
		prometheus.ask("label/__name__/values", url.Values{"match[]": {`{__name__=~"` + prefix + `.*"}`}}, &got)
		for _, name := range append(want, got...) {
			// No list of the demo has failed yet; the test of a fleet sees why its lists fail.
			if slices.Contains(want, name) != slices.Contains(got, name) && name != "face_liveness_refresh_error" {
				t.Errorf("%s is promised: %v, is scraped: %v", name, slices.Contains(want, name), slices.Contains(got, name))
			}
		}
		prometheus.noExportedLabels()
	})

	t.Run("every rule is evaluated", func(t *testing.T) {
		var rules []rule
		// A group of 1m is evaluated for the first time somewhere in the first minute.
		done := launch.Within(t, 2*launch.Patience, func() bool {
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
			// What the engine has to say about an expression comes with its answer only.
			prometheus.now(r.Query)
		}
	})

	t.Run("every name exists", func(t *testing.T) {
		var known []string
		prometheus.ask("label/__name__/values", nil, &known)
		known = append(known, slices.Concat([]string{"ALERTS"}, series, histograms)...)
		rules := prometheus.rules()
		for _, r := range rules {
			known = append(known, r.Name) // some have no value for days
		}
		check := func(where string, names []string) {
			for _, name := range names {
				if !slices.Contains(known, name) {
					t.Errorf("%s reads %s, which does not exist", where, name)
				}
			}
		}
		shown := new(strings.Builder)
		for _, q := range queries {
			check(q.where, metricNames(t, q.Expr))
			fmt.Fprintln(shown, q.Expr)
		}
		for _, name := range slices.Concat(metrics, histograms) {
			if !regexp.MustCompile(`\b` + name + `(_bucket|_count|_sum)?\b`).MatchString(shown.String()) {
				t.Errorf("%s is on no dashboard", name)
			}
		}
		action, called := regexp.MustCompile(`{{.*?}}`), regexp.MustCompile(`[\w:]*face_liveness_\w+[\w:]*`)
		for _, r := range rules {
			check(r.Name, metricNames(t, r.Query))
			for what, text := range r.Annotations {
				check(r.Name+", "+what, called.FindAllString(strings.Join(action.FindAllString(text, -1), " "), -1))
			}
		}
	})

	t.Run("every query returns data", func(t *testing.T) {
		// At night the demo's customer may have no session that expires for minutes.
		deadline := time.Now().Add(3 * launch.Patience)
		for _, q := range queries {
			var problem string
			ok := launch.Within(t, max(time.Until(deadline), time.Second), func() bool {
				var answer vector
				answer, problem = prometheus.run(q)
				// What looks back to an earlier time, or wants a number of samples, has no data yet.
				young := strings.Contains(q.Expr, " offset ") || strings.Contains(q.Expr, "_samples_total")
				return problem != "" || q.panel.Type == "" || young || answer.hasData()
			})
			switch {
			case problem != "":
				t.Errorf("%s: %s\n%s", q.where, problem, q.Expr)
			case !ok:
				t.Errorf("%s: no data\n%s", q.where, q.Expr)
			}
		}
	})
}
