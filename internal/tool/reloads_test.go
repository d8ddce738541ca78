package tool_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

// wellFormed checks that an exposition is of one configuration: each resource that it names is there with everything that
// is promised of it, once.
func wellFormed(t *testing.T, e exposition, allowed ...[]string) {
	t.Helper()
	names := resourcesOf(e)
	if !slices.ContainsFunc(allowed, func(these []string) bool { return slices.Equal(these, names) }) {
		t.Errorf("resources %q are those of no configuration", names)
	}
	for _, name := range names {
		own := 0
		for _, metric := range e.families["face_liveness_resource_info"].GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "resource" && label.GetValue() == name {
					own++
				}
			}
		}
		if own != 1 {
			t.Errorf("%s has %d infos", name, own)
		}
		for _, metric := range []string{
			"up", "session_creations_total", "flow_window_seconds_total", "api_retries_total", "api_request_duration_seconds_count",
			"refresh_interval_seconds", "refreshes_total", "refresh_failures_total",
		} {
			if !e.has(of(metric, name, live)) {
				t.Errorf("%s has no %s", name, metric)
			}
		}
		// A population is shown whole or not at all.
		if shown := e.population(name, live); len(shown) > 0 {
			e.want(t, of("sessions", name, live), e.samples[of("sessions_active", name, live)]+e.samples[of("sessions_expired", name, live)])
			for _, metric := range []string{"device_sessions_other", "session_ttl_seconds_count", "session_remaining_ttl_seconds_count"} {
				if !e.has(of(metric, name, live)) {
					t.Errorf("%s has sessions and no %s", name, metric)
				}
			}
		}
	}
}

// Fifty reloads in a row, of configurations that differ in everything, while four scrapers look on.
func TestManyReloads(t *testing.T) {
	t.Parallel()
	kept, other := newFace(t, facesim.Options{Key: "k3yofth3kept"}), newFace(t, facesim.Options{Key: "k3yofth3other"})
	for _, service := range []*face{kept, other} {
		service.Populate(live, 1500, 1)
	}
	all := recovering + "resources:\n" + resource("kept", kept.endpoint, "key: "+kept.Key())
	configurations := []string{
		all,
		all + resource("other", other.endpoint, "key: "+other.Key()),
		"devices: {top: 5, label: none}\n" + strings.Replace(all, "1ms", "2ms", 1) + resource("other", kept.endpoint, "key: "+kept.Key()),
		strings.Replace(all, "max_retries: 0", "max_retries: 1, monthly_request_budget: 100000000", 1),
		all + resource("other", other.endpoint, "key: "+other.Key(), bothOperations),
	}
	allowed := [][]string{{"kept"}, {"kept", "other"}}
	p := startReloader(t, configurations[0])
	p.scrape()
	eventually(t, "ready", func() bool { return p.get("/-/ready").status == 200 })
	settled := func() int {
		p.Client.CloseIdleConnections()
		return p.goroutines("")
	}
	before := settled()

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var scrapers sync.WaitGroup
	for i := range 4 {
		path := []string{"/metrics", "/metrics", "/probe?resource=kept", "/metrics"}[i]
		scrapers.Go(func() {
			last := map[string]float64{}
			for ctx.Err() == nil {
				got, err := p.request("GET", path, "X-Prometheus-Scrape-Timeout-Seconds", fmt.Sprint(20+i))
				if err != nil || got.status != 200 {
					t.Errorf("%s: %d, %v", path, got.status, err)
					return
				}
				e := parseText(t, got.body)
				wellFormed(t, e, allowed...)
				now := e.counters("kept")
				for key, value := range last {
					if now[key] < value {
						t.Errorf("%s dropped from %v to %v", key, value, now[key])
					}
				}
				last = now
				if ready := p.get("/-/ready"); ready.status != 200 {
					t.Errorf("not ready: %d", ready.status)
				}
			}
		})
	}
	for i := range 50 {
		p.reload(configurations[(i+1)%len(configurations)])
		p.scrape("X-Prometheus-Scrape-Timeout-Seconds", "20")
	}
	cancel()
	scrapers.Wait()

	if t.Failed() {
		return
	}
	e := p.scrape()
	wellFormed(t, e, allowed[0])
	requests := 0.0
	for key, value := range e.samples {
		if strings.HasPrefix(key, "face_liveness_api_requests_total") {
			requests += value
		}
	}
	if requests < 50 {
		t.Errorf("%v requests are too few to mean anything", requests)
	}
	began := time.Now()
	eventually(t, "nothing of the reloads is left", func() bool { return settled() <= before })
	t.Logf("%d goroutines as before after %v; %v requests", before, time.Since(began), requests)
}
