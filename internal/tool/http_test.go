package tool_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

// reply is how a request ended.
type reply struct {
	answer
	err error
}

// patient sends n scrapes, each with a time-out of ten minutes. It returns when all are written.
func (p *program) patient(n int, path string) <-chan reply {
	replies, sent := make(chan reply, n), make(chan struct{}, n)
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { sent <- struct{}{} },
	})
	for range n {
		go func() {
			got, err := p.send(ctx, http.MethodGet, path, []string{"X-Prometheus-Scrape-Timeout-Seconds", "600"})
			replies <- reply{got, err}
		}()
		<-sent
	}
	return replies
}

func dial(ctx context.Context, p *program) (*net.TCPConn, error) {
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(p.Base, "http://"))
	if err != nil {
		return nil, err
	}
	return connection.(*net.TCPConn), nil
}

func TestPaths(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 10, 1)
	plain := startWith(t, contoso(service, quick, bothOperations))
	profiled := startWith(t, contoso(service, quick), "--web.enable-pprof")
	plain.scrape()
	tests := []struct {
		name, method, path string
		p                  *program
		status             int
		body               string
	}{
		{"healthy", "GET", "/-/healthy", plain, 200, "healthy\n"},
		{"ready", "GET", "/-/ready", plain, 200, "ready\n"},
		{"metrics", "GET", "/metrics", plain, 200, "face_liveness_up{"},
		{"metrics by HEAD", "HEAD", "/metrics", plain, 200, ""},
		{"status by HEAD", "HEAD", "/", plain, 200, ""},
		{"metrics by POST", "POST", "/metrics", plain, 405, ""},
		{"metrics by DELETE", "DELETE", "/metrics", plain, 405, ""},
		{"status by POST", "POST", "/", plain, 405, ""},
		{"unknown", "GET", "/unknown", plain, 404, ""},
		{"below the metrics", "GET", "/metrics/all", plain, 404, ""},
		{"profiles where they are off", "GET", "/debug/pprof/", plain, 404, ""},
		{"a profile where they are off", "GET", "/debug/pprof/heap", plain, 404, ""},
		{"profiles", "GET", "/debug/pprof/", profiled, 200, "goroutine"},
		{"a profile", "GET", "/debug/pprof/goroutine?debug=1", profiled, 200, "goroutine profile"},
		{"command line", "GET", "/debug/pprof/cmdline", profiled, 200, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.p.request(test.method, test.path)
			if err != nil {
				t.Fatal(err)
			}
			if got.status != test.status || !strings.Contains(got.body, test.body) {
				t.Errorf("%s %s: %d, want %d and %q\n%s", test.method, test.path, got.status, test.status, test.body, got.body)
			}
			if test.method == "HEAD" && got.body != "" {
				t.Errorf("HEAD has a body: %q", got.body)
			}
		})
	}
}

