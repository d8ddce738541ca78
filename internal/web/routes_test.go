package web_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/rig"
)

func TestPaths(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	plain := rig.Start(t, []string{"--config.file=" + rig.Write(t, "exporter.yaml", service.Contoso(rig.Quick))}, nil)
	profiled := rig.StartWith(t, service.Contoso(rig.Quick), "--web.enable-pprof", "--web.telemetry-path=/face/metrics")
	atRoot := rig.StartWith(t, service.Contoso(rig.Quick), "--web.telemetry-path=/")
	plain.Scrape()
	tests := []struct {
		name, method, path string
		p                  *rig.Program
		status             int
		body               string
	}{
		{"healthy", "GET", "/-/healthy", plain, 200, "healthy\n"},
		{"ready", "GET", "/-/ready", plain, 200, "ready\n"},
		{"metrics", "GET", "/metrics", plain, 200, "face_liveness_up{"},
		{"some metrics", "GET", "/metrics?name[]=face_liveness_up", plain, 200, "# HELP face_liveness_up"},
		{"metrics by HEAD", "HEAD", "/metrics", plain, 200, ""},
		{"metrics by POST", "POST", "/metrics", plain, 405, ""},
		{"unknown", "GET", "/unknown", plain, 404, ""},
		{"a reload that is off", "POST", "/-/reload", plain, 403, "--web.enable-lifecycle"},
		{"a reload that is off, by PUT", "PUT", "/-/reload", plain, 403, "--web.enable-lifecycle"},
		{"a reload by GET", "GET", "/-/reload", plain, 405, ""},
		{"profiles that are off", "GET", "/debug/pprof/", plain, 404, ""},
		{"profiles", "GET", "/debug/pprof/", profiled, 200, "goroutine"},
		{"a profile", "GET", "/debug/pprof/goroutine?debug=1", profiled, 200, "goroutine profile"},
		{"another path", "GET", "/face/metrics", profiled, 200, "face_liveness_up"},
		{"not the usual path", "GET", "/metrics", profiled, 404, ""},
		{"the root", "GET", "/", atRoot, 200, "face_liveness_up"},
		{"nothing below the root", "GET", "/anything", atRoot, 404, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := test.p.Send(test.method, test.path)
			if got.Status != test.status || !strings.Contains(got.Body, test.body) || test.method == "HEAD" && got.Body != "" {
				t.Errorf("%s %s: %d, want %d and %q\n%s", test.method, test.path, got.Status, test.status, test.body, got.Body)
			}
		})
	}
}

func TestReadinessAfterARefreshThatFails(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	held, release := rig.Gate()
	service.Fail(held, facetest.StatusError(403, facetest.ShapeCode, "403", "closed"))
	p := rig.StartWith(t, service.Contoso(rig.Quick, rig.BothOperations))
	for path, status := range map[string]int{"/-/ready": 503, "/-/healthy": 200} {
		if got := p.Get(path); got.Status != status {
			t.Errorf("%s in the first refresh: %d, want %d", path, got.Status, status)
		}
	}
	release()
	p.Serves("/-/ready")
}

