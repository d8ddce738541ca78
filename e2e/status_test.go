package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facetest"
)

// static answers / with a page and everything else with 404.
func static(html string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(html)) // the browser says what is missing
	})
	return mux
}

// secretMessage is in what the simulated services say; none of it may be shown.
const secretMessage = "THE-SERVICE'S-OWN-WORDS"

// statusPages are exporters whose status pages differ.
func statusPages(t *testing.T) map[string]*program {
	t.Helper()
	head := "refresh: {interval: %s}\napi: {max_requests_per_second: 1000, max_retries: 0}\nresources:\n"
	resource := func(name string, service *facetest.Server, key string, more ...string) string {
		t.Cleanup(service.Close)
		fields := append([]string{
			"name: '" + strings.ReplaceAll(name, "'", "''") + "'", "endpoint: '" + serve(t, service) + "'", "key: '" + key + "'",
			"operations: [" + facetest.DetectLiveness + ", " + facetest.DetectLivenessWithVerify + "]",
		}, more...)
		return "  - {" + strings.Join(fields, ", ") + "}\n"
	}
	config := func(interval string, resources ...string) string {
		path := filepath.Join(t.TempDir(), "config.yaml")
		write(t, path, fmt.Sprintf(head, interval)+strings.Join(resources, ""))
		return "--config.file=" + path
	}
	fails := func(faults ...facetest.Fault) *facetest.Server {
		service := facetest.New(facetest.Options{})
		service.Populate(facetest.DetectLiveness, 500, 1)
		service.Fail(faults...)
		return service
	}
	broken := fails(facetest.StatusError(http.StatusInternalServerError, facetest.ShapeCode, "AnErrorCodeOfTheGreatestLengthThatIsEverShown-0123456789.abcdefg", secretMessage).On(facetest.DetectLiveness))

	hostile := facetest.New(facetest.Options{})
	hostile.Populate(facetest.DetectLiveness, 2000, 1)
	for i, device := range []string{
		`<img src=x onerror="window.hostile=1" data-hostile>`,
		`"><script data-hostile>window.hostile=1</script>`,
		`' autofocus onfocus='window.hostile=1' data-hostile='`,
		`</style></script><b data-hostile>{{.}} ${window.hostile=1} %s`,
		"\u202e\u2066gnp.exe\u2067 and what follows",
		"two\nlines\tand\x00zero\x7f",
		strings.Repeat("W", 500),
		strings.Repeat("長い名前", 60),
		"\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d\U0001F466" + strings.Repeat("\u0301", 40),
		"a " + strings.Repeat("word ", 60),
	} {
		sessions := facetest.Generate(200-10*i, uint64(10+i), time.Now())
		for n := range sessions {
			sessions[n].DeviceID = device
		}
		hostile.Add(facetest.DetectLiveness, sessions...)
	}

	many := make([]string, 0, 24)
	for i := range cap(many) {
		service := facetest.New(facetest.Options{})
		service.Populate(facetest.DetectLiveness, 3*i*i*i, uint64(i))
		many = append(many, resource(fmt.Sprintf("contoso-%d", i), service, service.Key()))
	}

	// Once shown, then failing; and one whose budget allows 20 requests a refresh, for a list of 200 pages.
	failing, large := facetest.New(facetest.Options{}), facetest.New(facetest.Options{})
	failing.Populate(facetest.DetectLiveness, 1200, 1)
	large.Populate(facetest.DetectLiveness, 2000, 2)
	large.Populate(facetest.DetectLivenessWithVerify, 2000, 3)
	mixed := startExporter(t, config("2s", resource("failing", failing, failing.Key()),
		resource("estimated", large, large.Key(), "api: {page_size: 10, monthly_request_budget: 25920000}")))
	eventually(t, "a list and an estimate", func() bool {
		_, metrics := mixed.get("/metrics")
		return strings.Contains(metrics, `face_liveness_sessions{operation="detectLiveness",resource="failing"} 1200`) &&
			strings.Contains(metrics, `face_liveness_snapshot_coverage_ratio{operation="detectLiveness",resource="estimated"} 0.`)
	})
	failing.Fail(facetest.StatusError(http.StatusServiceUnavailable, facetest.ShapeCode, "503", secretMessage))
	eventually(t, "a failure", func() bool {
		_, metrics := mixed.get("/metrics")
		return strings.Contains(metrics, `face_liveness_up{operation="detectLiveness",resource="failing"} 0`)
	})

	hanging := fails(facetest.Hang())
	return map[string]*program{
		"demo": startExporter(t, "--demo"),
		"errors": startExporter(t, config("10m",
			resource("refused", fails(facetest.StatusError(http.StatusUnauthorized, facetest.ShapeCode, "401", secretMessage)), "wrong"),
			resource("broken", broken, broken.Key()),
			resource("no list", fails(facetest.StatusError(http.StatusNotFound, facetest.ShapeFlat, "ResourceNotFound", secretMessage)), "test-key"),
			resource("throttled", fails(facetest.RateLimited(facetest.ShapeCode, facetest.HintHeader, 5*time.Second)), "test-key"),
			resource("another shape", fails(facetest.JSON(`{"value": "`+secretMessage+`"}`)), "test-key"),
			resource("a page of HTML", fails(facetest.HTML(http.StatusBadGateway)), "test-key"),
			resource(strings.Repeat("W", 64), fails(facetest.Reset()), "test-key"),
			"  - {name: down, endpoint: 'http://"+freeAddress(t)+"', key: none}\n",
		)),
		"hostile": startExporter(t, config("10m",
			resource(`<b data-hostile>"&amp;'</b>`, hostile, hostile.Key()),
			resource("\u05d0\u05d1\u05d2 "+`"><script>window.hostile=1</script>`, hostile, "wrong"),
		)),
		"mixed":                   mixed,
		"many":                    startExporter(t, config("10m", many...), "--web.enable-pprof"),
		"first refresh under way": startExporter(t, config("10m", resource("slow", hanging, hanging.Key()))),
	}
}

