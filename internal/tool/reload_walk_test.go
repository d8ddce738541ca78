package tool_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facetest"
)

// One resource goes in the middle of a walk that hangs, one stays, one comes.
func TestReloadRemovesAndAdds(t *testing.T) {
	t.Parallel()
	gone, stays, comes := newFace(t, emptyService()), newFace(t, emptyService()), newFace(t, emptyService())
	for i, service := range []*face{gone, stays, comes} {
		service.Populate(live, 1200+i, uint64(i))
	}
	gone.Fail(facetest.Hang().After(1))
	entry := func(name string, service *face) string {
		return resource(name, service.endpoint, "key: "+service.Key(), "api: {request_timeout: 1h}")
	}
	head := quick + "refresh: {interval: 1h, timeout: 1h}\nresources:\n"
	p := startReloader(t, head+entry("gone", gone)+entry("stays", stays), "--log.level=debug")
	var before exposition
	eventually(t, "one is listed and one hangs", func() bool {
		before = p.scrape("X-Prometheus-Scrape-Timeout-Seconds", "0.1")
		return before.samples[of("up", "stays", live)] == 1 && gone.Counts(live).InFlight > 0
	})
	runs := func() int { return p.goroutines("collector.(*Target).Run") }
	if runs() != 2 {
		t.Errorf("%d targets run, want 2", runs())
	}

	waiting := p.patient(1, "/probe?resource=gone") // a scrape that waits for the walk that hangs is let go with it
	p.reload(head + entry("stays", stays) + entry("comes", comes))
	if got := <-waiting; got.status != 200 && got.status != 404 {
		t.Errorf("the scrape that waited: %d", got.status)
	}
	eventually(t, "the request that hung has ended", func() bool { return gone.Counts(live).InFlight == 0 })
	if runs() != 2 {
		t.Errorf("%d targets run after the reload, want 2", runs())
	}
	e := p.scrape()
	if names := resourcesOf(e); !slices.Equal(names, []string{"comes", "stays"}) {
		t.Errorf("resources %q", names)
	}
	e.exact(t, comes, "comes", live)
	same(t, e.population("stays", live), before.population("stays", live))
	same(t, e.counters("stays"), before.counters("stays"))
	if got := p.get("/probe?resource=gone"); got.status != 404 {
		t.Errorf("the removed one's probe: %d", got.status)
	}
	if groups := p.discovered(); len(groups) != 2 || groups[0].Labels["instance"] != "stays" || groups[1].Labels["instance"] != "comes" {
		t.Errorf("/sd: %v", groups)
	}
	requests := gone.requests()
	p.scrape()
	if gone.requests() != requests {
		t.Error("the removed one is still asked")
	}
}

// Another list has another count.
func TestReloadOfAnotherListStartsAnew(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(configuration string, first, second *face) string{
		"endpoint": func(c string, first, second *face) string {
			return strings.ReplaceAll(c, first.endpoint, second.endpoint)
		},
		"version":    func(c string, _, _ *face) string { return c + "  api: {version: v1.1-preview.1}\n" },
		"operations": func(c string, _, _ *face) string { return c + "  " + bothOperations + "\n" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := newFace(t, emptyService()), newFace(t, emptyService())
			first.Populate(live, 1200, 1)
			second.Populate(live, 700, 2)
			configuration := contoso(first, quick+seldom)
			p := startReloader(t, configuration)
			p.scrape().want(t, of("api_requests_total", "contoso", live, "code", "200"), 3)
			asked := first.Counts(live).Requests
			p.reload(change(configuration, first, second))
			e := p.scrape()
			e.want(t, of("refreshes_total", "contoso", live), 1)
			e.want(t, of("up", "contoso", live), 1)
			current, requests := first, first.Counts(live).Requests-asked
			if name == "endpoint" {
				current, requests = second, second.Counts(live).Requests
			}
			e.want(t, of("api_requests_total", "contoso", live, "code", "200"), float64(requests))
			e.exact(t, current, "contoso", live)
			if name == "endpoint" && first.Counts(live).Requests != asked {
				t.Error("the first one is still asked")
			}
		})
	}
}

