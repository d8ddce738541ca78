//go:build soak

package tool_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/launch"
	"face_liveness_exporter/internal/rig"
)

const soakTolerance = 8 << 20 // bytes of heap, beside a quarter

// usage is what a leak makes grow.
type usage struct {
	heap            uint64 // bytes
	goroutines, fds int
}

func measure(t *testing.T) usage {
	t.Helper()
	runtime.GC()
	runtime.GC() // what finalizers and pools have let go
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return usage{memory.HeapAlloc, runtime.NumGoroutine(), len(open)}
}

// trouble is what can go wrong, for a moment.
func trouble() []facetest.Fault {
	return []facetest.Fault{
		facetest.Status(503, ""), facetest.HTML(502), facetest.StatusError(403, facetest.ShapeCode, "403", "no"),
		facetest.RateLimited(time.Second), facetest.Delay(300 * time.Millisecond), facetest.Hang().Times(4),
		facetest.HangInBody().Times(2), facetest.Reset(), facetest.CutBody(), facetest.TruncatedJSON(), facetest.NotGzip(), facetest.JSON(`{}`),
		facetest.Redirect(302, "https://elsewhere.example/"), facetest.EndlessItems().Times(2), facetest.IgnoreStart(), facetest.NoDate(),
	}
}

// soaking is the program in the life that it is made for, only faster.
type soaking struct {
	*rig.Program
	services       []*rig.Face
	configurations []string
	reloads        int
}

// live keeps everything going for a time.
func (s *soaking) live(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var group sync.WaitGroup
	repeat := func(every time.Duration, do func()) {
		group.Go(func() {
			tick := time.NewTicker(every)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					do()
				case <-ctx.Done():
					return
				}
			}
		})
	}
	for _, service := range s.services {
		repeat(time.Second, func() {
			service.ClearFaults()
			if rand.N(2) == 0 {
				service.Fail(trouble()[rand.N(len(trouble()))].Share(0.5))
			}
		})
	}
	for i, path := range []string{"/metrics", "/metrics", "/probe?resource=a", "/probe?resource=b"} {
		last := map[string]float64{}
		repeat(time.Duration(150+50*i)*time.Millisecond, func() {
			e := s.ScrapeOf(path, "X-Prometheus-Scrape-Timeout-Seconds", fmt.Sprint(1+i))
			for _, resource := range []string{"a", "b"} { // they are never removed
				for key, value := range e.Counters(resource) {
					if value < last[key] {
						t.Errorf("%s dropped from %v to %v", key, last[key], value)
					}
					last[key] = value
				}
			}
		})
	}
	repeat(min(20*time.Second, d/3), func() {
		s.reloads++
		s.Reload(s.configurations[s.reloads%len(s.configurations)])
	})
	group.Wait()
}

// settle lets everything that is under way end, and measures.
func (s *soaking) settle(t *testing.T) usage {
	t.Helper()
	for _, service := range s.services {
		service.ClearFaults()
	}
	launch.Eventually(t, "nothing is under way", func() bool {
		return !slices.ContainsFunc(s.services, func(service *rig.Face) bool {
			return service.Counts(rig.Live).InFlight+service.Counts(rig.Verify).InFlight > 0
		})
	})
	s.Reload(s.configurations[0])
	for range 3 {
		s.Scrape()
	}
	s.Client.CloseIdleConnections()
	return measure(t)
}

// A run of SOAK (5m): what it uses is what it used after the first minute, and what it has counted is what happened.
func TestSoak(t *testing.T) {
	duration, err := time.ParseDuration(cmp.Or(os.Getenv("SOAK"), "5m"))
	if err != nil {
		t.Fatal(err)
	}
	s := &soaking{}
	for seed := range uint64(3) {
		service := rig.NewFaceWith(t, facetest.Options{Requests: 100, Gzip: true})
		service.Simulate(facetest.TrafficOptions{Seed: seed, PerDay: 4000})
		s.services = append(s.services, service)
	}
	const api = "api: {max_requests_per_second: 100, max_retries: 2, max_retry_wait: 200ms, request_timeout: 2s}\n"
	entries := "resources:\n" + s.services[0].Resource("a", rig.BothOperations) + s.services[1].Resource("b")
	s.configurations = []string{
		api + "refresh: {interval: 1s}\n" + entries,
		api + "refresh: {interval: 2s, max_concurrent: 2}\ndevices: {top: 3}\n" + entries + s.services[2].Resource("c", rig.BothOperations),
		strings.Replace(api, "max_retries: 2", "max_retries: 1, page_size: 500", 1) + "refresh: {interval: 500ms, max_stale: 3s}\ndevices: {label: none}\n" + entries,
	}
	s.Program = rig.StartWith(t, s.configurations[0])
	s.Scrape()

	first := min(time.Minute, duration/3)
	s.live(t, first)
	before := s.settle(t)
	s.live(t, duration-first)
	var after usage
	same := launch.Within(t, 10*time.Second, func() bool { // the service closes connections later than we do
		after = s.settle(t)
		return after.heap <= before.heap+before.heap/4+soakTolerance && after.goroutines <= before.goroutines+4 && after.fds <= before.fds+4
	})
	if t.Logf("after %v: %+v\nafter %v: %+v", first, before, duration, after); !same {
		t.Error("it has grown")
	}

	var e rig.Exposition
	launch.Eventually(t, "a good refresh of everything", func() bool {
		e = s.Scrape()
		return e.Up("a", rig.Live) && e.Up("a", rig.Verify) && e.Up("b", rig.Live)
	})
	for i, resource := range []string{"a", "b"} {
		requests := 0.0
		for key, value := range e.Counters(resource) {
			if strings.HasPrefix(key, "face_liveness_api_requests_total{") {
				requests += value
			}
		}
		if asked := s.services[i].Asked(); int(requests) != asked {
			t.Errorf("%s: %v requests counted, the service had %d", resource, requests, asked)
		}
	}
	if e.Samples[rig.Of("refresh_failures_total", "a", rig.Live)] == 0 || s.reloads == 0 {
		t.Error("too little happened to mean anything")
	}
}
