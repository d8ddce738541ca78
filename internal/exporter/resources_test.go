package exporter_test

import (
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/launch"
	"face_liveness_exporter/internal/rig"
)

// A resource that hangs in the middle of its list holds up no other. To get there, each has sent its own key.
func TestOneResourceHangs(t *testing.T) {
	t.Parallel()
	service := func(key string) *rig.Face {
		service := rig.NewFaceWith(t, facetest.Options{Now: rig.Noon, Key: key})
		service.Populate(rig.Live, 1500, 1)
		return service
	}
	good, bad := service("k3yofth3good"), service("k3yofth3bad")
	bad.Fail(facetest.Hang().After(1))
	p := rig.StartWith(t, rig.Quick+rig.Seldom+"resources:\n"+good.Resource("good")+bad.Resource("bad", "api: {request_timeout: 1h}"))
	launch.Eventually(t, "the good one's list in a short scrape", func() bool {
		e := p.Scrape("X-Prometheus-Scrape-Timeout-Seconds", "0.2")
		if e.Up("bad", rig.Live) || len(e.Population("bad")) != 0 {
			t.Error("the one that hangs is shown")
		}
		return e.Up("good", rig.Live) && bad.Asked() == 2
	})
}

// A key file that comes later, or is rotated, is used without a reload: after a refusal at the next scrape.
func TestKeyFileIsRotated(t *testing.T) {
	t.Parallel()
	service := rig.NewFaceWith(t, facetest.Options{Now: rig.Noon, Key: "th3f1rstk3y"})
	service.Populate(rig.Live, 1234, 1)
	file := rig.Write(t, "key", "") + "-later"
	p := rig.StartWith(t, rig.Quick+rig.Seldom+"resources:\n"+rig.Resource("contoso", service.Endpoint, "key_file: "+file,
		"api: {version: v1.1-preview.1, page_size: 500}"))
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
	e = p.Scrape()
	e.Exact(t, service, "contoso", rig.Live)
	e.Want(t, rig.Series("resource_info", "resource", "contoso", "service_endpoint", service.Endpoint, "api_version", "v1.1-preview.1"), 1)
	for _, request := range service.Requests() { // as the service's operators see it
		if request.Bearer || request.Top != "500" || !strings.HasPrefix(request.Path, "/face/v1.1-preview.1/") ||
			!strings.HasPrefix(request.UserAgent, "face_liveness_exporter/") {
			t.Errorf("%v, user agent %q", request, request.UserAgent)
		}
	}
	rig.NoneOf(t, "the log", p.Log(), "th3f1rstk3y", "th30ldk3y")
}
