package web_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"face_liveness_exporter/internal/rig"
)

// No scrape, no request; and a probe asks for its own resource alone.
func TestProbeShowsOneResource(t *testing.T) {
	t.Parallel()
	a, b := rig.NewFace(t), rig.NewFace(t)
	b.Populate(rig.Live, 1200, 2)
	b.Populate(rig.Verify, 30, 3)
	p := rig.StartWith(t, rig.Quick+"refresh: {on_start: false}\nresources:\n"+a.Resource("a")+b.Resource("b", rig.BothOperations))
	for _, path := range []string{"/", "/sd", "/-/healthy", "/-/ready", "/-/metrics", "/unknown"} {
		if p.Get(path); a.Asked()+b.Asked() != 0 {
			t.Errorf("%s sent a request", path)
		}
	}
	e := p.ScrapeOf("/probe?resource=b")
	if names := e.Resources(); !slices.Equal(names, []string{"b"}) {
		t.Errorf("resources %q, want one", names)
	}
	e.Exact(t, b, "b", rig.Live)
	e.Exact(t, b, "b", rig.Verify)
	asked := b.Asked()
	for path, status := range map[string]int{
		"/probe": 400, "/probe?resource=": 400, "/probe?resource=b&resource=b": 400, "/probe?Resource=b": 400,
		"/probe?resource=b;x": 400, "/probe?resource=%zz": 400, "/probe?resource=c": 404, "/probe?resource=B": 404, "/probe?resource=b%20": 404,
		"/probe?target=a&resource=b": 200, "/probe?resource=b&name[]=face_liveness_up": 200, "/probe/b": 404,
	} {
		if got := p.Get(path); got.Status != status {
			t.Errorf("%s: %d, want %d", path, got.Status, status)
		}
	}
	if got := p.Send("POST", "/probe?resource=b"); got.Status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", got.Status)
	}
	if a.Asked() != 0 || b.Asked() != asked {
		t.Errorf("%d requests to a and %d more to b within an interval", a.Asked(), b.Asked()-asked)
	}
}

// group is an entry of /sd.
type group struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// discovered reads /sd as Prometheus does.
func discovered(t *testing.T, p *rig.Program, path string) (groups []group) {
	t.Helper()
	got := p.Get(path)
	decoder := json.NewDecoder(strings.NewReader(got.Body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&groups); err != nil || got.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%v, %q:\n%s", err, got.Header.Get("Content-Type"), got.Body)
	}
	return groups
}

// Whatever a resource is called, Prometheus finds it by /sd, asks for it by /probe, and gets its own series.
func TestDiscoveredResourcesCanBeProbed(t *testing.T) {
	t.Parallel()
	names := []string{`"<b>&'contoso\"`, "a/b/../c", "müller 東京 🙂", "a&resource=b", "100%41 +?#;", "{$}", "..", "null", "`${x}`"}
	service := rig.NewFace(t)
	configuration := rig.Quick + "refresh: {on_start: false}\nresources:\n"
	for i, name := range names { // with labels of different names
		configuration += service.Resource(name, fmt.Sprintf("labels: {team%d: kyc}", i))
	}
	p := rig.StartWith(t, configuration)
	groups := discovered(t, p, "/sd")
	if len(groups) != len(names) {
		t.Fatalf("%d groups, want %d", len(groups), len(names))
	}
	for i, name := range names {
		want := map[string]string{
			"instance": name, "__metrics_path__": "/probe", "__param_resource": name,
			"__meta_face_liveness_resource": name, "__meta_face_liveness_endpoint": service.Endpoint, fmt.Sprint("team", i): "kyc",
		}
		if !maps.Equal(groups[i].Labels, want) || !slices.Equal(groups[i].Targets, []string{p.Host()}) {
			t.Errorf("%q: %v, want %v", name, groups[i], want)
		}
		e := p.ScrapeOf("/probe?" + url.Values{"resource": {name}}.Encode())
		if shown := e.Resources(); !slices.Equal(shown, []string{name}) {
			t.Errorf("%q: the probe shows %q", name, shown)
		}
	}
	for host, status := range map[string]int{"[::1]:10520": 200, "under_score": 200, strings.Repeat("a", 1000): 400, "a,b": 400, "<b>": 400} {
		if got := p.Get("/sd", "Host", host); got.Status != status {
			t.Errorf("Host %.20q: %d, want %d", host, got.Status, status)
		}
	}
}

// Whoever reaches the exporter below a path finds everything there.
func TestPathPrefix(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	for _, test := range []struct {
		name           string
		args           []string
		served         string // prefix of what is served
		linked         string // prefix of what clients are told
		target, scheme string
	}{
		{"none", nil, "", "", "", ""},
		{"external URL", []string{"--web.external-url=https://example.org/face/"}, "/face", "/face", "example.org", "https"},
		{"a proxy that removes the path", []string{"--web.external-url=http://example.org:8080/a/b", "--web.route-prefix=/"}, "", "/a/b", "example.org:8080", "http"},
		{"route prefix alone", []string{"--web.route-prefix=exporter"}, "/exporter", "/exporter", "", ""},
		{"external URL without a path", []string{"--web.external-url=https://[2001:db8::1]:8443"}, "", "", "[2001:db8::1]:8443", "https"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := rig.StartWith(t, service.Contoso(rig.Quick), append(test.args, "--web.enable-pprof")...)
			for _, path := range []string{"/", "/metrics", "/probe?resource=contoso", "/-/metrics", "/-/healthy", "/-/ready", "/debug/pprof/cmdline"} {
				if got := p.Get(test.served + path); got.Status != http.StatusOK {
					t.Errorf("%s%s: %d", test.served, path, got.Status)
				}
			}
			for _, path := range []string{"/metrics", "/sd", "/-/ready", "/debug/pprof/"} {
				rig.AllOf(t, "the page", p.Get(test.served+"/").Body, fmt.Sprintf("href=%q", test.linked+path))
			}
			target := test.target
			if target == "" {
				target = p.Host()
			}
			found := discovered(t, p, test.served+"/sd")[0]
			if found.Targets[0] != target || found.Labels["__metrics_path__"] != test.linked+"/probe" || found.Labels["__scheme__"] != test.scheme {
				t.Errorf("/sd: %v", found)
			}
			p.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			if got := p.Get("/"); test.served != "" && got.Header.Get("Location") != test.served+"/" {
				t.Errorf("/ leads to %q", got.Header.Get("Location"))
			}
		})
	}
}
