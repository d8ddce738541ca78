package collector_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
)

// resource is a collector of these targets, with API counters for both operations.
func resource(targets ...*collector.Target) *collector.Collector {
	info := collector.ResourceInfo{
		Name: "contoso-prod", Endpoint: "https://contoso-prod.cognitiveservices.azure.com", APIVersion: faceclient.DefaultAPIVersion,
	}
	return collector.NewTable().New(info, collector.NewTable().NewAPIMetrics("contoso-prod", faceclient.Operations(), 0), targets...)
}

// registered is a registry that looks at everything that it can.
func registered(t testing.TB, parts ...prometheus.Collector) *prometheus.Registry {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	for _, part := range parts {
		if err := registry.Register(part); err != nil {
			t.Fatal(err)
		}
	}
	return registry
}

func gather(t testing.TB, parts ...prometheus.Collector) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := registered(t, parts...).Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, family := range families {
		byName[family.GetName()] = family
	}
	return byName
}

// series are the values of an exposition by name and labels; resource and operation are left out of the labels, and a
// histogram is its _count and _sum.
type series map[string]float64

// shown is what a scrape of one target gets to see now.
func shown(t testing.TB, target *collector.Target) series {
	t.Helper()
	return valuesOf(gather(t, resource(target)), target.Operation())
}

func valuesOf(families map[string]*dto.MetricFamily, operation faceclient.Operation) series {
	values := series{}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			var labels []string
			other := false
			for _, pair := range metric.GetLabel() {
				switch pair.GetName() {
				case "operation":
					other = pair.GetValue() != string(operation)
				case "resource":
				default:
					labels = append(labels, fmt.Sprintf("%s=%q", pair.GetName(), pair.GetValue()))
				}
			}
			if other {
				continue
			}
			suffix := ""
			if len(labels) > 0 {
				suffix = "{" + strings.Join(labels, ",") + "}"
			}
			switch {
			case metric.GetHistogram() != nil:
				values[name+"_count"+suffix] = float64(metric.GetHistogram().GetSampleCount())
				values[name+"_sum"+suffix] = metric.GetHistogram().GetSampleSum()
			case metric.GetCounter() != nil:
				values[name+suffix] = metric.GetCounter().GetValue()
			default:
				values[name+suffix] = metric.GetGauge().GetValue()
			}
		}
	}
	return values
}

// want compares one value; the namespace is left out of the name.
func (s series) want(t testing.TB, name string, value float64) {
	t.Helper()
	got, present := s["face_liveness_"+name]
	switch {
	case !present:
		t.Errorf("%s is absent, want %v", name, value)
	case got != value:
		t.Errorf("%s = %v, want %v", name, got, value)
	}
}

func (s series) wantAbsent(t testing.TB, name string) {
	t.Helper()
	if got, present := s["face_liveness_"+name]; present {
		t.Errorf("%s = %v, want it absent", name, got)
	}
}

// inPopulation returns a function that tells whether a metric, or a series by name and labels, is in the section Population of
// docs/metrics.md: such metrics come and go with a snapshot's population.
func inPopulation(t *testing.T) func(string) bool {
	t.Helper()
	names := map[string]bool{}
	for _, promise := range promised(t) {
		if promise.section != "Population" {
			continue
		}
		names[promise.name] = true
		if promise.kind == "histogram" {
			names[promise.name+"_count"], names[promise.name+"_sum"] = true, true
		}
	}
	if len(names) < 13 {
		t.Fatalf("docs/metrics.md has %d names of population metrics, and some are missing", len(names))
	}
	return func(series string) bool {
		name, _, _ := strings.Cut(series, "{")
		return names[name]
	}
}

// wantNames compares the names of the series with those of others.
func (s series) wantNames(t testing.TB, when string, want []string) {
	t.Helper()
	got := s.without(nothing)
	for _, name := range got {
		if !slices.Contains(want, name) {
			t.Errorf("%s: %s is there, want it absent", when, name)
		}
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%s: %s is absent", when, name)
		}
	}
}

