package tool_test

import (
	"fmt"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

func TestExactNumbers(t *testing.T) {
	t.Parallel()
	for _, sessions := range []int{0, 1, 999, 1000, 1001, 2000, 25_000} {
		t.Run(fmt.Sprint(sessions), func(t *testing.T) {
			t.Parallel()
			service := newFace(t, facesim.Options{Now: noon, Gzip: sessions == 2000})
			service.Populate(live, sessions, uint64(sessions))
			service.Populate(verify, sessions/3, 7)
			p := startWith(t, contoso(service, quick+"refresh: {interval: 1h}\n", bothOperations))
			e := p.scrape()
			for _, operation := range []string{live, verify} {
				e.want(t, of("up", "contoso", operation), 1)
				e.want(t, of("snapshot_coverage_ratio", "contoso", operation), 1)
				e.exact(t, service, "contoso", operation)
				counts := service.Counts(operation)
				e.want(t, of("api_requests_total", "contoso", operation, "code", "200"), float64(counts.Requests))
				e.want(t, of("api_billed_transactions_total", "contoso", operation), float64(counts.Billed))
				e.want(t, of("api_request_duration_seconds_count", "contoso", operation), float64(counts.Requests))
				e.want(t, of("snapshot_pages", "contoso", operation), float64(counts.Requests))
			}
			before := service.requests()
			for range 5 {
				p.scrape().exact(t, service, "contoso", live)
			}
			if after := service.requests(); after != before {
				t.Errorf("%d requests within an interval", after-before)
			}
		})
	}
}

// With a list that changes, each scrape after an interval shows what is listed then.
func TestNumbersFollowTheList(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	p := startWith(t, contoso(service, quick+"refresh: {interval: 1ms}\n"))
	p.scrape().exact(t, service, "contoso", live)
	for step, sessions := range []int{1, 1500, 0, 3000} {
		for _, session := range service.Sessions(live) {
			service.Delete(live, session.ID)
		}
		service.Populate(live, sessions, uint64(step))
		want := truth("contoso", live, service.Sessions(live), noon(), 50)
		eventually(t, fmt.Sprintf("%d sessions", sessions), func() bool {
			return p.scrape().samples[of("sessions", "contoso", live)] == float64(sessions)
		})
		same(t, p.scrape().population("contoso", live), want)
	}
}

// Scrapes have their own time, however long a walk takes: without a snapshot they wait until then, with one they are
// answered at once, and what they show is never a part of a list.
func TestScrapesKeepTheirTime(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 5000, 1)
	held, release := gate()
	service.Fail(held.After(2)) // the walk stands still in the middle
	p := startWith(t, contoso(service, quick+"refresh: {interval: 1ms}\n", "api: {request_timeout: 10m, max_concurrent_requests: 1}"))

	timed := func(seconds string, least, most time.Duration) exposition {
		t.Helper()
		began := time.Now()
		e := p.scrape("X-Prometheus-Scrape-Timeout-Seconds", seconds)
		if took := time.Since(began); took < least || took > most {
			t.Errorf("answered after %v, want %v to %v", took, least, most)
		}
		return e
	}
	for range 3 {
		// 1.2 s are left of 1.5, and 9.5 of the 10 that stand in where nothing is said.
		e := timed("1.5", time.Second, 7*time.Second)
		e.want(t, of("up", "contoso", live), 0)
		e.want(t, of("refreshes_total", "contoso", live), 0)
		if shown := e.population("contoso", live); len(shown) != 0 {
			t.Errorf("a part of a list is shown: %v", shown)
		}
	}
	release()
	service.ClearFaults()
	eventually(t, "the list", func() bool { return p.scrape().samples[of("up", "contoso", live)] == 1 })
	old := truth("contoso", live, service.Sessions(live), noon(), 50)

	// The walk before took 3.6 s, so that nobody who has less waits for the next, not even the 3.4 s that are left of 3.9.
	inTime := func() exposition {
		t.Helper()
		return timed("3.9", 0, 3300*time.Millisecond)
	}
	held, release = gate()
	service.Fail(held.After(2))
	service.Populate(live, 4000, 2)
	requests := service.requests()
	eventually(t, "the next walk stands still", func() bool {
		same(t, inTime().population("contoso", live), old)
		return service.Counts(live).InFlight > 0 && service.requests() > requests+2
	})
	for range 3 {
		e := inTime()
		same(t, e.population("contoso", live), old)
		e.want(t, of("up", "contoso", live), 1)
	}
	release()
	service.ClearFaults()
	wanted := truth("contoso", live, service.Sessions(live), noon(), 50)
	eventually(t, "the new list", func() bool {
		e := p.scrape()
		if e.samples[of("sessions", "contoso", live)] == 9000 {
			same(t, e.population("contoso", live), wanted)
			return true
		}
		same(t, e.population("contoso", live), old)
		return false
	})
}

// Many scrapers share a refresh.
func TestScrapersShareARefresh(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 1500, 1)
	held, release := gate()
	service.Fail(held)
	p := startWith(t, contoso(service, quick+"refresh: {on_start: false, interval: 1h}\n"))
	const scrapers = 20
	replies := p.patient(scrapers, "/metrics")
	release()
	for range scrapers {
		parseText(t, (<-replies).body).exact(t, service, "contoso", live)
	}
	p.scrape().want(t, of("refreshes_total", "contoso", live), 1)
}

// No scrape, no request.
func TestNobodyAsksNobodyPays(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	p := startWith(t, contoso(service, quick+"refresh: {on_start: false, interval: 1ms}\n"))
	for _, path := range []string{"/", "/-/healthy", "/-/ready", "/unknown"} {
		p.get(path)
	}
	if requests := service.requests(); requests != 0 {
		t.Errorf("%d requests without a scrape", requests)
	}
	p.scrape()
	if requests := service.requests(); requests == 0 {
		t.Error("a scrape asks for nothing")
	}
}

// A client that does not say how long it waits, such as curl -m 5, gets the last snapshot where a refresh takes longer.
func TestSnapshotForClientsWithoutADeadline(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 100, 1)
	p := startWith(t, contoso(service, quick+"refresh: {interval: 1ms}\n", "api: {request_timeout: 10m}"))
	p.scrape().want(t, of("sessions", "contoso", live), 100)
	held, release := gate()
	defer release()
	service.Fail(held)
	began := time.Now()
	p.scrape().want(t, of("sessions", "contoso", live), 100)
	if took := time.Since(began); took > 8*time.Second { // 9.5 s where there is no snapshot
		t.Errorf("answered after %v", took)
	}
}
