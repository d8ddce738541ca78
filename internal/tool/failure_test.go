package tool_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

// recovering is a configuration whose resource is asked again at once after a failure.
const recovering = quick + "refresh: {interval: 1ms}\n"

func TestErrorsUnderTheirCode(t *testing.T) {
	t.Parallel()
	tests := facetest.KnownErrors()
	tests = append(tests,
		facetest.KnownError{Name: "portal", Code: "invalid_response", Fault: facetest.HTML(200)},
		facetest.KnownError{Name: "redirect", Code: "redirect", Fault: facetest.Redirect(302, "https://elsewhere.example/")},
		facetest.KnownError{Name: "reset", Code: "connection", Fault: facetest.Reset()},
		facetest.KnownError{Name: "cut body", Code: "connection", Fault: facetest.CutBody()},
		facetest.KnownError{Name: "JSON that ends early", Code: "connection", Fault: facetest.TruncatedJSON()},
		facetest.KnownError{Name: "an object", Code: "invalid_response", Fault: facetest.JSON(`{"value":[]}`)},
		facetest.KnownError{Name: "an endless list", Code: "pagination", Fault: facesim.RepeatPages()},
	)
	for _, test := range tests {
		t.Run(test.Name, func(t *testing.T) {
			t.Parallel()
			service := newFace(t, emptyService())
			service.Populate(live, 1100, 1)
			service.Fail(test.Fault)
			p := startWith(t, contoso(service, recovering))
			e := p.scrape()
			e.want(t, of("up", "contoso", live), 0)
			if shown := e.population("contoso", live); len(shown) != 0 {
				t.Errorf("a list that was never read is shown: %v", shown)
			}
			for key, value := range e.samples {
				if name, _, _ := strings.Cut(key, "{"); name == "face_liveness_api_errors_total" {
					if own := strings.Contains(key, `error_code="`+test.Code+`"`); own != (value > 0) {
						t.Errorf("%s = %v", key, value)
					}
				}
			}
			if refreshes, failures := e.samples[of("refreshes_total", "contoso", live)], e.samples[of("refresh_failures_total", "contoso", live)]; refreshes < 1 || refreshes != failures {
				t.Errorf("%v refreshes, %v failures", refreshes, failures)
			}
			// The service comes back.
			service.ClearFaults()
			eventually(t, "the list", func() bool {
				e = p.scrape()
				return e.samples[of("up", "contoso", live)] == 1
			})
			e.exact(t, service, "contoso", live)
			// The service fails again: the last list is still shown, and up is 0.
			service.Fail(test.Fault)
			eventually(t, "it is down", func() bool {
				e = p.scrape()
				return e.samples[of("up", "contoso", live)] == 0
			})
			e.exact(t, service, "contoso", live)
		})
	}
}

// A population that is too old disappears, and only that.
func TestStalePopulationDisappears(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 100, 1)
	p := startWith(t, contoso(service, quick+"refresh: {interval: 1ms, max_stale: 2ms}\n"))
	eventually(t, "the list", func() bool { return p.scrape().samples[of("up", "contoso", live)] == 1 })
	service.Fail(facesim.Status(503, ""))
	var e exposition
	eventually(t, "the population is gone", func() bool {
		e = p.scrape()
		return e.samples[of("up", "contoso", live)] == 0 && len(e.population("contoso", live)) == 0
	})
	for _, metric := range []string{
		"snapshot_timestamp_seconds", "snapshot_pages", "snapshot_coverage_ratio", "refreshes_total", "refresh_failures_total",
		"refresh_interval_seconds", "refresh_duration_seconds", "api_retries_total", "api_billed_transactions_total",
	} {
		if !e.has(of(metric, "contoso", live)) {
			t.Errorf("%s has gone with the population", metric)
		}
	}
}

// recorder notes the keys that a service is shown.
type recorder struct {
	mu   sync.Mutex
	keys map[string]int
}

func (r *recorder) on(service *face) {
	r.keys = map[string]int{}
	service.Fail(facesim.Wrap("recorder", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			r.mu.Lock()
			r.keys[request.Header.Get("Ocp-Apim-Subscription-Key")]++
			r.mu.Unlock()
			next.ServeHTTP(w, request)
		})
	}))
}

func (r *recorder) only(t *testing.T, name, key string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.keys) != 1 || r.keys[key] == 0 {
		t.Errorf("%s was shown %d different keys, want its own alone", name, len(r.keys))
	}
}

func TestOneResourceHangs(t *testing.T) {
	t.Parallel()
	good, bad := newFace(t, facesim.Options{Now: noon, Key: "k3yofth3good"}), newFace(t, facesim.Options{Now: noon, Key: "k3yofth3bad"})
	good.Populate(live, 1500, 1)
	bad.Populate(live, 1500, 2)
	var atGood, atBad recorder
	atGood.on(good)
	atBad.on(bad)
	bad.Fail(facetest.Hang())
	p := startWith(t, quick+"refresh: {interval: 1h}\nresources:\n"+
		resource("good", good.endpoint, "key: "+good.Key())+
		resource("bad", bad.endpoint, "key: "+bad.Key(), "api: {request_timeout: 1h}"))
	eventually(t, "the good one's list in a short scrape", func() bool {
		e := p.scrape("X-Prometheus-Scrape-Timeout-Seconds", "0.2")
		e.want(t, of("up", "bad", live), 0)
		if shown := e.population("bad", live); len(shown) != 0 {
			t.Errorf("the one that hangs is shown: %v", shown)
		}
		if e.samples[of("up", "good", live)] != 1 {
			return false
		}
		e.exact(t, good, "good", live)
		return true
	})
	if bad.Counts(live).InFlight == 0 {
		t.Error("the bad one does not hang")
	}
	atGood.only(t, "the good one", good.Key())
	atBad.only(t, "the bad one", bad.Key())
}

