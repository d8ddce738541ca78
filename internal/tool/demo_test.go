package tool_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	p := start(t, []string{"--demo", "--log.level=debug"}, nil)
	first := p.scrape()
	for _, operation := range []string{live, verify} {
		first.want(t, of("up", "demo", operation), 1)
		count := func(metric string) float64 { return first.samples[of(metric, "demo", operation)] }
		sessions := count("sessions")
		if sessions < 300 || sessions > 20_000 {
			t.Errorf("%s: %v sessions are no customer's", operation, sessions)
		}
		if count("sessions_active")+count("sessions_expired") != sessions {
			t.Errorf("%s: %v active and %v expired of %v", operation, count("sessions_active"), count("sessions_expired"), sessions)
		}
		if abandoned := count("sessions_abandoned"); abandoned <= 0 || abandoned > count("sessions_expired") {
			t.Errorf("%s: %v abandoned of %v expired", operation, abandoned, count("sessions_expired"))
		}
		shown := count("device_sessions_other") + count("sessions_without_device")
		for key, value := range first.population("demo", operation) {
			if strings.HasPrefix(key, "face_liveness_device_sessions{") {
				shown += value
			}
		}
		if shown != sessions {
			t.Errorf("%s: the devices have %v sessions of %v", operation, shown, sessions)
		}
	}

	// From here on nobody scrapes: what goes on is the demo's own doing.
	refreshed := func() int { return strings.Count(p.stderr.String(), "level=DEBUG msg=refreshed") }
	before := refreshed()
	eventually(t, "the demo has refreshed both lists twice by itself", func() bool { return refreshed() >= before+4 })
}

// The demo costs nothing: what a real resource would cost is told, and is no problem to solve.
func TestDemoHasNoProblemOfCost(t *testing.T) {
	t.Parallel()
	for task, want := range map[string]string{
		"--config.check": "    at least 17,280 requests in 30 days, and up to 345,600 for outcomes\nthe demo refreshes every 5s and costs nothing",
		"--doctor":       "requests in 30 days at one refresh every 5 min, ",
	} {
		t.Run(task, func(t *testing.T) {
			t.Parallel()
			got := runToEnd(t, []string{"--demo", task}, nil)
			if got.code != 0 || !strings.Contains(got.stdout, want) {
				t.Errorf("exit code %d, want 0 and %q:\n%s%s", got.code, want, got.stdout, got.stderr)
			}
			noneOf(t, "the output", got.stdout+got.stderr, "warning:", "problem ", "level=WARN")
		})
	}
}

func TestDemoEndsInItsFirstWalk(t *testing.T) {
	t.Parallel()
	p := start(t, []string{"--demo"}, nil)
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// A walk hangs and a scrape waits for it; both end with the program, and the scrape is answered.
func TestStopWhileAScrapeWaitsForAHangingWalk(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 3000, 1)
	service.Fail(facetest.Hang().After(1))
	p := startWith(t, contoso(service, quick+"refresh: {timeout: 1h}\n", "api: {request_timeout: 1h}"))
	eventually(t, "a page hangs", func() bool { return service.Counts(live).Requests > 1 })

	waiting := p.patient(1, "/metrics")
	select {
	case got := <-waiting:
		t.Fatalf("the scrape did not wait: %+v", got)
	default:
	}
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	got := <-waiting
	if got.err != nil {
		return // the request had not been read when the program was told to stop
	}
	e := parseText(t, got.body)
	if left := e.population("contoso", live); got.status != http.StatusOK || len(left) != 0 {
		t.Errorf("status %d, population %v; want 200 and none", got.status, left)
	}
}

func TestStopBeforeTheStart(t *testing.T) {
	t.Parallel()
	p := run(t, []string{"--demo"}, nil)
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, p.stderr)
	}
}

// A client that keeps a connection and says nothing does not keep the program.
func TestStopWithAnIdleConnection(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	p := startWith(t, contoso(service, quick))
	connection, err := dial(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := connection.Write([]byte("GET /metrics HTTP/1.1\r\nHost: x\r\n")); err != nil { // and no end
		t.Fatal(err)
	}
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}
