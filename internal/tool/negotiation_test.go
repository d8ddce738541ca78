package tool_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

const (
	openMetrics = "application/openmetrics-text;version=1.0.0"
	protobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
)

func TestNegotiation(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 1500, 1)
	p := startWith(t, contoso(service, quick))
	text := p.scrape()
	text.exact(t, service, "contoso", live)

	t.Run("protobuf", func(t *testing.T) {
		got := p.get("/metrics", "Accept", protobuf)
		if !strings.HasPrefix(got.header.Get("Content-Type"), "application/vnd.google.protobuf") {
			t.Fatalf("type %q", got.header.Get("Content-Type"))
		}
		flatten(t, decodeProtobuf(t, got.body)).exact(t, service, "contoso", live)
	})

	t.Run("OpenMetrics", func(t *testing.T) {
		got := p.get("/metrics", "Accept", openMetrics)
		if !strings.HasPrefix(got.header.Get("Content-Type"), "application/openmetrics-text") {
			t.Fatalf("type %q", got.header.Get("Content-Type"))
		}
		lines := checkOpenMetrics(t, got.body)
		for key, value := range text.population("contoso", live) {
			name, labels, _ := strings.Cut(key, "{")
			if le := strings.Index(labels, `le="`); le >= 0 && !strings.Contains(labels[le:], ".") && !strings.Contains(labels[le:], "Inf") {
				end := le + 4 + strings.Index(labels[le+4:], `"`)
				labels = labels[:end] + ".0" + labels[end:]
			}
			if other, ok := lines[name+"{"+labels]; !ok || other != value {
				t.Errorf("%s{%s = %v (there: %v), the text has %v", name, labels, other, ok, value)
			}
		}
	})

	t.Run("HEAD has the type", func(t *testing.T) {
		got, err := p.request(http.MethodHead, "/metrics", "Accept", openMetrics)
		if err != nil || !strings.HasPrefix(got.header.Get("Content-Type"), "application/openmetrics-text") {
			t.Errorf("%v, type %q", err, got.header.Get("Content-Type"))
		}
	})

	t.Run("name filter", func(t *testing.T) {
		e := parseText(t, p.get("/metrics?name[]=face_liveness_up&name[]=face_liveness_session_ttl_seconds").body)
		names := make([]string, 0, 2)
		for name := range e.families {
			names = append(names, name)
		}
		slices.Sort(names)
		if !slices.Equal(names, []string{"face_liveness_session_ttl_seconds", "face_liveness_up"}) {
			t.Errorf("the filter lets through %v", names)
		}
	})
}

func decodeProtobuf(t *testing.T, body string) map[string]*dto.MetricFamily {
	t.Helper()
	families := map[string]*dto.MetricFamily{}
	decoder := expfmt.NewDecoder(strings.NewReader(body), expfmt.NewFormat(expfmt.TypeProtoDelim))
	for {
		family := new(dto.MetricFamily)
		err := decoder.Decode(family)
		if errors.Is(err, io.EOF) {
			return families
		}
		if err != nil {
			t.Fatalf("the protobuf exposition does not parse: %v", err)
		}
		families[family.GetName()] = family
	}
}

// checkOpenMetrics reads the format strictly where Prometheus does, and gives the samples: one block a family, its type
// before its samples, the suffixes that the type allows, and one EOF at the end.
func checkOpenMetrics(t *testing.T, body string) map[string]float64 {
	t.Helper()
	if !strings.HasSuffix(body, "\n# EOF\n") || strings.Count(body, "# EOF") != 1 {
		t.Errorf("the end is %q", body[max(0, len(body)-40):])
	}
	suffixes := map[string][]string{
		"counter": {"_total", "_created"}, "gauge": {""}, "unknown": {""}, "summary": {"", "_sum", "_count", "_created"},
		"histogram": {"_bucket", "_sum", "_count", "_created"},
	}
	samples, done, family, kind := map[string]float64{}, map[string]bool{}, "", ""
	for line := range strings.Lines(strings.TrimSuffix(body, "# EOF\n")) {
		line = strings.TrimSuffix(line, "\n")
		if fields := strings.SplitN(line, " ", 4); fields[0] == "#" {
			if len(fields) < 4 {
				t.Fatalf("comment %q", line)
			}
			if fields[2] != family {
				if done[fields[2]] {
					t.Errorf("family %s comes twice", fields[2])
				}
				family, kind = fields[2], ""
				done[family] = true
			}
			if fields[1] == "TYPE" {
				kind = fields[3]
			}
			continue
		}
		end := strings.LastIndex(line, "} ") + 1
		if end == 0 {
			end = strings.Index(line, " ")
		}
		key := line[:end]
		number, _, _ := strings.Cut(strings.TrimSpace(line[end:]), " ")
		value, err := strconv.ParseFloat(number, 64)
		name, _, _ := strings.Cut(key, "{")
		suffix, of := strings.CutPrefix(name, family)
		if err != nil || !of || !slices.Contains(suffixes[kind], suffix) {
			t.Errorf("%q does not belong into family %s of type %s (%v)", line, family, kind, err)
		}
		if _, twice := samples[key]; twice {
			t.Errorf("%s comes twice", key)
		}
		samples[sortLabels(key)] = value
	}
	return samples
}

// sortLabels puts le among the other labels, as the rest of these tests has it.
func sortLabels(key string) string {
	name, labels, ok := strings.Cut(strings.TrimSuffix(key, "}"), "{")
	if !ok || !strings.Contains(name, "_bucket") {
		return key
	}
	pairs := strings.Split(labels, ",")
	slices.Sort(pairs)
	return name + "{" + strings.Join(pairs, ",") + "}"
}
