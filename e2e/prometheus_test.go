package e2e_test

import (
	"encoding/json"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

// database is a Prometheus, running.
type database struct{ *program }

// debian is the Prometheus that Debian has, the oldest that is supported.
func debian(t *testing.T) string {
	t.Helper()
	return installed(t, "prometheus", "prometheus")
}

// current is a program of the Prometheus of today, which make builds and names in a variable.
func current(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s names no program: use `make e2e` or `make mutate`", variable)
	}
	return path
}

// startPrometheus runs a Prometheus on what lies in a folder: prometheus.yml and what that names.
func startPrometheus(t *testing.T, path, folder string) database {
	t.Helper()
	address := freeAddress(t)
	p := start(t, "prometheus", path, "--config.file="+filepath.Join(folder, "prometheus.yml"),
		"--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+address, "--log.level=warn")
	p.Base = "http://" + address
	p.Serves("/-/ready")
	return database{p}
}

// layOut puts a copy of the repository's prometheus.yml and rules into a folder. Of the configuration only what must
// differ does: the addresses, how often is scraped, and global settings where some are given.
func layOut(t *testing.T, exporter, alertmanager, every, settings string, rules func(string) string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	config := adapted(t, read(t, "prometheus", "prometheus.yml"), every, change{`localhost:9093`, alertmanager}, change{`localhost:10520`, exporter})
	if settings != "" {
		config = strings.Replace(config, "\nglobal:\n", "\nglobal:\n  "+settings+"\n", 1)
	}
	write(t, filepath.Join(folder, "prometheus.yml"), config)
	for _, name := range []string{"rules.yaml", "alerts.yaml"} {
		write(t, filepath.Join(folder, name), rules(read(t, "prometheus", name)))
	}
	return folder
}

// change is a regular expression that a configuration matches once, and what a test has in its place.
type change struct{ from, to string }

// adapted is a configuration that scrapes and evaluates at another interval.
func adapted(t *testing.T, config, every string, changes ...change) string {
	t.Helper()
	for _, change := range append(changes,
		change{`scrape_interval: \S+`, "scrape_interval: " + every},
		change{`evaluation_interval: \S+`, "evaluation_interval: " + every},
		change{`scrape_timeout: \S+`, "scrape_timeout: " + every},
	) {
		found := regexp.MustCompile(`(?m)^([^#\n]*)\b` + change.from)
		if n := len(found.FindAllString(config, -1)); n != 1 {
			t.Fatalf("the configuration has %d times %s, want it once", n, change.from)
		}
		config = found.ReplaceAllString(config, "${1}"+change.to)
	}
	return config
}

// ask gets a path of Prometheus's API, and fails the test if that is refused or warned of.
func (d database) ask(path string, query url.Values, data any) {
	d.t.Helper()
	if problem := d.try(path, query, data); problem != "" {
		d.t.Fatalf("%s %s: %s", path, query.Encode(), problem)
	}
}

// try returns Prometheus's error or warning, or "".
func (d database) try(path string, query url.Values, data any) (problem string) {
	d.t.Helper()
	_, body := d.get("/api/v1/" + path + "?" + query.Encode())
	answer := struct {
		Error           string
		Warnings, Infos []string
		Data            any
	}{Data: data}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		d.Alive()
		return err.Error() + ": " + body
	}
	return strings.Join(slices.Concat([]string{answer.Error}, answer.Warnings, answer.Infos), "")
}

type vector []struct {
	Metric map[string]string
	Value  model.SamplePair
	Values []model.SamplePair // of a range
}

// hasData reports whether there is any number in it.
func (v vector) hasData() bool {
	for _, series := range v {
		for _, sample := range append(series.Values, series.Value) {
			if sample != (model.SamplePair{}) && !math.IsNaN(float64(sample.Value)) {
				return true
			}
		}
	}
	return false
}

// now evaluates an expression at this moment.
func (d database) now(expression string) vector {
	d.t.Helper()
	var answer struct{ Result vector }
	d.ask("query", url.Values{"query": {expression}}, &answer)
	return answer.Result
}

// holds reports whether an expression has data at this moment.
func (d database) holds(expression string) bool {
	d.t.Helper()
	return d.now(expression).hasData()
}

// run evaluates a query of a dashboard: at this moment, or over the last two minutes.
func (d database) run(q dashboardQuery) (answer vector, problem string) {
	d.t.Helper()
	path, query := "query", url.Values{"query": {q.Expr}}
	if !q.Instant {
		now := time.Now()
		path += "_range"
		query["step"] = []string{"5"}
		query["start"], query["end"] = []string{now.Add(-2 * time.Minute).Format(time.RFC3339)}, []string{now.Format(time.RFC3339)}
	}
	var data struct{ Result vector }
	problem = d.try(path, query, &data)
	return data.Result, problem
}

// rule is one of a rule file, as Prometheus has understood it.
type rule struct {
	Type, Name, Query, Health, LastError string
	LastEvaluation                       time.Time
	Annotations                          map[string]string
}

func (d database) rules() []rule {
	d.t.Helper()
	var answer struct{ Groups []struct{ Rules []rule } }
	d.ask("rules", nil, &answer)
	var all []rule
	for _, group := range answer.Groups {
		all = append(all, group.Rules...)
	}
	return all
}

// noExportedLabels fails where a scraped label collided with one of the target's.
func (d database) noExportedLabels() {
	d.t.Helper()
	var labels []string
	d.ask("labels", nil, &labels)
	if slices.ContainsFunc(labels, func(label string) bool { return strings.HasPrefix(label, "exported_") }) {
		d.t.Errorf("there is a label exported_…: %q", labels)
	}
}

// metricNames are the metrics that an expression reads.
func metricNames(t *testing.T, expression string) (names []string) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			names = append(names, selector.Name)
		}
		return nil
	})
	return names
}
