package tool_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

const (
	reloaded   = "face_liveness_exporter_config_last_reload_successful"
	reloadedAt = "face_liveness_exporter_config_last_reload_success_timestamp_seconds"
	// seldom lets nothing be refreshed but at the start.
	seldom = "refresh: {interval: 1h}\n"
)

// reloader is a program whose configuration file can change.
type reloader struct {
	*program
	file string
}

func startReloader(t *testing.T, configuration string, args ...string) *reloader {
	t.Helper()
	file := write(t, "exporter.yaml", configuration)
	if !slices.Contains(args, "--no-web.enable-lifecycle") {
		args = append(args, "--web.enable-lifecycle")
	}
	return &reloader{start(t, append([]string{"--config.file=" + file}, args...), nil), file}
}

// reload puts a configuration into the file and has it read.
func (p *reloader) reload(configuration string) {
	p.t.Helper()
	rewrite(p.t, p.file, configuration)
	if got, err := p.request(http.MethodPost, "/-/reload"); err != nil || got.status != http.StatusOK {
		p.t.Fatalf("reload: %d %s, %v", got.status, got.body, err)
	}
}

// own gets the exporter's own metrics, which starts no refresh.
func (p *program) own() exposition {
	p.t.Helper()
	return parseText(p.t, p.get("/-/metrics").body)
}

// goroutines counts those of the program whose stacks hold a function: the profile tells them from other tests' by the
// label that they were started with.
func (p *program) goroutines(function string) int {
	p.t.Helper()
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		p.t.Fatal(err)
	}
	sum := 0
	for stack := range strings.SplitSeq(profile.String(), "\n\n") {
		if !strings.Contains(stack, fmt.Sprintf(`"test":%q`, p.t.Name())) || !strings.Contains(stack, function) {
			continue
		}
		count, err := strconv.Atoi(regexp.MustCompile(`(?m)^\d+`).FindString(stack))
		if err != nil {
			p.t.Fatal(err)
		}
		sum += count
	}
	return sum
}

// counters are the values that never drop, of one resource or of all.
func (e exposition) counters(resource string) map[string]float64 {
	values := map[string]float64{}
	for key, value := range e.samples {
		name, labels, _ := strings.Cut(key, "{")
		if strings.HasPrefix(name, "face_liveness_") && (strings.HasSuffix(name, "_total") || strings.HasPrefix(name, "face_liveness_api_request_duration_seconds")) &&
			(resource == "" || strings.Contains(labels, fmt.Sprintf("resource=%q", resource))) {
			values[key] = value
		}
	}
	return values
}

// stable is what does not move by itself between two scrapes.
func (e exposition) stable() map[string]float64 {
	values := maps.Clone(e.samples)
	maps.DeleteFunc(values, func(key string, _ float64) bool {
		return !strings.HasPrefix(key, "face_liveness_") || strings.HasPrefix(key, reloaded) || strings.HasPrefix(key, reloadedAt)
	})
	return values
}

func TestReloadIsAnswered(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	const canary = "c4n4ry5ecret"
	good := contoso(service, quick+seldom)
	for _, test := range []struct {
		name, method, configuration string
		args                        []string
		status                      int
		body                        string
		loaded                      float64
	}{
		{"not enabled", "POST", good, []string{"--no-web.enable-lifecycle"}, 403, "--web.enable-lifecycle", 1},
		{"not enabled, PUT", "PUT", good, []string{"--no-web.enable-lifecycle"}, 403, "--web.enable-lifecycle", 1},
		{"not enabled, broken file", "POST", "resources: [", []string{"--no-web.enable-lifecycle"}, 403, "--web.enable-lifecycle", 1},
		{"GET", "GET", good, nil, 405, "", 1},
		{"GET where it is not enabled", "GET", good, []string{"--no-web.enable-lifecycle"}, 405, "", 1},
		{"DELETE", "DELETE", good, nil, 405, "", 1},
		{"POST", "POST", good, nil, 200, "reloaded", 1},
		{"PUT", "PUT", good, nil, 200, "reloaded", 1},
		{"not YAML", "POST", "resources: [\n  " + canary + "\n", nil, 500, "not valid YAML", 0},
		{"empty", "POST", "", nil, 500, "the file is empty", 0},
		{
			"wrong in two places", "POST", "api: {page_size: 0}\n" + contoso(service, "", "keyfile: "+canary, "key_env: "+canary), nil, 500,
			"resources[0].keyfile", 0,
		},
		{
			"right, but not to be built", "PUT", quick + "resources:\n" + resource("contoso", service.endpoint, "key: "+canary) +
				resource("new", "https://new.cognitiveservices.azure.com", "key: "+canary, "tls: {ca_file: /nowhere/ca.pem}"), nil, 500,
			`resource "new"`, 0,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := startReloader(t, good, test.args...)
			before := p.scrape()
			rewrite(t, p.file, test.configuration)
			got, err := p.request(test.method, "/-/reload")
			if err != nil || got.status != test.status || !strings.Contains(got.body, test.body) {
				t.Errorf("%d, want %d and %q: %v\n%s", got.status, test.status, test.body, err, got.body)
			}
			if allowed := strings.Contains(got.header.Get("Allow"), "POST"); allowed != (test.status == 405) {
				t.Errorf("Allow: %q", got.header.Get("Allow"))
			}
			after := p.scrape()
			same(t, after.stable(), before.stable())
			after.want(t, reloaded, test.loaded)
			if moved := after.samples[reloadedAt] > before.samples[reloadedAt]; moved != (test.status == 200) {
				t.Errorf("last loaded %v, before it was %v", after.samples[reloadedAt], before.samples[reloadedAt])
			}
			if test.loaded == 0 { // and comes back
				p.reload(good)
				p.own().want(t, reloaded, 1)
			}
			for where, text := range map[string]string{"the answer": got.body, "the log": p.stderr.String(), "the page": p.get("/").body} {
				noneOf(t, where, text, canary, service.Key())
			}
		})
	}
}

