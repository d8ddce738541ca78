package collector_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
)

const metricsPage = "../docs/metrics.md"

// busy is a resource with both operations and a past of API requests: one has more devices than are shown, and the last
// refresh of the other failed.
func busy(t testing.TB) prometheus.Collector {
	t.Helper()
	var sessions []faceclient.Session
	for i := range 60 {
		sessions = append(sessions, of(fmt.Sprint("device-", i))...)
	}
	api := collector.NewAPIMetrics("contoso-prod", faceclient.Operations(), 100_000)
	ofResource := func(operation faceclient.Operation) func(*collector.TargetOptions) {
		return func(options *collector.TargetOptions) {
			options.Operation, options.API, options.MaxStale = operation, api, 24*time.Hour
		}
	}
	now := newClock()
	plain := newTarget(walks(lists(page{sessions: lively()}, page{sessions: sessions})), sampled(20, nil), ofResource(faceclient.DetectLiveness), clocked(now))
	verify := newTarget(walks(lists(page{}), fails(answered(401, "401"))), sampled(20, nil), ofResource(faceclient.DetectLivenessWithVerify), clocked(now))
	stop := run(t, plain, verify)
	scrape(time.Minute, plain, verify)
	now.advance(time.Hour)
	scrape(time.Minute, plain, verify)
	stop()
	api.ObserveAttempt(faceclient.Attempt{Operation: faceclient.DetectLiveness, Status: 200, Duration: 70 * time.Millisecond, Billed: 1})
	info := collector.ResourceInfo{Name: "contoso-prod", Endpoint: "https://contoso-prod.cognitiveservices.azure.com", APIVersion: "v1.2-preview.1"}
	return collector.New(info, api, plain, verify)
}

// docs/metrics.md is the contract, and this is its test: names, types, labels, meaning and number of series of all metrics of
// a resource are what the program shows. Where a metric changes, review what make docs writes.
func TestMetricsPage(t *testing.T) {
	page := renderMetricsPage(gather(t, busy(t)))
	if strings.ContainsAny(page, "{}") {
		t.Fatalf("a section is empty:\n%s", page)
	}
	compare(t, metricsPage, page)
}

// cachedHelp ends the HELP of every population metric; the page says it once.
const cachedHelp = " This is a cached value, kept between scrapes; face_liveness_snapshot_timestamp_seconds says when it was read."

// isPopulation tells whether a metric, or a series by name and labels, comes and goes with a snapshot's population, by the
// section of docs/metrics.md that it is in.
func inPopulation(t *testing.T) func(string) bool {
	t.Helper()
	text, err := os.ReadFile(metricsPage)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Population\n")
	section, _, _ = strings.Cut(section, "\n## ")
	names := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+)").FindAllStringSubmatch(section, -1) {
		names[row[1]] = true
		if row[2] == "histogram" {
			names[row[1]+"_count"], names[row[1]+"_sum"] = true, true
		}
	}
	if len(names) != 13+2*4 {
		t.Fatalf("docs/metrics.md has %d names of the population, want 13 and those of 4 histograms", len(names))
	}
	return func(series string) bool {
		name, _, _ := strings.Cut(series, "{")
		return names[name]
	}
}

// renderMetricsPage writes what there is to say about the metrics of a resource.
func renderMetricsPage(families map[string]*dto.MetricFamily) string {
	rows, total := map[string]string{}, map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		family := families[name]
		labels := labelsOf(family)
		help, population := strings.CutSuffix(family.GetHelp(), cachedHelp)
		section := "operation"
		switch {
		case population:
			section = "population"
		case strings.HasPrefix(name, "face_liveness_snapshot_"):
			section = "snapshot"
		case name == "face_liveness_refresh_error":
			section = "failed"
		case strings.HasSuffix(help, collectorSampled), strings.Contains(name, "_verification"):
			section = "outcomes"
		case !slices.Contains(labels, "operation"):
			section = "resource"
		}
		labels = slices.DeleteFunc(labels, func(label string) bool { return label == "operation" || label == "resource" })
		more := "–"
		if len(labels) > 0 {
			more = "`" + strings.Join(labels, "`, `") + "`"
		}
		series := seriesOf(family)
		rows[section] += fmt.Sprintf("| %#q | %s | %s | %s | %d |\n", name, strings.ToLower(family.GetType().String()), more, help, series)
		total[section] += series
	}
	page := strings.ReplaceAll(metricsPageTemplate, "'", "`")
	for section, text := range rows {
		page = strings.ReplaceAll(page, "{"+section+"}\n", text)
	}
	ofOperation := total["population"] + total["snapshot"] + total["operation"]
	return strings.NewReplacer(
		"{all}", fmt.Sprint(ofOperation+total["resource"]),
		"{two}", fmt.Sprint(2*ofOperation+total["resource"]),
		"{devices}", fmt.Sprint(seriesOf(families["face_liveness_device_sessions"])),
		"{looked}", fmt.Sprint(total["outcomes"]),
	).Replace(page)
}

