package tool_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// resourcesOf are the values of the label resource, and prefixesOf what the families' names begin with.
func resourcesOf(e exposition) []string {
	names := map[string]bool{}
	for _, family := range e.families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "resource" {
					names[label.GetValue()] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func prefixesOf(e exposition) []string {
	prefixes := map[string]bool{}
	for name := range e.families {
		switch first, _, _ := strings.Cut(name, "_"); {
		case strings.HasPrefix(name, "face_liveness_exporter_"):
			prefixes["face_liveness_exporter"] = true
		default:
			prefixes[first] = true
		}
	}
	return slices.Sorted(maps.Keys(prefixes))
}

func TestProbeShowsOneResource(t *testing.T) {
	t.Parallel()
	a, b := newFace(t, emptyService()), newFace(t, emptyService())
	a.Populate(live, 100, 1)
	b.Populate(live, 1200, 2)
	b.Populate(verify, 30, 3)
	p := startWith(t, quick+"refresh: {on_start: false}\noutcomes: {samples: 20}\nresources:\n"+
		resource("a", a.endpoint, "key: "+a.Key())+resource("b", b.endpoint, "key: "+b.Key(), bothOperations))
	for range 2 {
		got := p.get("/probe?resource=b")
		if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), "text/plain") {
			t.Fatalf("%d %q\n%s", got.status, got.header.Get("Content-Type"), got.body)
		}
		e := parseText(t, got.body)
		if names := resourcesOf(e); !slices.Equal(names, []string{"b"}) {
			t.Errorf("resources %q", names)
		}
		if prefixes := prefixesOf(e); !slices.Equal(prefixes, []string{"face"}) {
			t.Errorf("families of %q, want those of the resource alone", prefixes)
		}
		e.exact(t, b, "b", live)
		e.exact(t, b, "b", verify)
		for _, row := range contract(t) {
			if own := strings.HasPrefix(row.name, "face_liveness_exporter_"); own == (e.families[row.name] != nil) {
				t.Errorf("%s is there: %v", row.name, !own)
			}
		}
	}
	if requests := a.requests(); requests != 0 {
		t.Errorf("a probe of b sent %d requests to a", requests)
	}
	requests := b.requests()
	for name, status := range map[string]int{
		"/probe": 400, "/probe?resource=": 400, "/probe?resource=b&resource=b": 400, "/probe?resource=&resource=b": 400, "/probe?Resource=b": 400,
		"/probe?resource=b;x": 400, "/probe?resource=%zz": 400, "/probe?resource=c": 404, "/probe?resource=B": 404, "/probe?resource=b%20": 404,
		"/probe?target=a&resource=b": 200, "/probe?resource=b&name[]=face_liveness_up": 200, "/probe/b": 404, "/probe/": 404,
	} {
		if got := p.get(name); got.status != status {
			t.Errorf("%s: %d, want %d", name, got.status, status)
		}
	}
	checkOpenMetrics(t, p.get("/probe?resource=b", "Accept", openMetrics).body)
	flatten(t, decodeProtobuf(t, p.get("/probe?resource=b", "Accept", protobuf).body)).exact(t, b, "b", verify)
	if a.requests() != 0 || b.requests() != requests {
		t.Errorf("%d requests to a and %d more to b within an interval", a.requests(), b.requests()-requests)
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		if got, err := p.request(method, "/probe?resource=b"); err != nil || got.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d, %v", method, got.status, err)
		}
	}
	if got, err := p.request("HEAD", "/probe?resource=b"); err != nil || got.status != http.StatusOK || got.body != "" {
		t.Errorf("HEAD: %d %q, %v", got.status, got.body, err)
	}
}

