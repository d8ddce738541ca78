package web_test

import (
	"net/http"
	"testing"
	"time"

	"face_liveness_exporter/internal/launch"
	"face_liveness_exporter/internal/rig"
	"face_liveness_exporter/internal/web"
)

func TestTimeForRefreshes(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"10": 9500 * time.Millisecond, "60": 57 * time.Second, "2.5": 2 * time.Second, "1": 800 * time.Millisecond, "3600": 3420 * time.Second,
		"": 9500 * time.Millisecond, "-1": 9500 * time.Millisecond, "soon": 9500 * time.Millisecond, "NaN": 9500 * time.Millisecond,
		"1e9": 9500 * time.Millisecond, "0": 9500 * time.Millisecond,
	} {
		if got := web.TimeForRefreshes(header); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

// While a refresh stands still, scrapes are answered in their own time: without a snapshot they show none, later the old one,
// and a client that does not say how long it waits, such as curl, gets it long before its 10 s are over.
func TestScrapesKeepTheirTime(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	service.Populate(rig.Live, 5000, 1)
	held, release := rig.Gate()
	service.Fail(held.After(2)) // in the middle of the list
	p := rig.StartWith(t, service.Contoso(rig.Quick+rig.Often, "api: {request_timeout: 10m}"))
	short := []string{"X-Prometheus-Scrape-Timeout-Seconds", "0.3"}
	e := p.Scrape(short...)
	e.Want(t, rig.Of("refreshes_total", "contoso", rig.Live), 0)
	if shown := e.Population("contoso"); len(shown) != 0 {
		t.Errorf("a part of a list is shown: %v", shown)
	}
	release()
	launch.Eventually(t, "the list", func() bool { return p.Scrape().Up("contoso", rig.Live) })

	service.ClearFaults()
	held, release = rig.Gate()
	defer release()
	service.Fail(held)
	for _, header := range [][]string{short, nil} {
		began := time.Now()
		rig.Parse(t, p.Get("/metrics", header...).Body).Exact(t, service, "contoso", rig.Live)
		if took := time.Since(began); took > 8*time.Second {
			t.Errorf("%q: answered after %v", header, took)
		}
	}
}

// A scrape that waits for a refresh takes no place; one that finds none is told so.
func TestMaxRequests(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	held, release := rig.Gate()
	service.Fail(held)
	p := rig.StartWith(t, service.Contoso(rig.Quick), "--web.max-requests=1")
	const patient = 20
	answers := make(chan launch.Answer, patient)
	for range patient {
		go func() { answers <- p.Get("/metrics", "X-Prometheus-Scrape-Timeout-Seconds", "600") }()
	}
	for range 5 {
		p.Scrape("X-Prometheus-Scrape-Timeout-Seconds", "0.05").Want(t, rig.Of("up", "contoso", rig.Live), 0)
	}
	release()
	good := 0
	for range patient {
		switch got := <-answers; got.Status {
		case http.StatusOK:
			rig.Parse(t, got.Body).Want(t, rig.Of("refreshes_total", "contoso", rig.Live), 1)
			good++
		case http.StatusServiceUnavailable:
			rig.AllOf(t, "the answer", got.Body, "--web.max-requests")
		default:
			t.Errorf("status %d", got.Status)
		}
	}
	if good == 0 {
		t.Error("no scrape that waited was answered")
	}
}