// A walk that is under way goes on.
func TestReloadInAWalk(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 2500, 1)
	held, release := gate()
	service.Fail(held.After(1))
	p := startReloader(t, contoso(service, quick+seldom, "api: {max_concurrent_requests: 1}"))
	eventually(t, "a page is held", func() bool { return service.requests() == 2 })
	for range 3 {
		p.reload(contoso(service, quick+"refresh: {interval: 2h}\n", "api: {max_concurrent_requests: 1}"))
		rewrite(t, p.file, "resources: [")
		if got, err := p.request(http.MethodPost, "/-/reload"); err != nil || got.status != 500 {
			t.Errorf("%d, %v", got.status, err)
		}
		if got := p.get("/-/ready"); got.status != 503 {
			t.Errorf("ready in the first refresh: %d", got.status)
		}
	}
	release()
	e := p.scrape()
	e.want(t, of("up", "contoso", live), 1)
	e.want(t, of("refreshes_total", "contoso", live), 1)
	e.want(t, of("refresh_interval_seconds", "contoso", live), 7200)
	e.want(t, of("api_requests_total", "contoso", live, "code", "200"), float64(service.requests()))
	e.exact(t, service, "contoso", live)
}

// Once ready, always ready, also where nobody has asked before the reload.
func TestReloadNeverUnsetsReadiness(t *testing.T) {
	t.Parallel()
	for name, asked := range map[string]bool{"asked before": true, "not asked before": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service, hangs := newFace(t, emptyService()), newFace(t, emptyService())
			hangs.Fail(facetest.Hang())
			configuration := contoso(service, quick+seldom)
			p := startReloader(t, configuration)
			p.scrape().want(t, of("up", "contoso", live), 1)
			if asked {
				p.get("/-/ready")
			}
			p.reload(configuration + resource("hangs", hangs.endpoint, "key: "+hangs.Key()))
			if got := p.get("/-/ready"); got.status != 200 {
				t.Errorf("after the reload: %d", got.status)
			}
		})
	}
}

// A resource keeps one rate, one account and one set of knowledge, however often it takes new settings while its lists
// are walked.
func TestTwentyReloadsInAWalkOfTwoOperations(t *testing.T) {
	t.Parallel()
	const perSecond = 50
	service := newFace(t, emptyService())
	service.Populate(live, 4000, 1)
	service.Populate(verify, 4000, 2)
	configuration := func(i int) string {
		return contoso(service, "refresh: {interval: 1h}\n", bothOperations, fmt.Sprintf(
			"api: {page_size: 50, max_requests_per_second: %d, max_concurrent_requests: %d, monthly_request_budget: %d}", perSecond, 4+i%2, 1_000_000+i%2))
	}
	began := time.Now()
	p := startReloader(t, configuration(0))
	eventually(t, "both lists are walked", func() bool {
		return service.Counts(live).Requests > 2 && service.Counts(verify).Requests > 2
	})
	for i := range 20 {
		p.reload(configuration(i + 1))
	}
	var e exposition
	eventually(t, "both lists are read", func() bool {
		e = p.scrape("X-Prometheus-Scrape-Timeout-Seconds", "0.1")
		return e.samples[of("up", "contoso", live)] == 1 && e.samples[of("up", "contoso", verify)] == 1
	})
	if took := time.Since(began).Seconds(); float64(service.requests()) > perSecond*took+1 {
		t.Errorf("%d requests in %.2f s, want at most %d in a second", service.requests(), took, perSecond)
	}
	e.want(t, of("refreshes_total", "contoso", live), 1)
	e.want(t, of("refreshes_total", "contoso", verify), 1)
	e.exact(t, service, "contoso", live)
	e.exact(t, service, "contoso", verify)
	if runs := p.goroutines("collector.(*Target).Run"); runs != 2 {
		t.Errorf("%d targets run, want 2", runs)
	}
}