// collectorSampled ends the HELP of what is read off the sessions that were looked up.
const collectorSampled = " Present if outcomes are sampled."

// seriesOf counts the series of a family, as text has them, for the operation that has the most: a histogram's are its
// buckets, the sum and the count.
func seriesOf(family *dto.MetricFamily) (most int) {
	byOperation := map[string]int{}
	for _, metric := range family.GetMetric() {
		n := 1
		if h := metric.GetHistogram(); h != nil {
			n = len(h.GetBucket()) + 3
		}
		byOperation[labelOf(metric, "operation")] += n
		most = max(most, byOperation[labelOf(metric, "operation")])
	}
	return most
}

// labelsOf are the sorted names of a family's labels.
func labelsOf(family *dto.MetricFamily) []string {
	names := map[string]bool{}
	for _, metric := range family.GetMetric() {
		for _, label := range metric.GetLabel() {
			names[label.GetName()] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// metricsPageTemplate has ' for the backquote, and an apostrophe nowhere.
const metricsPageTemplate = `<!-- Written by TestMetricsPage from what the program shows: change the code and run make docs. -->
# Metrics

The last column counts the series of a resource with one operation, with the default settings and more devices than
'devices.top' shows: **{all} in total, {devices} of them devices**. With both operations there are {two}. A histogram counts as its
buckets, '_sum' and '_count'.

A new HTTP status adds a series to 'face_liveness_api_requests_total', and a new error code adds one to
'face_liveness_api_errors_total'. Each of the two has a maximum of 51 codes per operation.

## Population

What the last complete refresh found, kept between scrapes. 'face_liveness_snapshot_timestamp_seconds' says when that was.
Absent before the first complete refresh, and while the last one is older than 'refresh.max_stale'. All have the labels
'resource' and 'operation'.

Do not use 'rate()' or 'increase()' on these, and not on the histograms either: they are not counters. Their values go down when a
session leaves the list. Use 'histogram_quantile()' on the buckets as they are, and the flows below for what happened over time.

| name | type | more labels | what it means | series |
|---|---|---|---|---:|
{population}

## Last complete refresh

Absent before the first complete refresh. All have the labels 'resource' and 'operation'.

| name | type | more labels | what it means | series |
|---|---|---|---|---:|
{snapshot}

## Flows, requests and refreshes

Present from the start. Counters begin at 0 when the exporter starts. All have the labels 'resource' and 'operation'.

Flows are counted up to 30 seconds before a refresh, by the clock of the service, because sessions can reach the list late. If that
clock jumps, counting waits: nothing is counted twice, and a window is never longer than the time that passed. The log and the status
page say so after a minute.

| name | type | more labels | what it means | series |
|---|---|---|---|---:|
{operation}

## Last failed refresh

Present while the last finished refresh is a failed one. It has the labels 'resource' and 'operation'.

| name | type | more labels | what it means | series |
|---|---|---|---|---:|
{failed}

## Outcomes

Present from the start if 'outcomes.samples' is above 0: {looked} series for each operation at first, the verifications for
'detectLivenessWithVerify' only. All have the labels 'resource' and 'operation'. Each new reason adds a series to two of them, up to 31
reasons, and each new version of the model adds one, up to 11. [outcomes.md](outcomes.md) says what is sampled, how sure a share is and
how to read the reasons.

| name | type | more labels | what it means | series |
|---|---|---|---|---:|
{outcomes}

## A resource, whatever its operations

All have the label 'resource'. 'face_liveness_resource_info' also has the 'labels' of the resource in the configuration.

| name | type | more labels | what it means | series |
|---|---|---|---|---:|
{resource}

## The exporter

| name | type | labels | what it means | series |
|---|---|---|---|---:|
| 'face_liveness_exporter_build_info' | gauge | 'branch', 'goarch', 'goos', 'goversion', 'revision', 'tags', 'version' | The version of the exporter; always 1. | 1 |
| 'face_liveness_exporter_config_last_reload_success_timestamp_seconds' | gauge | – | When the configuration was last loaded, in Unix time. | 1 |
| 'face_liveness_exporter_config_last_reload_successful' | gauge | – | Whether the last attempt to load the configuration succeeded. | 1 |

A running exporter also has the 'go_*', 'process_*' and 'promhttp_*' of client_golang; '--web.disable-exporter-metrics' leaves them out.
`
