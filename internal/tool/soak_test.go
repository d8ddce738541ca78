//go:build soak

package tool_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

const (
	soakScrapers  = 4
	soakReloads   = 20 * time.Second
	soakTolerance = 8 << 20 // bytes of heap, beside a quarter
)

// usage is what a leak makes grow.
type usage struct {
	heap            uint64
	goroutines, fds int
}

func (u usage) String() string {
	return fmt.Sprintf("%.1f MiB of heap, %d goroutines, %d file descriptors", float64(u.heap)/(1<<20), u.goroutines, u.fds)
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

// customer is a resource with traffic.
type customer struct {
	*face
	traffic *facesim.Traffic
	began   time.Time
}

func newCustomer(t *testing.T, seed uint64, duration time.Duration) *customer {
	t.Helper()
	service := newFace(t, facesim.Options{Requests: 100, Gzip: true})
	traffic := facesim.NewTraffic(service.Server, facesim.TrafficOptions{Seed: seed, PerDay: 4000, DeletedShare: -1})
	traffic.Spike(2*duration, 500) // so that enough happens to count
	return &customer{service, traffic, time.Now()}
}

// trouble is what can go wrong, for a moment.
func trouble() []facesim.Fault {
	return []facesim.Fault{
		facesim.Status(503, ""), facetest.HTML(502), facesim.StatusError(500, facesim.ShapeCode, "Unspecified", "no"),
		facesim.StatusError(403, facesim.ShapeCode, "403", "no"), facesim.RateLimited(facesim.ShapeCode, facesim.HintHeader, time.Second),
		facetest.Delay(300 * time.Millisecond), facetest.Hang().Times(4), facetest.HangInBody().Times(2), facetest.SlowDrip(8192, 5*time.Millisecond),
		facetest.Reset(), facetest.ResetInBody(), facetest.CutBody(), facetest.TruncatedJSON(), facetest.BrokenGzip(), facetest.NotGzip(),
		facetest.JSON(`{}`), facetest.HTML(200), facetest.Redirect(302, "https://elsewhere.example/"), facetest.EndlessItems().Times(2),
		facetest.GzipBomb(64 << 20).Times(2), facesim.RepeatPages(), facesim.NoDate(),
	}
}

// soaking is the program in the life that it is made for, only faster.
type soaking struct {
	*reloader
	customers      map[string]*customer
	configurations []string
	reloads        int
	scrapes        [soakScrapers]int
	last           [soakScrapers]map[string]float64
}

// live keeps everything going for so long.
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
	var atEnd []func()
	for _, customer := range s.customers {
		undo := func() {}
		repeat(time.Second, func() {
			undo()
			undo = func() {}
			if rand.N(2) == 0 {
				undo = customer.Fail(trouble()[rand.N(len(trouble()))].Share(0.5))
			}
		})
		atEnd = append(atEnd, func() { undo() })
	}
	for i := range soakScrapers {
		path := []string{"/metrics", "/metrics", "/probe?resource=a", "/probe?resource=b"}[i]
		repeat(time.Duration(150+50*i)*time.Millisecond, func() {
			got, err := s.request("GET", path, "X-Prometheus-Scrape-Timeout-Seconds", fmt.Sprint(1+i), "Accept-Encoding", "identity")
			if err != nil || got.status != 200 {
				t.Errorf("%s: %d, %v", path, got.status, err)
				return
			}
			e := parseText(t, got.body)
			s.scrapes[i]++
			now := map[string]float64{}
			for _, name := range []string{"a", "b"} {
				for key, value := range e.counters(name) {
					now[key] = value
				}
			}
			for key, value := range s.last[i] {
				if now[key] < value {
					t.Errorf("%s dropped from %v to %v", key, value, now[key])
				}
			}
			s.last[i] = now
		})
	}
	repeat(min(soakReloads, d/3), func() {
		s.reloads++
		s.reload(s.configurations[s.reloads%len(s.configurations)])
	})
	group.Wait()
	for _, do := range atEnd {
		do()
	}
}