// The exporter's own metrics are those of no resource, and together with the probes they are all.
func TestOwnMetrics(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	for name, test := range map[string]struct {
		args []string
		want int // families of client_golang
	}{
		"by default": {nil, 3},
		"disabled":   {[]string{"--web.disable-exporter-metrics"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := rig.StartWith(t, service.Contoso(rig.Quick), test.args...)
			all, found := p.Scrape(), 0
			own, probed := p.ScrapeOf("/-/metrics"), p.ScrapeOf("/probe?resource=contoso")
			for _, name := range []string{"go_goroutines", "process_start_time_seconds", "promhttp_metric_handler_requests_total"} {
				if all.Families[name] != nil {
					found++
				}
			}
			if found != test.want || len(own.Resources()) != 0 {
				t.Errorf("%d families of client_golang, want %d; resources %q, want none", found, test.want, own.Resources())
			}
			for name := range all.Families {
				if (own.Families[name] == nil) == (probed.Families[name] == nil) {
					t.Errorf("%s is on both of /-/metrics and /probe, or on none", name)
				}
			}
		})
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	service.Populate(rig.Live, 1500, 1)
	p := rig.StartWith(t, service.Contoso(rig.Quick))
	p.Scrape().Exact(t, service, "contoso", rig.Live)
	for accept, want := range map[string]string{
		"application/openmetrics-text;version=1.0.0":                                                 "application/openmetrics-text",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited": "application/vnd.google.protobuf",
		"text/html": "text/plain",
	} {
		for _, path := range []string{"/metrics", "/probe?resource=contoso", "/-/metrics"} {
			got := p.Get(path, "Accept", accept, "Accept-Encoding", "gzip")
			if !strings.HasPrefix(got.Header.Get("Content-Type"), want) || !strings.HasPrefix(got.Body, "\x1f\x8b") {
				t.Errorf("%s as %s is %q, compressed by %q", path, accept, got.Header.Get("Content-Type"), got.Header.Get("Content-Encoding"))
			}
		}
	}
}

func TestReloadIsAnswered(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	const canary = "c4n4ry5ecret"
	const loaded = "exporter_config_last_reload_successful"
	good := service.Contoso(rig.Quick + rig.Seldom)
	for _, test := range []struct {
		name, method, configuration string
		status                      int
		body                        string
	}{
		{"GET", "GET", good, 405, ""},
		{"POST", "POST", good, 200, "reloaded"},
		{"PUT", "PUT", good, 200, "reloaded"},
		{"not YAML", "POST", "resources: [\n  " + canary + "\n", 500, "not valid YAML"},
		{"wrong", "POST", service.Contoso("", "keyfile: "+canary), 500, "resources[0].keyfile"},
		{
			"right, but not to be built", "PUT", good + rig.Resource("new", "https://new.cognitiveservices.azure.com", "key: "+canary, "tls: {ca_file: /nowhere/ca.pem}"),
			500, `resource "new"`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := rig.StartWith(t, good)
			before := p.Scrape()
			rig.Rewrite(t, p.File, test.configuration)
			got := p.Send(test.method, "/-/reload")
			if got.Status != test.status || !strings.Contains(got.Body, test.body) {
				t.Errorf("%d, want %d and %q:\n%s", got.Status, test.status, test.body, got.Body)
			}
			after := p.Scrape()
			rig.Same(t, after.Population("contoso"), before.Population("contoso"))
			rig.Same(t, after.Counters("contoso"), before.Counters("contoso"))
			at := rig.Series("exporter_config_last_reload_success_timestamp_seconds")
			if moved := after.Samples[at] > before.Samples[at]; moved != (test.status == 200) {
				t.Errorf("last loaded %v, before it was %v", after.Samples[at], before.Samples[at])
			}
			if test.status == 500 {
				after.Want(t, rig.Series(loaded), 0)
				rig.AllOf(t, "the log", p.Log(), "configuration not reloaded")
				p.Reload(good)
				after = p.Scrape()
			}
			after.Want(t, rig.Series(loaded), 1)
			for name, text := range map[string]string{"the answer": got.Body, "the log": p.Log(), "the page": p.Get("/").Body} {
				rig.NoneOf(t, name, text, canary, service.Key())
			}
		})
	}
}

func TestReloadFromAnotherOrigin(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	p := rig.StartWith(t, service.Contoso(rig.Quick), "--web.external-url=https://example.org/face/")
	for name, test := range map[string]struct {
		header []string
		status int
	}{
		"no browser":                       {nil, 200},
		"a browser on the page itself":     {[]string{"Sec-Fetch-Site", "same-origin", "Origin", p.Base}, 200},
		"an old browser on the page":       {[]string{"Origin", p.Base}, 200},
		"a page at the external URL":       {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://example.org"}, 200},
		"another site":                     {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		"another site in an old browser":   {[]string{"Origin", "https://evil.example"}, 403},
		"another port of the same machine": {[]string{"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"}, 403},
	} {
		if got := p.Send(http.MethodPost, "/face/-/reload", test.header...); got.Status != test.status {
			t.Errorf("%s: %d, want %d", name, got.Status, test.status)
		}
	}
}

// A body that does not come holds up no answer.
func TestBodyThatDoesNotCome(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	p := rig.StartWith(t, service.Contoso(rig.Quick))
	body, writer := io.Pipe()
	defer writer.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.Base+"/-/reload", body)
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = 1000
	began := time.Now()
	answer, err := p.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if took := time.Since(began); answer.StatusCode != http.StatusOK || took > 8*time.Second { // the time limit for reading a request is 10 s
		t.Errorf("answered with %d after %v", answer.StatusCode, took)
	}
}
