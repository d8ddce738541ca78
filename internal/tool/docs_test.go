package tool_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

//nolint:gochecknoglobals // a test's flag is declared before the tests begin
var update = flag.Bool("update", false, "write docs/metrics.md anew")

const metricsPage = "../../docs/metrics.md"

// The page of metrics is what the program shows: run with -update, or make docs, where a metric has changed.
func TestMetricsPage(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 1000, 1) // more devices than are shown
	e := startWith(t, contoso(service, quick+"outcomes: {samples: 20}\n", bothOperations), "--web.disable-exporter-metrics").scrape()
	if shown, all := len(e.families["face_liveness_device_sessions"].GetMetric()), e.samples[of("devices", "contoso", live)]; float64(shown) >= all {
		t.Fatalf("%d of %v devices are shown: devices.top is not reached", shown, all)
	}
	page := renderMetricsPage(e)
	if strings.ContainsAny(page, "{}") {
		t.Fatalf("a section is empty:\n%s", page)
	}
	if *update {
		if err := os.WriteFile(metricsPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(metricsPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(written) == page {
		return
	}
	t.Error("docs/metrics.md is not what the program shows; write it anew by: make docs")
	want, have := strings.Split(page, "\n"), strings.Split(string(written), "\n")
	for _, line := range want {
		if !slices.Contains(have, line) {
			t.Logf("lacks\n%s", line)
		}
	}
	for _, line := range have {
		if !slices.Contains(want, line) {
			t.Logf("has\n%s", line)
		}
	}
}

// cachedHelp ends the HELP of every population metric; the page says it once.
const cachedHelp = " This is a cached value, kept between scrapes; face_liveness_snapshot_timestamp_seconds says when it was read."

// renderMetricsPage writes what an exposition of one resource says about its metrics.
func renderMetricsPage(e exposition) string {
	series := seriesOf(e)
	rows, total := map[string]string{}, map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(e.families)) {
		family := e.families[name]
		labels := labelsOf(family)
		help, population := strings.CutSuffix(family.GetHelp(), cachedHelp)
		section := "exporter"
		switch {
		case population:
			section = "population"
		case strings.HasPrefix(name, "face_liveness_snapshot_"):
			section = "snapshot"
		case strings.HasPrefix(name, "face_liveness_session_outcome"), strings.HasPrefix(name, "face_liveness_session_verification"):
			section = "outcomes"
		case slices.Contains(labels, "operation"):
			section = "operation"
		case slices.Contains(labels, "resource"):
			section = "resource"
		}
		labels = slices.DeleteFunc(labels, func(label string) bool { return label == "operation" || label == "resource" })
		more := "–"
		if len(labels) > 0 {
			more = "`" + strings.Join(labels, "`, `") + "`"
		}
		rows[section] += fmt.Sprintf("| %#q | %s | %s | %s | %d |\n",
			name, strings.ToLower(family.GetType().String()), more, strings.ReplaceAll(help, "|", `\|`), series[name])
		total[section] += series[name]
	}
	devices := series["face_liveness_device_sessions"]
	page := strings.ReplaceAll(metricsPageTemplate, "'", "`")
	for section, text := range rows {
		page = strings.ReplaceAll(page, "{"+section+"}\n", text)
	}
	return strings.NewReplacer(
		"{all}", fmt.Sprint(total["population"]+total["snapshot"]+total["operation"]+total["resource"]),
		"{two}", fmt.Sprint(2*(total["population"]+total["snapshot"]+total["operation"])+total["resource"]),
		"{devices}", fmt.Sprint(devices),
		"{own}", fmt.Sprint(total["exporter"]),
		"{looked}", fmt.Sprint(total["outcomes"]),
	).Replace(page)
}

// seriesOf counts the samples of each family as text has them, for one operation: a histogram's are its buckets, the sum and
// the count.
func seriesOf(e exposition) map[string]int {
	series := map[string]int{}
	for sample := range e.samples {
		name, _, _ := strings.Cut(sample, "{")
		if strings.Contains(sample, verify) && !strings.HasPrefix(name, "face_liveness_session_verification") {
			continue
		}
		if _, is := e.families[name]; !is {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				name = strings.TrimSuffix(name, suffix)
			}
		}
		series[name]++
	}
	return series
}

// labelsOf are the names of a family's labels.
func labelsOf(family *dto.MetricFamily) []string {
	var labels []string
	for _, metric := range family.GetMetric() {
		for _, label := range metric.GetLabel() {
			labels = append(labels, label.GetName())
		}
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// metricsPageTemplate has ' for the backquote, and an apostrophe nowhere.
const metricsPageTemplate = `<!-- Written by TestMetricsPage from what the program shows: change the code and run make docs. -->
# Metrics

The last column counts the series of a resource with one operation, with the default settings and more devices than
'devices.top' shows: **{all} in total, {devices} of them devices**. With both operations there are {two}. The exporter itself
has {own} more. A histogram counts as its buckets, '_sum' and '_count'; scraped as a native histogram it is one series.

A new HTTP status adds a series to 'face_liveness_api_requests_total', and a new error code adds one to
'face_liveness_api_errors_total'. Each of the two has at most 51 codes per operation.

## Population

What the last complete refresh found, kept between scrapes. 'face_liveness_snapshot_timestamp_seconds' says when that was.
Absent before the first complete refresh, and while the last one is older than 'refresh.max_stale'. All have the labels
'resource' and 'operation'.

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

| name | type | more labels | what it means | series |
|---|---|---|---|---:|
{operation}

## Outcomes

Present from the start where 'outcomes.samples' is above 0: up to {looked} series for each operation, the verifications for
'detectLivenessWithVerify' only. All have the labels 'resource' and 'operation'.

After each refresh the exporter looks up a random sample of the sessions that were started and whose TTL ended since the previous
refresh. With n such sessions and k answers, each answer counts as n ÷ k sessions, so that the estimates add up to n. A share is the
increase of one outcome divided by the increase of all outcomes. Its standard error is √(p(1−p)/n), where p is the share and
n the increase of 'face_liveness_session_outcome_samples_total' in the same time: with 400 samples a share of 5 % is known to
±1.1 points (one standard error) and to ±2.1 points with 95 % confidence.

The next refresh ends look-ups that are still under way. One that was sent by then counts as a request with the error 'canceled'.

| name | type | more labels | what it means | series |
|---|---|---|---|---:|
{outcomes}

## A resource, whatever its operations

All have the label 'resource'.

| name | type | more labels | what it means | series |
|---|---|---|---|---:|
{resource}

## The exporter

| name | type | labels | what it means | series |
|---|---|---|---|---:|
{exporter}

A running exporter also has the 'go_*', 'process_*' and 'promhttp_*' of client_golang; '--web.disable-exporter-metrics' leaves them out.
`