// settle lets everything that is under way end, and measures.
func (s *soaking) settle(t *testing.T) usage {
	t.Helper()
	eventually(t, "nothing is under way", func() bool {
		for _, customer := range s.customers {
			if customer.Counts(live).InFlight+customer.Counts(verify).InFlight > 0 {
				return false
			}
		}
		return true
	})
	s.reload(s.configurations[0])
	for range 3 {
		s.scrape()
	}
	s.Client.CloseIdleConnections()
	return measure(t)
}

// A run of SOAK (5m): what it uses is what it used after the first minute, and what it has counted is what happened.
func TestSoak(t *testing.T) {
	duration := 5 * time.Minute
	if text := os.Getenv("SOAK"); text != "" {
		var err error
		if duration, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	a, b, c := newCustomer(t, 1, duration), newCustomer(t, 2, duration), newCustomer(t, 3, duration)
	const api = "api: {max_requests_per_second: 100, max_retries: 2, max_retry_wait: 200ms, request_timeout: 2s}\n"
	entries := "resources:\n" + resource("a", a.endpoint, "key: "+a.Key(), bothOperations) + resource("b", b.endpoint, "key: "+b.Key())
	third := resource("c", c.endpoint, "key: "+c.Key(), bothOperations)
	s := &soaking{
		reloader:  startReloader(t, api+"refresh: {interval: 1s}\n"+entries),
		customers: map[string]*customer{"a": a, "b": b, "c": c},
		configurations: []string{
			api + "refresh: {interval: 1s}\n" + entries,
			api + "refresh: {interval: 2s, max_concurrent: 2}\ndevices: {top: 3}\n" + entries + third,
			strings.Replace(api, "max_retries: 2", "max_retries: 1, page_size: 500", 1) + "refresh: {interval: 500ms, max_stale: 3s}\ndevices: {label: none}\n" + entries,
		},
	}
	s.scrape()
	walked := time.Now()

	first := min(time.Minute, duration/3)
	s.live(t, first)
	before := s.settle(t)
	s.live(t, duration-first)
	var after usage
	grown := func() bool {
		after = s.settle(t)
		return after.heap > before.heap+before.heap/4+soakTolerance || after.goroutines > before.goroutines+4 || after.fds > before.fds+4
	}
	for tries := 0; grown() && tries < 10; tries++ { // connections that the service closes later than we do
		<-time.After(time.Second)
	}
	t.Logf("after %v: %v", first, before)
	t.Logf("after %v: %v", duration, after)
	if grown() {
		t.Error("it has grown")
	}

	// What was counted is what happened.
	e := s.scrape()
	eventually(t, "a good walk of everything", func() bool {
		e = s.scrape()
		return e.samples[of("up", "a", live)]+e.samples[of("up", "a", verify)]+e.samples[of("up", "b", live)] == 3
	})
	requests := 0
	for _, list := range [][2]string{{"a", live}, {"a", verify}, {"b", live}} {
		name, operation := list[0], list[1]
		service := s.customers[name]
		own := fmt.Sprintf("operation=%q,resource=%q}", operation, name)
		sum := 0.0
		for key, value := range e.samples {
			if strings.HasPrefix(key, "face_liveness_api_requests_total{") && strings.HasSuffix(key, own) {
				sum += value
			}
		}
		if counts := service.Counts(operation); int(sum) != counts.Requests {
			t.Errorf("%s %s: %v requests counted, the service had %d", name, operation, sum, counts.Requests)
		}
		requests += int(sum)
		now := time.Now()
		least := service.traffic.Between(operation, walked, now.Add(-15*time.Second)).Created
		most := service.traffic.Between(operation, service.began.Add(-15*time.Second), now).Created
		creations := e.samples[of("session_creations_total", name, operation)]
		t.Logf("%s %s: %v creations counted, %d to %d happened", name, operation, creations, least, most)
		if creations < float64(least) || creations > float64(most) {
			t.Errorf("%s %s: %v creations counted, %d to %d happened", name, operation, creations, least, most)
		}
	}
	t.Logf("%d requests, %d refreshes failed on a, %v scrapes, %d reloads", requests, int(e.samples[of("refresh_failures_total", "a", live)]), s.scrapes, s.reloads)
	if e.samples[of("refresh_failures_total", "a", live)] == 0 || s.reloads == 0 || s.scrapes[0] < 10 {
		t.Error("too little happened to mean anything")
	}
}