func TestOwnMetricsAlone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		args     []string
		prefixes []string
	}{
		{"by default", nil, []string{"face_liveness_exporter", "go", "process", "promhttp"}},
		{"disabled", []string{"--web.disable-exporter-metrics"}, []string{"face_liveness_exporter"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			service := newFace(t, emptyService())
			p := startWith(t, contoso(service, quick+"refresh: {on_start: false, interval: 1ms}\n"), test.args...)
			for range 3 {
				got := p.get("/-/metrics")
				if got.status != http.StatusOK {
					t.Fatalf("status %d\n%s", got.status, got.body)
				}
				e := parseText(t, got.body)
				if names := resourcesOf(e); len(names) != 0 {
					t.Errorf("it shows %q", names)
				}
				if prefixes := prefixesOf(e); !slices.Equal(prefixes, test.prefixes) {
					t.Errorf("families of %q, want %q", prefixes, test.prefixes)
				}
				e.want(t, "face_liveness_exporter_config_last_reload_successful", 1)
			}
			if requests := service.requests(); requests != 0 {
				t.Errorf("the exporter's own metrics sent %d requests", requests)
			}
			// Together, /probe and /-/metrics are /metrics.
			all := p.scrape()
			both := parseText(t, p.get("/-/metrics").body+p.get("/probe?resource=contoso").body)
			for name := range all.families {
				if both.families[name] == nil {
					t.Errorf("%s is on /metrics alone", name)
				}
			}
		})
	}
}

// group is an entry of /sd.
type group struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// discovered reads /sd as Prometheus does.
func (p *program) discovered() []group {
	p.t.Helper()
	got := p.get("/sd")
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
		p.t.Fatalf("GET /sd: %d %q\n%s", got.status, got.header.Get("Content-Type"), got.body)
	}
	decoder := json.NewDecoder(strings.NewReader(got.body))
	decoder.DisallowUnknownFields()
	var groups []group
	if err := decoder.Decode(&groups); err != nil {
		p.t.Fatalf("%v:\n%s", err, got.body)
	}
	return groups
}

// Whatever a resource is called, Prometheus finds it by /sd, asks for it by /probe, and gets its own series.
func TestDiscoveredResourcesCanBeProbed(t *testing.T) {
	t.Parallel()
	names := []string{
		"contoso-prod", `"<b>&'contoso\"`, "a/b/../c", "müller 東京 🙂", "a&resource=b", "100%41 +?#;", "{$}", "..", "null", "0", "__name__", "`${x}`",
	}
	services := map[string]*face{}
	configuration := quick + "refresh: {on_start: false}\nresources:\n"
	for i, name := range names {
		service := newFace(t, emptyService())
		service.Populate(live, i+1, uint64(i))
		services[name] = service
		configuration += resource(strconv.Quote(name), service.endpoint, "key: "+service.Key())
	}
	p := startWith(t, configuration)
	groups := p.discovered()
	if len(groups) != len(names) {
		t.Fatalf("%d groups, want %d", len(groups), len(names))
	}
	for i, group := range groups {
		name := names[i]
		want := map[string]string{
			"instance": name, "__metrics_path__": "/probe", "__param_resource": name,
			"__meta_face_liveness_resource": name, "__meta_face_liveness_endpoint": services[name].endpoint,
		}
		if !maps.Equal(group.Labels, want) {
			t.Errorf("%q: labels %q, want %q", name, group.Labels, want)
		}
		if !slices.Equal(group.Targets, []string{strings.TrimPrefix(p.Base, "http://")}) {
			t.Errorf("%q: targets %q, want the address that was asked", name, group.Targets)
		}
		if requests := services[name].requests(); requests != 0 {
			t.Errorf("%q: %d requests before its probe", name, requests)
		}
		query := url.Values{"resource": {group.Labels["__param_resource"]}}.Encode()
		e := parseText(t, p.get(group.Labels["__metrics_path__"]+"?"+query).body)
		if shown := resourcesOf(e); !slices.Equal(shown, []string{name}) {
			t.Errorf("%q: the probe shows %q", name, shown)
		}
		e.exact(t, services[name], name, live)
	}

	// Behind a proxy or a name, the target is what Prometheus itself asked.
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.Base+"/sd", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "exporter.example:8443"
	response, err := p.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&groups); err != nil || !slices.Equal(groups[0].Targets, []string{"exporter.example:8443"}) {
		t.Errorf("%v, targets %q", err, groups[0].Targets)
	}
}