func TestReloadWithoutAFile(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	for name, p := range map[string]*program{
		"demo": start(t, []string{"--demo", "--web.enable-lifecycle"}, nil),
		"environment": start(t, []string{"--web.enable-lifecycle"},
			map[string]string{"FACE_ENDPOINT": service.endpoint, "FACE_API_KEY": service.Key()}),
	} {
		got, err := p.request(http.MethodPost, "/-/reload")
		if err != nil || got.status != http.StatusInternalServerError || !strings.Contains(got.body, "no configuration file") {
			t.Errorf("%s: %d %s, %v", name, got.status, got.body, err)
		}
		e := p.scrape()
		e.want(t, reloaded, 0)
		if up := e.samples[of("up", map[string]string{"demo": "demo", "environment": "default"}[name], live)]; up != 1 {
			t.Errorf("%s: up %v afterwards", name, up)
		}
	}
}

// not parallel: it changes the working directory.
func TestReloadOfAFileThatIsGone(t *testing.T) {
	service := newFace(t, emptyService())
	folder := t.TempDir()
	t.Chdir(folder)
	rewrite(t, filepath.Join(folder, "config.yaml"), contoso(service, quick+seldom))
	given := startReloader(t, contoso(service, quick+seldom))
	found := start(t, []string{"--web.enable-lifecycle"}, nil)
	rewrite(t, filepath.Join(folder, "config.yaml"), "")
	for file, p := range map[string]*program{given.file: given.program, filepath.Join(folder, "config.yaml"): found} {
		if err := syscall.Unlink(file); err != nil {
			t.Fatal(err)
		}
		got, err := p.request(http.MethodPost, "/-/reload")
		if err != nil || got.status != http.StatusInternalServerError || strings.Contains(got.body, "--demo") || strings.Count(got.body, "\n") != 1 {
			t.Errorf("%d, want 500 and that the file is gone: %v\n%s", got.status, err, got.body)
		}
		e := p.scrape()
		e.want(t, reloaded, 0)
		e.want(t, of("up", "contoso", live), 1)
	}
}

func TestReloadByHangup(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	p := startReloader(t, contoso(service, quick+seldom), "--no-web.enable-lifecycle")
	p.scrape()
	rewrite(t, p.file, contoso(service, quick+"refresh: {interval: 2h}\n"))
	p.hangups <- syscall.SIGHUP
	eventually(t, "the interval is another", func() bool {
		return p.scrape().samples[of("refresh_interval_seconds", "contoso", live)] == 7200
	})
	rewrite(t, p.file, "resources: 5\n")
	p.hangups <- syscall.SIGHUP
	eventually(t, "the reload has failed", func() bool { return p.own().samples[reloaded] == 0 })
	if !strings.Contains(p.stderr.String(), "configuration not reloaded") {
		t.Errorf("the log does not say it:\n%s", p.stderr)
	}
	p.scrape().want(t, of("refresh_interval_seconds", "contoso", live), 7200)
}