// without are the sorted names of the series that drop does not tell to leave out.
func (s series) without(drop func(string) bool) []string {
	names := slices.Sorted(maps.Keys(s))
	return slices.DeleteFunc(names, drop)
}

// family is what docs/metrics.md promises about one metric.
type family struct {
	name, kind string
	labels     []string // sorted
	section    string   // of the page
}

// promised are the metrics of docs/metrics.md that are about a resource. The page is reviewed: it is the contract.
func promised(t *testing.T) []family {
	t.Helper()
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []family
	for section := range strings.SplitSeq(string(text), "\n## ") {
		labels := []string{"operation", "resource"}
		title, _, _ := strings.Cut(section, "\n")
		switch title {
		case "A resource, whatever its operations":
			labels = []string{"resource"}
		case "The exporter":
			continue
		}
		for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| (.*?) \\|").FindAllStringSubmatch(section, -1) {
			more := regexp.MustCompile(`\w+`).FindAllString(row[3], -1)
			promise := family{name: row[1], kind: row[2], labels: slices.Concat(labels, more), section: title}
			slices.Sort(promise.labels)
			all = append(all, promise)
		}
	}
	if len(all) < 38 {
		t.Fatalf("docs/metrics.md promises %d metrics about a resource, and some are missing", len(all))
	}
	return all
}

// busy is a resource with both operations, sessions, hostile devices and a past of API requests.
func busy(t testing.TB) prometheus.Collector {
	t.Helper()
	plain := newTarget(walks(lists(page{sessions: lively()}, page{sessions: of(hostile()...)})), sampled(20, nil))
	verify := newTarget(walks(lists(page{})), sampled(20, nil), func(options *collector.TargetOptions) {
		options.Operation = faceclient.DetectLivenessWithVerify
	})
	stop := run(t, plain, verify)
	scrape(time.Minute, plain, verify)
	stop()
	api := collector.NewTable().NewAPIMetrics("contoso-prod", faceclient.Operations(), 100_000)
	api.ObserveAttempt(faceclient.Attempt{Operation: faceclient.DetectLiveness, Status: 200, Duration: 70 * time.Millisecond, Billed: 1})
	api.ObserveAttempt(faceclient.Attempt{Operation: faceclient.DetectLiveness, ErrorCode: faceclient.CodeTimeout, Duration: 10 * time.Second})
	api.ObserveRetry(faceclient.DetectLiveness)
	api.ObserveThrottle(faceclient.DetectLiveness, time.Second)
	info := collector.ResourceInfo{Name: "contoso-prod", Endpoint: "https://contoso-prod.cognitiveservices.azure.com", APIVersion: "v1.2-preview.1"}
	return collector.NewTable().New(info, api, plain, verify)
}

// lively are sessions of every kind, created a while ago.
func lively() []faceclient.Session {
	now := time.Now()
	return []faceclient.Session{
		{ID: []byte("0"), DeviceID: []byte("phone"), Created: now.Add(-time.Minute), TTL: faceclient.DefaultTTL},
		{ID: []byte("1"), DeviceID: []byte("phone"), Created: now.Add(-time.Minute), Started: now.Add(-50 * time.Second), TTL: time.Hour},
		{ID: []byte("2"), DeviceID: []byte("tablet"), Created: now.Add(-time.Hour), Started: now.Add(-time.Hour), TTL: time.Minute, Expired: true},
		{ID: []byte("3"), Created: now.Add(-time.Hour), TTL: time.Minute, Expired: true},
	}
}

