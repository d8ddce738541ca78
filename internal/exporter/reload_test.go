package exporter_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/launch"
	"face_liveness_exporter/internal/rig"
)

// What was counted of a list stays, and every setting beside the list itself is taken at once or by the next refresh.
func TestReloadKeepsWhatWasCounted(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	service := rig.NewFaceWith(t, facetest.Options{Key: "th3f1rstk3y", Now: func() time.Time { return rig.Noon().Add(time.Duration(passed.Load())) }})
	service.Populate(rig.Live, 500, 1)
	p := rig.StartWith(t, service.Contoso(rig.Quick+rig.Seldom))
	before := p.Scrape()
	before.Exact(t, service, "contoso", rig.Live)

	asked := service.Asked()
	service.SetKey("th3s3condk3y")
	second := "devices: {top: 3}\nrefresh: {interval: 30m, timeout: 1m}\n" +
		"api: {max_requests_per_second: 1000, max_retries: 0, page_size: 700, monthly_request_budget: 1000000}\n"
	rig.Rewrite(t, p.File, service.Contoso(second, "labels: {team: kyc, env: prod}"))
	p.Hangups <- syscall.SIGHUP
	launch.Eventually(t, "a reload", func() bool { return strings.Contains(p.Log(), `msg="configuration reloaded"`) })
	e := p.Scrape()
	e.Want(t, rig.Series("resource_info", "resource", "contoso", "service_endpoint", service.Endpoint, "api_version", "v1.2-preview.1",
		"team", "kyc", "env", "prod"), 1)
	rig.Same(t, e.Population("contoso"), before.Population("contoso"))
	rig.Same(t, e.Counters("contoso"), before.Counters("contoso"))
	e.Want(t, rig.Of("refresh_interval_seconds", "contoso", rig.Live), 1800)
	e.Want(t, rig.Series("api_monthly_request_budget", "resource", "contoso"), 1e6)
	if more := service.Asked() - asked; more != 0 {
		t.Errorf("a reload of the same list sent %d requests", more)
	}

	service.Add(rig.Live, facetest.Session{ID: "ffffffff-ffff-4fff-8fff-fffffffffff1", Created: rig.Noon().Add(20 * time.Second)})
	passed.Store(int64(100 * time.Second))
	p.Reload(strings.Replace(service.Contoso(second), "30m", "1ms", 1))
	launch.Eventually(t, "a refresh with the new key", func() bool {
		e = p.Scrape()
		return e.Samples[rig.Of("sessions", "contoso", rig.Live)] == 501
	})
	e.Want(t, rig.Of("api_errors_total", "contoso", rig.Live, "error_code", "401"), 0)
	if top := service.Requests()[service.Asked()-1].Top; top != "700" {
		t.Errorf("the last page was asked for with %s sessions, want 700", top)
	}
	if shown := len(e.Families["face_liveness_device_sessions"].GetMetric()); shown != 3 {
		t.Errorf("%d devices are shown, want 3", shown)
	}
	for key, value := range e.Counters("contoso") {
		if value < before.Samples[key] {
			t.Errorf("%s dropped from %v to %v", key, before.Samples[key], value)
		}
	}
}

func TestReloadClearsTheWaitAfterAFailure(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	service.Fail(facetest.StatusError(403, facetest.ShapeCode, "403", "closed"))
	p := rig.StartWith(t, service.Contoso(rig.Quick+rig.Seldom))
	p.Scrape().Want(t, rig.Of("up", "contoso", rig.Live), 0)
	service.ClearFaults()
	p.Scrape().Want(t, rig.Of("refreshes_total", "contoso", rig.Live), 1)
	p.Reload(service.Contoso(rig.Quick + rig.Seldom))
	e := p.Scrape()
	e.Want(t, rig.Of("refreshes_total", "contoso", rig.Live), 2)
	e.Want(t, rig.Of("up", "contoso", rig.Live), 1)
}

