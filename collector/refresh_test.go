package collector_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// inTime is what a scrape with Prometheus' default time-out of 10 s leaves.
const inTime = 9500 * time.Millisecond

// No scrape, no walk.
func TestManyScrapesShareOneWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := walks(lists(page{after: 2 * time.Second, sessions: created(3)}))
		target := newTarget(from)
		run(t, target)
		advance(24 * time.Hour)
		var scrapers sync.WaitGroup
		for range 50 {
			scrapers.Go(func() {
				if took := scrape(inTime, target); took != 2*time.Second {
					t.Errorf("a scrape took %v, want 2s", took)
				}
			})
		}
		scrapers.Wait()
		for range 29 {
			advance(9900 * time.Millisecond)
			if took := scrape(inTime, target); took != 0 {
				t.Errorf("a scrape within the interval took %v, want 0", took)
			}
		}
		if advance(24 * time.Hour); from.walks() != 1 {
			t.Errorf("%d walks for 80 scrapes within the interval, want 1", from.walks())
		}
	})
}

// Scrapes at a whole fraction of the interval, a little early or late, walk at every interval and not at every other.
func TestScrapesThatJitterWalkAtEveryInterval(t *testing.T) {
	for _, test := range []struct{ interval, scrapes, jitter time.Duration }{
		{5 * time.Minute, time.Minute, 500 * time.Millisecond},
		{time.Minute, time.Minute, 500 * time.Millisecond},
		{4 * time.Second, 2 * time.Second, 50 * time.Millisecond},
		{15 * time.Second, 15 * time.Second, 300 * time.Millisecond},
	} {
		bubble(t, fmt.Sprintf("%v, scraped every %v", test.interval, test.scrapes), func(t *testing.T) {
			random := rand.New(rand.NewPCG(15, 16))
			from := walks(lists(page{after: 700 * time.Millisecond, sessions: created(3)}))
			target := newTarget(from, every(test.interval))
			run(t, target)
			start := time.Now()
			for n := range int(20 * test.interval / test.scrapes) {
				at := start.Add(time.Duration(n)*test.scrapes + time.Duration(random.Int64N(int64(test.jitter))) - test.jitter/2)
				advance(time.Until(at))
				scrape(inTime, target)
			}
			if got := from.walks(); got < 20 || got > 21 {
				t.Errorf("%d walks in 20 intervals", got)
			}
		})
	}
}

// A scrape waits if there is nothing to show, or if the walk before was shorter than its deadline.
func TestWhenAScrapeWaitsForAWalk(t *testing.T) {
	const second = time.Second
	for _, test := range []struct {
		name          string
		walks         [2]time.Duration
		later         time.Duration // from the first walk to the scrape
		deadline      time.Duration
		took          time.Duration
		sees, seesNow float64 // at the end of the scrape, and once the walk has ended
	}{
		{"a fast walk", [2]time.Duration{second, second}, 6 * time.Minute, 2 * second, second, 9, 9},
		{"a walk as slow as the deadline", [2]time.Duration{second, second}, 6 * time.Minute, second, 0, 4, 9},
		{"a slow walk", [2]time.Duration{12 * second, 12 * second}, 6 * time.Minute, 2 * second, 0, 4, 9},
		{"a walk that is slower than before", [2]time.Duration{second, 60 * second}, 6 * time.Minute, 2 * second, 2 * second, 4, 9},
		{"a young snapshot", [2]time.Duration{second, second}, time.Minute, 2 * second, 0, 4, 4},
		{"a population that is too old to show", [2]time.Duration{5 * second, 2 * second}, 2 * time.Hour, 3 * second, 2 * second, 9, 9},
	} {
		bubble(t, test.name, func(t *testing.T) {
			target := newTarget(walks(
				lists(page{after: test.walks[0], sessions: created(4)}),
				lists(page{after: test.walks[1], sessions: created(9)}),
			))
			run(t, target)
			if took := scrape(second/2, target); took != second/2 {
				t.Errorf("the first scrape, with nothing to show, took %v of its 0.5s", took)
			}
			shown(t, target).wantAbsent(t, "sessions")
			advance(time.Minute + test.later) // nobody scrapes, and the walk goes on
			if took := scrape(test.deadline, target); took != test.took {
				t.Errorf("the scrape took %v, want %v", took, test.took)
			}
			shown(t, target).want(t, "sessions", test.sees)
			advance(time.Minute)
			shown(t, target).want(t, "sessions", test.seesNow)
		})
	}
}

// up, the counters, refresh_error and Health tell how refreshes went.
func TestUpAndWhyNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := page{after: time.Second, sessions: created(1)}
		bad, good := fails(unavailable(), slow), lists(slow)
		target := newTarget(walks([]script{bad, fails(answered(403, "UnsupportedFeature"), slow), good, good, bad}...), every(20*time.Second))
		run(t, target)
		if state := target.State(); state.Health.Refreshing || !state.Health.LastEnded.IsZero() || state.DueIn != 0 {
			t.Errorf("before the first refresh: %+v", state)
		}
		failures, up := 0.0, 0.0
		for i, code := range []string{"503", "UnsupportedFeature", "", "", "503"} {
			if took := scrape(500*time.Millisecond, target); (took > 0) != (i == 0) {
				t.Errorf("a scrape waited for %v, want it to wait for the first refresh alone", took)
			}
			shown(t, target).want(t, "up", up)
			if !target.State().Health.Refreshing {
				t.Error("a refresh under way is not said to be")
			}
			advance(time.Second)
			values, state := shown(t, target), target.State()
			if up = 1; code != "" {
				up, failures = 0, failures+1
				values.want(t, fmt.Sprintf("refresh_error{error_code=%q}", code), 1)
			}
			values.want(t, "up", up)
			values.want(t, "refreshes_total", float64(i+1))
			values.want(t, "refresh_failures_total", failures)
			values.want(t, "refresh_duration_seconds", 1)
			errors := values.without(func(name string) bool { return !strings.Contains(name, "refresh_error") })
			health, ago := state.Health, time.Since(state.Health.LastEnded)
			if health.Up != (code == "") || (health.LastError == nil) != health.Up || len(errors) != int(1-up) || health.Refreshing || ago > 500*time.Millisecond {
				t.Errorf("health after refresh %d, which ended %v ago: %+v, errors %v", i+1, ago, health, errors)
			}
			if state.DueIn < 14*time.Second || state.DueIn > 22*time.Second {
				t.Errorf("the next refresh is due in %v", state.DueIn)
			}
			advance(30 * time.Second)
		}
	})
}