func TestEveryMetricOfTheContractAndNoOther(t *testing.T) {
	families := gather(t, busy(t))
	for _, want := range promised(t) {
		t.Run(want.name, func(t *testing.T) {
			got, present := families[want.name]
			if !present {
				t.Fatal("absent")
			}
			delete(families, want.name)
			if kind := strings.ToLower(got.GetType().String()); kind != want.kind {
				t.Errorf("type %v, want %v", kind, want.kind)
			}
			for _, metric := range got.GetMetric() {
				var names []string
				for _, pair := range metric.GetLabel() {
					names = append(names, pair.GetName())
				}
				if !slices.Equal(names, want.labels) {
					t.Fatalf("labels %q, want %q", names, want.labels)
				}
				if !slices.Contains(names, "operation") && len(got.GetMetric()) != 1 {
					t.Errorf("%d series, want one a resource", len(got.GetMetric()))
				}
			}
		})
	}
	for name := range families {
		t.Errorf("%s is no metric of the contract", name)
	}
}

func TestPopulationHelpSaysThatItIsCached(t *testing.T) {
	isPopulation := inPopulation(t)
	for name, family := range gather(t, busy(t)) {
		if said := strings.Contains(family.GetHelp(), "kept between scrapes"); said != isPopulation(name) {
			t.Errorf("%s: HELP %q", name, family.GetHelp())
		}
	}
}

func TestExpositionIsClean(t *testing.T) {
	problems, err := testutil.GatherAndLint(registered(t, busy(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

func TestOneCounterAndOneGaugeNeverShareAnOpenMetricsFamily(t *testing.T) {
	families := gather(t, busy(t))
	for name := range families {
		if base, isTotal := strings.CutSuffix(name, "_total"); isTotal && families[base] != nil {
			t.Errorf("%s and %s are one family in OpenMetrics", name, base)
		}
	}
}

// formats are those that Prometheus asks for.
func formats() map[string]expfmt.Format {
	return map[string]expfmt.Format{
		"text":        expfmt.NewFormat(expfmt.TypeTextPlain),
		"OpenMetrics": expfmt.NewFormat(expfmt.TypeOpenMetrics),
		"protobuf":    expfmt.NewFormat(expfmt.TypeProtoDelim),
	}
}

func encoded(t testing.TB, families map[string]*dto.MetricFamily, format expfmt.Format) []byte {
	t.Helper()
	var out bytes.Buffer
	encoder := expfmt.NewEncoder(&out, format)
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if err := encoder.Encode(families[name]); err != nil {
			t.Fatal(err)
		}
	}
	if closer, ok := encoder.(expfmt.Closer); ok {
		if err := closer.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// parsedAgain are the families after a way over the wire. OpenMetrics drops _total from a counter's family name.
func parsedAgain(t testing.TB, families map[string]*dto.MetricFamily, format expfmt.Format) map[string]*dto.MetricFamily {
	t.Helper()
	decoder := expfmt.NewDecoder(bytes.NewReader(encoded(t, families, format)), format)
	again := map[string]*dto.MetricFamily{}
	for {
		var next dto.MetricFamily
		switch err := decoder.Decode(&next); {
		case errors.Is(err, io.EOF):
			return again
		case err != nil:
			t.Fatalf("the exposition does not parse: %v", err)
		}
		name := next.GetName()
		if next.GetType() == dto.MetricType_COUNTER && !strings.HasSuffix(name, "_total") {
			name += "_total"
		}
		again[name] = &next
	}
}

func TestExpositionParsesAgain(t *testing.T) {
	families := gather(t, busy(t))
	delete(families, "face_liveness_device_sessions") // see TestHostileDevicesParseAgain; the parser of OpenMetrics is slow
	for name, format := range formats() {
		t.Run(name, func(t *testing.T) {
			again := parsedAgain(t, families, format)
			for _, operation := range faceclient.Operations() {
				want := valuesOf(families, operation)
				if got := valuesOf(again, operation); !maps.Equal(got, want) {
					for key := range want {
						if got[key] != want[key] {
							t.Errorf("%s = %v, want %v", key, got[key], want[key])
						}
					}
					t.Errorf("%d series of %s, want %d", len(got), operation, len(want))
				}
			}
		})
	}
}
