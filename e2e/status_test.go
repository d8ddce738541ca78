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
	"face_liveness_exporter/internal/launch"
)

// secretMessage is in what the simulated services say; none of it may be shown.
const secretMessage = "THE-SERVICE'S-OWN-WORDS"

// hostileDevices have ids that would break a page that does not escape them, or does not bound them.
func hostileDevices() *facetest.Server {
	service := facetest.New(facetest.Options{})
	for i, device := range []string{
		`"><script data-hostile>window.hostile=1</script>`,
		`</style></script><b data-hostile>{{.}} ${window.hostile=1} %s`,
		"\u202e\u2066gnp.exe\u2067 and what follows",
		strings.Repeat("W", 500),
		strings.Repeat("長い名前", 60),
		"\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d\U0001F466" + strings.Repeat("\u0301", 40),
	} {
		sessions := facetest.Generate(200-10*i, uint64(10+i), time.Now())
		for n := range sessions {
			sessions[n].DeviceID = device
		}
		service.Add(facetest.DetectLiveness, sessions...)
	}
	return service
}

// startInEveryState starts an exporter whose lists are in every state that the page knows.
func startInEveryState(t *testing.T) *program {
	t.Helper()
	config := "refresh: {interval: 2s, max_concurrent: 40}\napi: {max_requests_per_second: 1000, max_retries: 0}\nresources:\n"
	add := func(name string, service *facetest.Server, more ...string) *facetest.Server {
		config += resource(t, name, service, append(more, "operations: [detectLiveness, detectLivenessWithVerify]")...)
		return service
	}
	fails := func(fault facetest.Fault) *facetest.Server {
		service := facetest.New(facetest.Options{})
		service.Fail(fault)
		return service
	}
	failing := add("failing", facetest.New(facetest.Options{}))
	failing.Populate(facetest.DetectLiveness, 1200, 1)
	// Its budget allows 20 requests a refresh, for a list of 200 pages.
	estimated := add("estimated", facetest.New(facetest.Options{}), "api: {page_size: 10, monthly_request_budget: 25920000}")
	estimated.Populate(facetest.DetectLiveness, 2000, 2)
	estimated.Populate(facetest.DetectLivenessWithVerify, 2000, 3)
	add(`<b data-hostile>"&amp;'</b>`, hostileDevices())
	add("\u05d0\u05d1\u05d2 "+`"><script>window.hostile=1</script>`, fails(facetest.RateLimited(5*time.Second)))
	add("refused", fails(facetest.StatusError(http.StatusUnauthorized, facetest.ShapeCode, "401", secretMessage)))
	add("broken", fails(facetest.StatusError(http.StatusInternalServerError, facetest.ShapeCode, strings.Repeat("Code", 16), secretMessage).On(facetest.DetectLiveness)))
	add("another shape", fails(facetest.JSON(`{"value": "`+secretMessage+`"}`)))
	add(strings.Repeat("W", 64), fails(facetest.Reset()))
	add("first refresh under way", fails(facetest.Hang()))
	for i := range 12 {
		service := add(fmt.Sprint("contoso-", i), facetest.New(facetest.Options{}))
		service.Populate(facetest.DetectLiveness, 10*i*i*i, uint64(i))
	}
	exporter := startWith(t, config, "--web.enable-pprof")

	shows := func(pattern string) bool {
		_, metrics := exporter.get("/metrics")
		return regexp.MustCompile(`(?m)^face_liveness_` + pattern).MatchString(metrics)
	}
	launch.Eventually(t, "lists, an estimate and an error", func() bool {
		return shows(`sessions{operation="detectLiveness",resource="failing"} 1200$`) &&
			shows(`sessions{operation="detectLiveness",resource="contoso-11"} 13310$`) &&
			shows(`snapshot_coverage_ratio{operation="detectLiveness",resource="estimated"} 0\.`) && shows(`refresh_error{.*resource="W+"} 1$`)
	})
	failing.Fail(facetest.StatusError(http.StatusServiceUnavailable, facetest.ShapeCode, "503", secretMessage))
	launch.Eventually(t, "a failure after a success", func() bool { return shows(`up{operation="detectLiveness",resource="failing"} 0$`) })
	return exporter
}

// The status page in a real browser: whatever it has to say, it can be read, on a wide and a narrow screen, and nothing that
// comes from outside becomes a part of it.
func TestStatusPage(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	demo := startExporter(t, "--demo", "--log.level=debug")
	demo.Serves("/-/ready")
	for name, exporter := range map[string]*program{"demo": demo, "every state": startInEveryState(t)} {
		_, html := exporter.get("/")
		if strings.Contains(html, secretMessage) || strings.Contains(html, "test-key") {
			t.Errorf("%s: the page tells what it must not", name)
		}
		for _, link := range regexp.MustCompile(`href="(/[^"]*)"`).FindAllStringSubmatch(html, -1) {
			if status, _ := exporter.get(link[1]); status != http.StatusOK && link[1] != "/-/ready" {
				t.Errorf("%s: the link %s answers %d", name, link[1], status)
			}
		}
		for _, l := range []look{{"light", 1280, 1}, {"dark", 1280, 1}, {"light", 390, 1}, {"dark", 390, 1}} {
			for _, problem := range b.check(exporter.Base+"/", l) {
				t.Errorf("%s, %s: %s", name, l, problem)
			}
		}
	}

	// What the page does by itself while it is open must go on without an error.
	readme := look{"light", 1100, 1.5}
	b.open(demo.Base+"/", readme)
	opened, _ := b.news()
	launch.Eventually(t, "the page renews itself", func() bool {
		requests, _ := b.news()
		return requests > opened
	})
	if _, heard := b.news(); len(heard) != 0 {
		t.Errorf("while the page is open: %q", heard)
	}
	launch.Eventually(t, "the demo refreshes both lists by itself, and nobody scrapes it", func() bool {
		return strings.Count(demo.Stderr.String(), "msg=refreshed") >= 6
	})
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(filepath.Join(repository, "docs", "status.png"), b.picture(readme, 1400), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
