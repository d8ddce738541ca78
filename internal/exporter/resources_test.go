package exporter_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/launch"
	"face_liveness_exporter/internal/rig"
)

// From the service to the metrics, nothing is lost, and nothing is asked for twice.
func TestNumbersAreThoseOfTheService(t *testing.T) {
	t.Parallel()
	for _, sessions := range []int{0, 1, 1000, 1001, 5000} {
		service := rig.NewFaceWith(t, facetest.Options{Now: rig.Noon, Gzip: sessions == 1001})
		service.Populate(rig.Live, sessions, uint64(sessions))
		service.Populate(rig.Verify, sessions/3, 7)
		p := rig.StartWith(t, service.Contoso(rig.Quick+rig.Seldom, rig.BothOperations))
		e := p.Scrape()
		for _, operation := range []string{rig.Live, rig.Verify} {
			e.Exact(t, service, "contoso", operation)
			counts := service.Counts(operation)
			for metric, value := range map[string]int{
				"up": 1, "snapshot_coverage_ratio": 1, "snapshot_pages": counts.Requests, "api_billed_transactions_total": counts.Billed,
				"api_request_duration_seconds_count": counts.Requests,
			} {
				e.Want(t, rig.Of(metric, "contoso", operation), float64(value))
			}
		}
		before := service.Asked()
		p.Scrape().Exact(t, service, "contoso", rig.Live)
		if after := service.Asked(); after != before {
			t.Errorf("%d requests within an interval", after-before)
		}
	}
}

// No scrape, no request.
func TestNobodyAsksNobodyPays(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	p := rig.StartWith(t, service.Contoso(rig.Quick+"refresh: {on_start: false, interval: 1ms}\n"))
	for _, path := range []string{"/", "/sd", "/-/healthy", "/-/ready", "/-/metrics", "/unknown"} {
		p.Get(path)
	}
	if asked := service.Asked(); asked != 0 {
		t.Errorf("%d requests without a scrape", asked)
	}
	p.Scrape()
	if service.Asked() == 0 {
		t.Error("a scrape asks for nothing")
	}
}

// A resource that hangs holds up no other, and each is shown its own key alone.
func TestOneResourceHangs(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex // guards keys
	keys := map[string]map[string]bool{}
	service := func(name string) *rig.Face {
		service := rig.NewFaceWith(t, facetest.Options{Now: rig.Noon, Key: "k3yofth3" + name})
		service.Populate(rig.Live, 1500, 1)
		keys[name] = map[string]bool{}
		service.Fail(facetest.Wrap("keys", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			mu.Lock()
			keys[name][r.Header.Get("Ocp-Apim-Subscription-Key")] = true
			mu.Unlock()
			next.ServeHTTP(w, r)
		}))
		return service
	}
	good, bad := service("good"), service("bad")
	bad.Fail(facetest.Hang())
	p := rig.StartWith(t, rig.Quick+rig.Seldom+"resources:\n"+good.Resource("good")+bad.Resource("bad", "api: {request_timeout: 1h}"))
	launch.Eventually(t, "the good one's list in a short scrape", func() bool {
		e := p.Scrape("X-Prometheus-Scrape-Timeout-Seconds", "0.2")
		if e.Up("bad", rig.Live) || len(e.Population("bad")) != 0 {
			t.Error("the one that hangs is shown")
		}
		return e.Up("good", rig.Live)
	})
	launch.Eventually(t, "the bad one hangs", func() bool { return bad.Counts(rig.Live).InFlight > 0 })
	mu.Lock()
	defer mu.Unlock()
	for name, shown := range keys {
		if len(shown) != 1 || !shown["k3yofth3"+name] {
			t.Errorf("%s was shown %d keys, want its own alone", name, len(shown))
		}
	}
}

// A key file that comes later, or is rotated, is used without a reload: after a refusal at the next scrape.
func TestKeyFileIsRotated(t *testing.T) {
	t.Parallel()
	service := rig.NewFaceWith(t, facetest.Options{Now: rig.Noon, Key: "th3f1rstk3y"})
	service.Populate(rig.Live, 1234, 1)
	file := rig.Write(t, "key", "") + "-later"
	p := rig.StartWith(t, rig.Quick+rig.Seldom+"resources:\n"+rig.Resource("contoso", service.Endpoint, "key_file: "+file))
	e := p.Scrape()
	e.Want(t, rig.Of("api_errors_total", "contoso", rig.Live, "error_code", "authentication"), 1)
	if asked := service.Asked(); asked != 0 {
		t.Errorf("%d requests without a key", asked)
	}
	rig.Rewrite(t, file, "th30ldk3y\n")
	for range 2 {
		e = p.Scrape()
		e.Want(t, rig.Of("refreshes_total", "contoso", rig.Live), 2)
		e.Want(t, rig.Of("api_errors_total", "contoso", rig.Live, "error_code", "401"), 1)
	}
	rig.Rewrite(t, file, "th3f1rstk3y\n")
	p.Scrape().Exact(t, service, "contoso", rig.Live)
	rig.NoneOf(t, "the log", p.Log(), "th3f1rstk3y", "th30ldk3y")
}

// What the service's operators see of the exporter.
func TestRequestsNameTheProgram(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	service.Populate(rig.Live, 2500, 1)
	p := rig.StartWith(t, service.Contoso(rig.Quick, "api: {version: v1.1-preview.1, page_size: 500}"))
	p.Scrape().Want(t, rig.Series("resource_info",
		"resource", "contoso", "service_endpoint", service.Endpoint, "api_version", "v1.1-preview.1"), 1)
	for _, request := range service.Requests() {
		if request.Bearer || request.Top != "500" || !strings.HasPrefix(request.Path, "/face/v1.1-preview.1/") ||
			!strings.HasPrefix(request.UserAgent, "face_liveness_exporter/") {
			t.Errorf("%v, user agent %q", request, request.UserAgent)
		}
	}
}