var href = regexp.MustCompile(`href="(/[^"]*)"`)

// The status page in a real browser, in every state of the exporter.
func TestStatusPage(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	pages := statusPages(t)
	for name, exporter := range pages {
		if name != "first refresh under way" {
			eventually(t, name+" is ready", func() bool {
				exporter.Alive()
				status, _ := exporter.get("/-/ready")
				return status == http.StatusOK
			})
		}
		_, html := exporter.get("/")
		if strings.Contains(html, secretMessage) || strings.Contains(html, "test-key") {
			t.Errorf("%s: the page tells what it must not", name)
		}
		for _, link := range href.FindAllStringSubmatch(html, -1) {
			if status, _ := exporter.get(link[1]); status != http.StatusOK && link[1] != "/-/ready" {
				t.Errorf("%s: the link %s answers %d", name, link[1], status)
			}
		}
		for _, l := range []look{{"light", 1280, 1}, {"dark", 1280, 1}, {"light", 390, 2}, {"dark", 390, 2}} {
			for _, problem := range b.check(exporter.Base+"/", l) {
				t.Errorf("%s, %s: %s", name, l, problem)
			}
			b.open(exporter.Base+"/", l)
			keep(t, fmt.Sprintf("%s, %s.png", name, l), b.picture(l, 8000))
		}
	}

	// What the page does by itself while it is open must go on without an error.
	demo, readme := pages["demo"], look{"light", 1100, 1.5}
	b.open(demo.Base+"/", readme)
	within(t, 15*time.Second, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.requests >= 2
	})
	b.mu.Lock()
	if len(b.heard) != 0 {
		t.Errorf("while the page is open: %q", b.heard)
	}
	t.Logf("the open page has sent %d requests", b.requests)
	b.mu.Unlock()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(filepath.Join(repository, "docs", "status.png"), b.picture(readme, 1400), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
