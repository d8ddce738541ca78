package collector_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
)

//nolint:gochecknoglobals // a test's flag is declared before the tests begin
var update = flag.Bool("update", false, "write the pages anew that tests compare with the program")

// busy is a resource with both operations and a past of API requests: one has more devices than are shown, and the last
// refresh of the other failed.
func busy(t testing.TB) prometheus.Collector {
	t.Helper()
	api := collector.NewAPIMetrics("contoso-prod", faceclient.Operations(), 100_000)
	counts := func(options *collector.TargetOptions) { options.API, options.MaxStale = api, 24*time.Hour }
	verifies := func(options *collector.TargetOptions) { options.Operation = faceclient.DetectLivenessWithVerify }
	now := newClock()
	plain := newTarget(walks(lists(page{sessions: lively()}, page{sessions: of(ids("device", 60)...)})), sampled(20, nil), counts, now.set)
	verify := newTarget(walks(lists(page{}), fails(answered(401, "401"))), sampled(20, nil), counts, verifies, now.set)
	stop := run(t, plain, verify)
	scrape(time.Minute, plain, verify)
	now.move(time.Hour, time.Hour)
	scrape(time.Minute, plain, verify)
	stop()
	api.ObserveAttempt(faceclient.Attempt{Operation: faceclient.DetectLiveness, Status: 200, Duration: 70 * time.Millisecond, Billed: 1})
	info := collector.ResourceInfo{Name: "contoso-prod", Endpoint: "https://contoso-prod.cognitiveservices.azure.com", APIVersion: "v1.2-preview.1"}
	return collector.New(info, api, plain, verify)
}

// docs/metrics.md is the contract, and this is its test: names, types, labels, meaning and number of series of all metrics of
// a resource are what the program shows. If a metric changes, review what make docs writes.
func TestMetricsPage(t *testing.T) {
	const head = "| name | type | more labels | what it means | series |\n|---|---|---|---|---:|\n"
	families := gather(t, busy(t))
	tables, total := map[string]string{}, map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		family := families[name]
		if base, isTotal := strings.CutSuffix(name, "_total"); isTotal && families[base] != nil {
			t.Errorf("%s and %s are one family in OpenMetrics", name, base)
		}
		if family.GetType() == dto.MetricType_COUNTER && family.GetMetric()[0].GetCounter().GetCreatedTimestamp() == nil {
			t.Errorf("%s does not say from when on it counts", name)
		}
		labels, n := countSeries(t, family)
		help, population := strings.CutSuffix(family.GetHelp(), cachedHelp)
		section := "operation"
		switch {
		case population:
			section = "population"
		case strings.HasPrefix(name, "face_liveness_snapshot_"):
			section = "snapshot"
		case name == "face_liveness_refresh_error":
			section = "failure"
		case strings.Contains(help, "if outcomes are sampled"):
			section = "outcomes"
		case !slices.Contains(labels, "operation"):
			section = "resource"
		}
		labels = slices.DeleteFunc(labels, func(label string) bool { return label == "operation" || label == "resource" })
		more := "–"
		if len(labels) > 0 {
			more = "`" + strings.Join(labels, "`, `") + "`"
		}
		if tables[section] == "" {
			tables[section] = head
		}
		tables[section] += fmt.Sprintf("| %#q | %s | %s | %s | %d |\n", name, strings.ToLower(family.GetType().String()), more, help, n)
		total[section] += n
	}
	operation := total["population"] + total["snapshot"] + total["operation"]
	tables["total"] = fmt.Sprintf("| a resource with | series |\n|---|---:|\n| one operation | %d |\n| both operations | %d |\n| outcomes, for each operation | up to %d more at first |\n",
		operation+total["resource"], 2*operation+total["resource"], total["outcomes"])
	writeTables(t, "../docs/metrics.md", tables)
}

// writeTables compares the tables of a page with what they should be, and with -update it writes them.
func writeTables(t *testing.T, path string, tables map[string]string) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(before)
	for name, table := range tables {
		begin, end := "<!-- "+name+": written by make docs -->\n", "<!-- end of the "+name+" -->\n"
		head, rest, found := strings.Cut(page, begin)
		written, tail, ended := strings.Cut(rest, end)
		if !found || !ended {
			t.Fatalf("%s has no place for the %s", path, name)
		}
		if written != table && !*update {
			t.Errorf("%s is not what the program shows; write it anew by make docs:\n%s", path, table)
		}
		page = head + begin + table + end + tail
	}
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil { //nolint:gosec // a file to read
			t.Fatal(err)
		}
	}
}

// cachedHelp ends the HELP of every population metric; the page says it once.
const cachedHelp = " This is a cached value, kept between scrapes; face_liveness_snapshot_timestamp_seconds says when it was read."

// inPopulation returns a function that tells whether a metric, or a series by name and labels, comes and goes with a snapshot's
// population. Its help says that it is cached.
func inPopulation(t *testing.T) func(string) bool {
	t.Helper()
	names := map[string]bool{}
	for name, family := range gather(t, busy(t)) {
		if !strings.HasSuffix(family.GetHelp(), cachedHelp) {
			continue
		}
		names[name] = true
		for _, sample := range samplesOf(t, family) {
			names[string(sample.Metric[model.MetricNameLabel])] = true
		}
	}
	return func(series string) bool {
		name, _, _ := strings.Cut(series, "{")
		return names[name]
	}
}

// countSeries gives the sorted names of a family's labels, and its series for the operation that has the most.
func countSeries(t *testing.T, family *dto.MetricFamily) (labels []string, most int) {
	t.Helper()
	names, series := map[string]bool{}, map[model.LabelValue]int{}
	for _, sample := range samplesOf(t, family) {
		series[sample.Metric["operation"]]++
		most = max(most, series[sample.Metric["operation"]])
		for name := range sample.Metric {
			names[string(name)] = true
		}
	}
	delete(names, model.MetricNameLabel)
	delete(names, model.BucketLabel)
	return slices.Sorted(maps.Keys(names)), most
}