// A redirect would carry the key to whoever it names.
func TestNoKeyFollowsARedirect(t *testing.T) {
	t.Parallel()
	service, thief := newFace(t, emptyService()), newFace(t, emptyService())
	service.Fail(facetest.Redirect(http.StatusTemporaryRedirect, thief.endpoint+"/face/v1.2-preview.1/detectLiveness/singleModal/sessions"))
	p := startWith(t, contoso(service, recovering))
	p.scrape().want(t, of("up", "contoso", live), 0)
	if requests := len(thief.Requests()); requests != 0 {
		t.Errorf("%d requests followed the redirect", requests)
	}
}

func TestCertificateOfTheService(t *testing.T) {
	t.Parallel()
	service := facesim.New(emptyService())
	server := httptest.NewUnstartedServer(service)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of clients that do not trust it
	server.StartTLS()
	t.Cleanup(func() { service.Close(); server.Close() })
	service.Populate(live, 3, 1)
	ca := write(t, "ca.pem", pemOf("CERTIFICATE", server.Certificate().Raw))
	for _, test := range []struct {
		name  string
		field string
		up    float64
		tls   float64
	}{
		{"not trusted", "allow_insecure: false", 0, 1},
		{"trusted by its CA", "tls: {ca_file: " + ca + ", server_name: example.com}", 1, 0},
		{"trusted, but of another name", "tls: {ca_file: " + ca + ", server_name: contoso.example}", 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := startWith(t, quick+"resources:\n"+resource("contoso", server.URL, "key: "+service.Key(), test.field))
			e := p.scrape()
			e.want(t, of("up", "contoso", live), test.up)
			e.want(t, of("api_errors_total", "contoso", live, "error_code", "tls"), test.tls)
		})
	}
}

// After a refused key nobody asks again before the interval is over, or the key has changed.
func TestKeyFileRotation(t *testing.T) {
	t.Parallel()
	service := newFace(t, facesim.Options{Now: noon, Key: "th3n3wk3y"})
	service.Populate(live, 1234, 1)
	keyFile := write(t, "key", "th30ldk3y\n")
	p := startWith(t, quick+"refresh: {interval: 1h}\nresources:\n"+resource("contoso", service.endpoint, "key_file: "+keyFile), "--log.level=debug")
	for range 3 {
		e := p.scrape()
		e.want(t, of("up", "contoso", live), 0)
		e.want(t, of("refreshes_total", "contoso", live), 1)
		e.want(t, of("api_errors_total", "contoso", live, "error_code", "401"), 1)
	}
	rewrite(t, keyFile, "th3n3wk3y\n")
	e := p.scrape()
	e.want(t, of("up", "contoso", live), 1)
	e.exact(t, service, "contoso", live)
	noneOf(t, "the log", p.stderr.String(), "th3n3wk3y", "th30ldk3y")
}

// The key is rotated in the file and in the service while a walk goes on: the request that had the old one is repeated.
func TestKeyFileRotationInAWalk(t *testing.T) {
	t.Parallel()
	service := newFace(t, facesim.Options{Now: noon, Key: "th30ldk3y"})
	service.Populate(live, 2500, 1)
	held, release := gate()
	service.Fail(held.After(1))
	keyFile := write(t, "key", "th30ldk3y")
	p := startWith(t, quick+"refresh: {interval: 1h}\nresources:\n"+
		resource("contoso", service.endpoint, "key_file: "+keyFile, "api: {max_concurrent_requests: 1}"))
	eventually(t, "a page is held", func() bool { return service.requests() == 2 })
	rewrite(t, keyFile, "th3n3wk3y")
	service.SetKey("th3n3wk3y")
	release()
	e := p.scrape()
	e.want(t, of("up", "contoso", live), 1)
	e.want(t, of("refresh_failures_total", "contoso", live), 0)
	e.want(t, of("api_errors_total", "contoso", live, "error_code", "401"), 1)
	e.exact(t, service, "contoso", live)
}

// A key file that comes later is no reason to stay down, and none to die.
func TestKeyFileThatComesLater(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	keyFile := write(t, "key", "x")
	keyFile += "-later"
	p := startWith(t, quick+"refresh: {interval: 1h}\nresources:\n"+resource("contoso", service.endpoint, "key_file: "+keyFile))
	e := p.scrape()
	e.want(t, of("up", "contoso", live), 0)
	e.want(t, of("api_errors_total", "contoso", live, "error_code", "authentication"), 1)
	if requests := service.requests(); requests != 0 {
		t.Errorf("%d requests without a key", requests)
	}
	rewrite(t, keyFile, service.Key())
	p.scrape().want(t, of("up", "contoso", live), 1)
}
