package tool_test

import (
	"net/url"
	"strings"
	"testing"

	"face_liveness_exporter/internal/rig"
)

// The demo shows a busy service, and says where to look.
func TestDemo(t *testing.T) {
	t.Parallel()
	p := rig.Start(t, []string{"--demo"}, nil)
	first := p.Scrape()
	for _, operation := range []string{rig.Live, rig.Verify} {
		first.Want(t, rig.Of("up", "demo", operation), 1)
		if sessions := first.Samples[rig.Of("sessions", "demo", operation)]; sessions < 300 || sessions > 20_000 {
			t.Errorf("%s: %v sessions are no customer's", operation, sessions)
		}
		if first.Samples[rig.Of("sessions_abandoned", "demo", operation)] == 0 {
			t.Errorf("%s: no session was never started", operation)
		}
	}
	_, address, _ := strings.Cut(p.Log(), "url=")
	address, _, _ = strings.Cut(address, "\n")
	if page, err := url.Parse(address); err != nil || page.Hostname() != "localhost" || "127.0.0.1:"+page.Port() != p.Host() || page.Path != "/" {
		t.Errorf("the URL is %q", address)
	}
	rig.NoneOf(t, "the log", p.Log(), "level=DEBUG")
}

// The demo costs nothing: what a real resource would cost is told, and is no problem to solve.
func TestDemoHasNoProblemOfCost(t *testing.T) {
	t.Parallel()
	for task, want := range map[string]string{
		"--config.check": "    at least 17,280 requests in 30 days, and up to 345,600 for outcomes\nthe demo refreshes every 5s and costs nothing",
		"--doctor":       "requests in 30 days at one refresh every 5 min, ",
	} {
		code, stdout, stderr := rig.RunToEnd(t, []string{"--demo", task}, nil)
		if code != 0 {
			t.Errorf("%s: exit code %d", task, code)
		}
		rig.AllOf(t, task, stdout, want)
		rig.NoneOf(t, task, stdout+stderr, "warning:", "problem  cost", "problem  settings", "level=WARN")
	}
}

func TestStopAtOnce(t *testing.T) {
	t.Parallel()
	p := rig.Run(t, []string{"--demo"}, nil)
	if code := p.End(); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, p.Log())
	}
}
