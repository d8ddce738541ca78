package e2e_test

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// database is a Prometheus, running.
type database struct{ *program }

// debian is the Prometheus that Debian has, the oldest that is supported.
func debian(t *testing.T) string {
	t.Helper()
	return installed(t, "prometheus", "prometheus")
}

// current is the Prometheus of today.
func current(t *testing.T) string {
	t.Helper()
	path := os.Getenv("PROMETHEUS")
	if path == "" {
		t.Fatal("PROMETHEUS names no current Prometheus: use `make e2e`")
	}
	return path
}

// startPrometheus runs a Prometheus on what lies in a folder: prometheus.yml and what that names.
func startPrometheus(t *testing.T, path, folder string, args ...string) database {
	t.Helper()
	address := freeAddress(t)
	p := start(t, "prometheus", path, append([]string{
		"--config.file=" + filepath.Join(folder, "prometheus.yml"),
		"--storage.tsdb.path=" + t.TempDir(),
		"--web.listen-address=" + address,
		"--log.level=warn",
	}, args...)...)
	p.Base = "http://" + address
	eventually(t, "Prometheus is ready", func() bool {
		p.Alive()
		status, _ := p.get("/-/ready")
		return status == http.StatusOK
	})
	return database{p}
}

// startAlertmanager runs an Alertmanager that sends what it hears to a webhook at once.
func startAlertmanager(t *testing.T, webhook string) *program {
	t.Helper()
	folder := t.TempDir()
	config := filepath.Join(folder, "alertmanager.yml")
	write(t, config, `
route: {receiver: test, group_by: ["..."], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers:
  - name: test
    webhook_configs: [{url: "`+webhook+`", send_resolved: true}]
`)
	address := freeAddress(t)
	p := start(t, "alertmanager", installed(t, "prometheus-alertmanager", "prometheus-alertmanager"),
		"--config.file="+config, "--storage.path="+folder, "--web.listen-address="+address, "--cluster.listen-address=")
	p.Base = "http://" + address
	eventually(t, "Alertmanager is ready", func() bool {
		p.Alive()
		status, _ := p.get("/-/ready")
		return status == http.StatusOK
	})
	return p
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

// change is what stands once in a configuration, as a regular expression, and what a test has in its place.
type change struct{ from, to string }

// adapted is a configuration that scrapes so often.
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

func asTheyAre(rules string) string { return rules }

// ask gets a path of Prometheus's API and fails the test where that is refused.
func (d database) ask(path string, query url.Values, data any) {
	d.t.Helper()
	if problem := d.try(path, query, data); problem != "" {
		d.t.Fatalf("%s %s: %s", path, query.Encode(), problem)
	}
}

// try returns Prometheus's objection, a warning among them, or "" where it has none.
func (d database) try(path string, query url.Values, data any) (problem string) {
	d.t.Helper()
	_, body := d.get("/api/v1/" + path + "?" + query.Encode())
	var envelope struct {
		Status, Error   string
		Warnings, Infos []string
		Data            json.RawMessage
	}
	if err := json.Unmarshal([]byte(body), &envelope); err != nil {
		d.Alive()
		return "no JSON: " + body
	}
	if envelope.Status != "success" {
		return envelope.Error
	}
	if objections := slices.Concat(envelope.Warnings, envelope.Infos); len(objections) > 0 {
		return strings.Join(objections, "; ")
	}
	if err := json.Unmarshal(envelope.Data, data); err != nil {
		return err.Error()
	}
	return ""
}

// series is an element of an answer.
type series struct {
	Metric map[string]string
	Value  point
	Values []point
}

// point is a time and a value, as JSON has it: [1700000000.1, "12"].
type point [2]any

func (p point) number() float64 {
	text, ok := p[1].(string)
	if !ok {
		return math.NaN()
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return value
}

type vector []series

// hasData reports whether there is any number in it.
func (v vector) hasData() bool {
	return slices.ContainsFunc(v, func(s series) bool {
		return slices.ContainsFunc(append(s.Values, s.Value), func(p point) bool { return !math.IsNaN(p.number()) })
	})
}

// now evaluates an expression at this moment.
func (d database) now(expression string) vector {
	d.t.Helper()
	var answer struct{ Result vector }
	d.ask("query", url.Values{"query": {expression}}, &answer)
	return answer.Result
}

// number is the value of an expression that gives one; there is false where it gives none.
func (d database) number(expression string) (value float64, there bool) {
	d.t.Helper()
	answer := d.now(expression)
	if len(answer) > 1 {
		d.t.Fatalf("%s gives %d series", expression, len(answer))
	}
	if len(answer) == 0 {
		return 0, false
	}
	return answer[0].Value.number(), true
}

// run evaluates a query of a dashboard: at this moment, or over the last two minutes.
func (d database) run(q dashboardQuery) (answer vector, problem string) {
	d.t.Helper()
	var data struct{ Result vector }
	if q.instant {
		problem = d.try("query", url.Values{"query": {q.expression}}, &data)
		return data.Result, problem
	}
	now := float64(time.Now().UnixMilli()) / 1000
	problem = d.try("query_range", url.Values{
		"query": {q.expression}, "step": {"5"},
		"start": {strconv.FormatFloat(now-120, 'f', 3, 64)}, "end": {strconv.FormatFloat(now, 'f', 3, 64)},
	}, &data)
	return data.Result, problem
}

// labelValues are the values of a label, of the series that a selector picks where one is given.
func (d database) labelValues(label string, selectors ...string) []string {
	d.t.Helper()
	var values []string
	d.ask("label/"+label+"/values", url.Values{"match[]": selectors}, &values)
	return values
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

// shares are how many targets of a job each address has.
func (d database) shares(job string) map[string]int {
	d.t.Helper()
	var answer struct {
		ActiveTargets []struct {
			ScrapePool, ScrapeURL string
		}
	}
	d.ask("targets", url.Values{"state": {"active"}}, &answer)
	shares := map[string]int{}
	for _, target := range answer.ActiveTargets {
		at, err := url.Parse(target.ScrapeURL)
		if err != nil {
			d.t.Fatal(err)
		}
		if target.ScrapePool == job {
			shares[at.Host]++
		}
	}
	return shares
}

// noExportedLabels fails where a scraped label collided with one of the target's.
func (d database) noExportedLabels() {
	d.t.Helper()
	var labels []string
	d.ask("labels", nil, &labels)
	for _, label := range labels {
		if strings.HasPrefix(label, "exported_") {
			d.t.Errorf("there is a label %s", label)
		}
	}
}