// One resource goes in the middle of a refresh that hangs, one stays, one comes.
func TestReloadRemovesAndAdds(t *testing.T) {
	t.Parallel()
	gone, stays, comes := rig.NewFace(t), rig.NewFace(t), rig.NewFace(t)
	for i, service := range []*rig.Face{gone, stays, comes} {
		service.Populate(rig.Live, 1200+i, uint64(i))
	}
	gone.Fail(facetest.Hang().After(1))
	const patient = "api: {request_timeout: 1h}"
	const head = rig.Quick + "refresh: {interval: 1h, timeout: 1h}\nresources:\n"
	p := rig.StartWith(t, head+gone.Resource("gone", patient)+stays.Resource("stays", patient))
	var before rig.Exposition
	launch.Eventually(t, "one is listed and one hangs", func() bool {
		before = p.Scrape("X-Prometheus-Scrape-Timeout-Seconds", "0.1")
		return before.Up("stays", rig.Live) && gone.Counts(rig.Live).InFlight > 0
	})
	waiting := make(chan launch.Answer, 1)
	go func() { waiting <- p.Get("/probe?resource=gone", "X-Prometheus-Scrape-Timeout-Seconds", "600") }()
	p.Reload(head + stays.Resource("stays", patient) + comes.Resource("comes", patient))
	if got := <-waiting; got.Status != 200 && got.Status != 404 {
		t.Errorf("the scrape that waited: %d", got.Status)
	}
	launch.Eventually(t, "the request that hung has ended", func() bool { return gone.Counts(rig.Live).InFlight == 0 })
	asked := gone.Asked()
	e := p.Scrape()
	if names := e.Resources(); !slices.Equal(names, []string{"comes", "stays"}) {
		t.Errorf("resources %q", names)
	}
	e.Exact(t, comes, "comes", rig.Live)
	rig.Same(t, e.Population("stays"), before.Population("stays"))
	rig.Same(t, e.Counters("stays"), before.Counters("stays"))
	if gone.Asked() != asked {
		t.Error("the removed one is still asked")
	}
}

// Another list has another count.
func TestReloadOfAnotherListStartsAnew(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(configuration string, first, second *rig.Face) string{
		"endpoint": func(c string, first, second *rig.Face) string {
			return strings.ReplaceAll(c, first.Endpoint, second.Endpoint)
		},
		"version":    func(c string, _, _ *rig.Face) string { return c + "  api: {version: v1.1-preview.1}\n" },
		"operations": func(c string, _, _ *rig.Face) string { return c + "  " + rig.BothOperations + "\n" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := rig.NewFace(t), rig.NewFace(t)
			first.Populate(rig.Live, 1200, 1)
			second.Populate(rig.Live, 700, 2)
			configuration := first.Contoso(rig.Quick + rig.Seldom)
			p := rig.StartWith(t, configuration)
			p.Scrape().Exact(t, first, "contoso", rig.Live)
			asked := first.Counts(rig.Live).Requests
			p.Reload(change(configuration, first, second))
			e := p.Scrape()
			e.Want(t, rig.Of("refreshes_total", "contoso", rig.Live), 1)
			current := first
			if name == "endpoint" {
				current, asked = second, 0
			}
			e.Want(t, rig.Of("api_requests_total", "contoso", rig.Live, "code", "200"), float64(current.Counts(rig.Live).Requests-asked))
			e.Exact(t, current, "contoso", rig.Live)
		})
	}
}

// A refresh that is under way goes on, and readiness is what it was.
func TestReloadInARefresh(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	service.Populate(rig.Live, 2500, 1)
	held, release := rig.Gate()
	service.Fail(held.After(1))
	p := rig.StartWith(t, service.Contoso(rig.Quick+rig.Seldom))
	launch.Eventually(t, "a page is held", func() bool { return service.Counts(rig.Live).InFlight > 0 })
	for range 3 {
		p.Reload(service.Contoso(rig.Quick + "refresh: {interval: 2h}\n"))
		rig.Rewrite(t, p.File, "resources: [")
		if got := p.Send("POST", "/-/reload"); got.Status != 500 {
			t.Errorf("a broken file: %d", got.Status)
		}
		if got := p.Get("/-/ready"); got.Status != 503 {
			t.Errorf("ready in the first refresh: %d", got.Status)
		}
	}
	release()
	e := p.Scrape()
	e.Want(t, rig.Of("refreshes_total", "contoso", rig.Live), 1)
	e.Want(t, rig.Of("refresh_interval_seconds", "contoso", rig.Live), 7200)
	e.Want(t, rig.Of("api_requests_total", "contoso", rig.Live, "code", "200"), float64(service.Asked()))
	e.Exact(t, service, "contoso", rig.Live)

	hangs := rig.NewFace(t)
	hangs.Fail(facetest.Hang())
	p.Reload(service.Contoso(rig.Quick+rig.Seldom) + hangs.Resource("hangs"))
	if got := p.Get("/-/ready"); got.Status != 200 {
		t.Errorf("no longer ready after a reload: %d", got.Status)
	}
}