func TestStatusPage(t *testing.T) {
	t.Parallel()
	good, bad := newFace(t, emptyService()), newFace(t, emptyService())
	good.Populate(live, 1234, 1)
	bad.Fail(facesim.StatusError(403, facesim.ShapeCode, "UnsupportedFeature", "c4n4rymessage"))
	p := startWith(t, quick+"resources:\n"+
		resource("contoso-prod", good.endpoint, "key: "+good.Key(), bothOperations)+
		resource(`"<b>&contoso"`, bad.endpoint, "key: "+bad.Key()), "--web.enable-pprof")
	p.scrape()
	requests := good.requests() + bad.requests()
	page := p.get("/")
	if page.status != 200 || page.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("status %d, type %q", page.status, page.header.Get("Content-Type"))
	}
	for _, part := range []string{
		"contoso-prod", live, verify, "&lt;b&gt;&amp;contoso", "UnsupportedFeature",
		`href="/metrics"`, `href="/-/healthy"`, `href="/-/ready"`, `href="/debug/pprof/"`,
	} {
		if !strings.Contains(page.body, part) {
			t.Errorf("the page does not hold %q:\n%s", part, page.body)
		}
	}
	if digits := strings.NewReplacer(",", "", " ", "", "\u202f", "", "\u00a0", "").Replace(page.body); !strings.Contains(digits, "1234") {
		t.Errorf("the page does not hold the number of sessions:\n%s", page.body)
	}
	noneOf(t, "the page", page.body, "<b>&", "c4n4rymessage", good.Key())
	if after := good.requests() + bad.requests(); after != requests {
		t.Errorf("the page sent %d requests", after-requests)
	}
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options"} {
		if page.header.Get(name) == "" {
			t.Errorf("no header %s", name)
		}
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		end  func(*face) // lets the first refresh end
	}{
		{"after a refresh that succeeds", func(service *face) { service.ClearFaults() }},
		{"after a refresh that fails", func(service *face) {
			service.ClearFaults()
			service.Fail(facesim.StatusError(403, facesim.ShapeCode, "403", "closed"))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			service := newFace(t, emptyService())
			held, release := gate()
			service.Fail(held)
			p := startWith(t, contoso(service, quick, bothOperations))
			for range 3 {
				if got := p.get("/-/ready"); got.status != 503 {
					t.Errorf("ready before the first refresh has ended: %d", got.status)
				}
				if got := p.get("/-/healthy"); got.status != 200 {
					t.Errorf("not healthy in the first refresh: %d", got.status)
				}
			}
			test.end(service)
			release()
			eventually(t, "ready", func() bool { return p.get("/-/ready").status == 200 })
		})
	}
}

// gate holds every request back until release is called.
func gate() (held facesim.Fault, release func()) {
	opened := make(chan struct{})
	held = facesim.Wrap("gate", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-opened:
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
				panic(http.ErrAbortHandler)
			}
		})
	})
	return held, func() { close(opened) }
}

func TestExporterMetrics(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	for _, test := range []struct {
		name  string
		args  []string
		there bool
	}{
		{"by default", nil, true},
		{"disabled", []string{"--web.disable-exporter-metrics"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := startWith(t, contoso(service, quick), test.args...)
			p.scrape()
			e := p.scrape() // the first one is counted by now
			for _, prefix := range []string{"go_", "process_", "promhttp_"} {
				there := false
				for name := range e.families {
					there = there || strings.HasPrefix(name, prefix)
				}
				if there != test.there {
					t.Errorf("%s*: there is %v, want %v", prefix, there, test.there)
				}
			}
			e.want(t, "face_liveness_exporter_config_last_reload_successful", 1)
			if loaded := time.Unix(int64(e.samples["face_liveness_exporter_config_last_reload_success_timestamp_seconds"]), 0); time.Since(loaded).Abs() > time.Hour {
				t.Errorf("the configuration was loaded %v", loaded)
			}
			if len(e.families["face_liveness_exporter_build_info"].GetMetric()) != 1 {
				t.Error("no build info")
			}
		})
	}
}

func TestWaitingScrapesHoldNoPlace(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	held, release := gate()
	service.Fail(held)
	p := startWith(t, contoso(service, quick), "--web.max-requests=1")
	const patient = 5
	replies := p.patient(patient, "/metrics")
	for range 10 {
		p.scrape("X-Prometheus-Scrape-Timeout-Seconds", "0.05").want(t, of("up", "contoso", live), 0)
	}
	if len(replies) != 0 {
		t.Fatalf("%d scrapes did not wait", len(replies))
	}
	release()
	good := 0
	for range patient {
		switch got := <-replies; got.status { // all at once now: at least one has the place
		case http.StatusOK:
			parseText(t, got.body).want(t, of("up", "contoso", live), 1)
			good++
		case http.StatusServiceUnavailable:
		default:
			t.Errorf("status %d, %v", got.status, got.err)
		}
	}
	if good == 0 {
		t.Error("no scrape that waited was answered")
	}
}