// What was counted of a list stays, and every setting beside the list itself is taken at once or by the next refresh.
func TestReloadKeepsWhatWasCounted(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	service := newFace(t, facesim.Options{Key: "th3f1rstk3y", Now: func() time.Time { return noon().Add(time.Duration(passed.Load())) }})
	service.Populate(live, 500, 1)
	p := startReloader(t, contoso(service, quick+seldom))
	began := time.Now()
	// uncounted is a time shortly after what was counted: as much is counted as time passes, and no more.
	uncounted := func() time.Time { return noon().Add(time.Since(began) - 29*time.Second) }
	e := p.scrape()
	e.exact(t, service, "contoso", live)
	e.want(t, of("snapshot_pages", "contoso", live), 2) // the short page is checked once

	service.Add(live, facesim.Session{ID: "ffffffff-ffff-4fff-8fff-fffffffffff0", Created: uncounted()})
	passed.Store(int64(50 * time.Second))
	p.reload(contoso(service, quick+"refresh: {interval: 1ms}\n"))
	eventually(t, "a second walk", func() bool {
		e = p.scrape()
		return e.samples[of("session_creations_total", "contoso", live)] == 1
	})
	p.reload(contoso(service, quick+seldom))
	counted := p.scrape()
	counted.want(t, of("snapshot_pages", "contoso", live), 1) // what was learned of the service's ways is not forgotten

	requests, before := service.requests(), counted.counters("contoso")
	service.SetKey("th3s3condk3y")
	second := "devices: {top: 3}\nrefresh: {interval: 30m, timeout: 1m}\n" +
		"api: {max_requests_per_second: 1000, max_retries: 0, page_size: 700, monthly_request_budget: 1000000}\n"
	p.reload(contoso(service, second))
	e = p.scrape()
	if shown := len(e.population("contoso", live)); shown != len(counted.population("contoso", live)) {
		t.Errorf("the reload changed the population to %d series", shown)
	}
	same(t, e.population("contoso", live), counted.population("contoso", live))
	same(t, e.counters("contoso"), before)
	e.want(t, of("refresh_interval_seconds", "contoso", live), 1800)
	e.want(t, series("face_liveness_api_monthly_request_budget", nil, "resource", "contoso"), 1e6)
	if service.requests() != requests {
		t.Errorf("a reload of the same list sent %d requests", service.requests()-requests)
	}

	service.Add(live, facesim.Session{ID: "ffffffff-ffff-4fff-8fff-fffffffffff1", Created: uncounted()})
	passed.Store(int64(100 * time.Second))
	p.reload(strings.Replace(contoso(service, second), "30m", "3s", 1))
	eventually(t, "a walk with the new key", func() bool {
		e = p.scrape()
		return e.samples[of("session_creations_total", "contoso", live)] == 2
	})
	e.want(t, of("up", "contoso", live), 1)
	e.want(t, of("sessions", "contoso", live), 502)
	e.want(t, of("api_errors_total", "contoso", live, "error_code", "401"), 0)
	if top := service.Requests()[service.requests()-1].Top; top != "700" {
		t.Errorf("the last page was asked for with %s sessions, want 700", top)
	}
	devices := 0
	for key := range e.population("contoso", live) {
		if strings.HasPrefix(key, "face_liveness_device_sessions{") {
			devices++
		}
	}
	if devices != 3 {
		t.Errorf("%d devices are shown, want 3", devices)
	}
	for key, value := range e.counters("contoso") {
		if value < before[key] {
			t.Errorf("%s dropped from %v to %v", key, before[key], value)
		}
	}
}

// Where it is the service that asks to wait, a reload changes nothing about that.
func TestReloadKeepsTheWaitThatTheServiceAsksFor(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Fail(facesim.RateLimited(facesim.ShapeCode, facesim.HintHeader, time.Hour))
	const patient = "api: {max_requests_per_second: 1000, max_retry_wait: 1h}\n"
	p := startReloader(t, contoso(service, patient+"refresh: {interval: 1ms, timeout: 50ms}\n"))
	eventually(t, "the service has asked to wait", func() bool { // an answer can come later than the refresh waits for it
		return p.scrape().samples[of("api_requests_total", "contoso", live, "code", "429")] == 1
	})
	asked := service.requests()
	for i := range 5 {
		p.reload(contoso(service, patient+fmt.Sprintf("refresh: {interval: 1ms, timeout: %dms}\n", 60+i)))
		before := p.scrape().samples[of("refreshes_total", "contoso", live)]
		eventually(t, "a refresh under the new configuration", func() bool {
			return p.scrape().samples[of("refreshes_total", "contoso", live)] > before
		})
	}
	if more := service.requests() - asked; more != 0 {
		t.Errorf("%d requests after one that was told to wait for an hour", more)
	}
}

func TestReloadClearsTheWaitAfterAFailure(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Fail(facesim.StatusError(403, facesim.ShapeCode, "403", "closed"))
	p := startReloader(t, contoso(service, quick+seldom))
	p.scrape().want(t, of("up", "contoso", live), 0)
	service.ClearFaults()
	p.scrape().want(t, of("refreshes_total", "contoso", live), 1)
	p.reload(contoso(service, quick+seldom))
	e := p.scrape()
	e.want(t, of("refreshes_total", "contoso", live), 2)
	e.want(t, of("refresh_failures_total", "contoso", live), 1)
	e.want(t, of("up", "contoso", live), 1)
}
