package collector_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// inTime is what a scrape with Prometheus' default time-out of 10 s leaves.
const inTime = 9500 * time.Millisecond

func TestManyScrapesShareOneWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := walks(lists(page{after: 2 * time.Second, sessions: created(3)}))
		target := newTarget(from)
		run(t, target)
		var scrapers sync.WaitGroup
		for range 50 {
			scrapers.Go(func() {
				if took := scrape(inTime, target); took != 2*time.Second {
					t.Errorf("a scrape took %v, want 2s", took)
				}
				shown(t, target).want(t, "sessions", 3)
			})
		}
		scrapers.Wait()
		for range 29 {
			advance(9900 * time.Millisecond)
			if took := scrape(inTime, target); took != 0 {
				t.Errorf("a scrape within the interval took %v, want 0", took)
			}
		}
		if from.walks() != 1 {
			t.Errorf("%d walks for 80 scrapes within the interval, want 1", from.walks())
		}
	})
}

func TestNextWalkIsDueAnIntervalAfterTheLastBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := walks(lists(page{after: 5 * time.Second, sessions: created(3)}))
		target := newTarget(from, every(time.Minute))
		run(t, target)
		scrape(inTime, target)
		advance(54*time.Second - 1) // 59 s after the walk began
		scrape(inTime, target)
		if from.walks() != 1 {
			t.Fatalf("%d walks before the interval was over, want 1", from.walks())
		}
		advance(2)
		scrape(inTime, target)
		if from.walks() != 2 {
			t.Fatalf("%d walks after the interval, want 2", from.walks())
		}
	})
}

// Scrapes at a whole fraction of the interval, a little early or late, walk at every interval and not at every other.
func TestScrapesThatJitterWalkAtEveryInterval(t *testing.T) {
	for _, test := range []struct {
		interval, scrapes, jitter time.Duration
		walks                     [2]int // at least and at most, in 20 intervals
	}{
		{5 * time.Minute, time.Minute, 500 * time.Millisecond, [2]int{20, 21}},
		{5 * time.Minute, 15 * time.Second, 500 * time.Millisecond, [2]int{20, 21}},
		{time.Minute, time.Minute, 500 * time.Millisecond, [2]int{20, 21}},
		{4 * time.Second, 2 * time.Second, 50 * time.Millisecond, [2]int{20, 21}},
		{15 * time.Second, 15 * time.Second, 300 * time.Millisecond, [2]int{20, 21}},
	} {
		t.Run(fmt.Sprintf("%v, scraped every %v", test.interval, test.scrapes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
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
				if got := from.walks(); got < test.walks[0] || got > test.walks[1] {
					t.Errorf("%d walks in 20 intervals, want %v", got, test.walks)
				}
			})
		})
	}
}

func TestNoScrapeNoWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := walks(lists(page{sessions: created(3)}))
		target := newTarget(from)
		run(t, target)
		advance(24 * time.Hour)
		if from.walks() != 0 {
			t.Errorf("%d walks without a scrape", from.walks())
		}
		scrape(inTime, target)
		advance(24 * time.Hour)
		if from.walks() != 1 {
			t.Errorf("%d walks for one scrape", from.walks())
		}
	})
}

func TestScrapeThatCannotWaitForTheWalk(t *testing.T) {
	const limit = 1200 * time.Millisecond
	slow := func(sessions int) script {
		return lists(page{after: 6 * time.Second, sessions: created(sessions - 1)}, page{after: 6 * time.Second, sessions: created(1)})
	}
	synctest.Test(t, func(t *testing.T) {
		from := walks(slow(4), slow(9))
		target := newTarget(from)
		run(t, target)

		if took := scrape(limit, target); took != limit {
			t.Errorf("the first scrape took %v, want its %v", took, limit)
		}
		first := shown(t, target)
		first.wantAbsent(t, "sessions")
		first.wantAbsent(t, "snapshot_timestamp_seconds")
		first.want(t, "up", 0)
		first.want(t, "refreshes_total", 0)

		advance(12 * time.Second) // nobody scrapes, and the walk goes on
		if snapshot := target.State().Snapshot; snapshot == nil {
			t.Fatal("the walk did not go on without its scraper")
		}
		if took := scrape(limit, target); took != 0 {
			t.Errorf("a scrape of a young snapshot took %v", took)
		}
		shown(t, target).want(t, "sessions", 4)

		advance(5 * time.Minute)
		for range 11 {
			if took := scrape(limit, target); took != 0 {
				t.Errorf("a scrape with something to show took %v", took)
			}
			values := shown(t, target)
			values.want(t, "sessions", 4)
			values.want(t, "refresh_duration_seconds", 12)
			if advance(time.Second); from.walks() != 2 {
				t.Fatalf("%d walks, want the second to be under way", from.walks())
			}
		}
		advance(2 * time.Second)
		shown(t, target).want(t, "sessions", 9)
	})
}

func TestScrapeWaitsForAWalkThatUsuallyEndsInTime(t *testing.T) {
	tests := []struct {
		name       string
		walk       time.Duration
		limit      time.Duration
		took, sees float64
	}{
		{"a faster walk is awaited", 500 * time.Millisecond, 1200 * time.Millisecond, 0.5, 9},
		{"a walk as slow as the deadline is not", 1200 * time.Millisecond, 1200 * time.Millisecond, 0, 4},
		{"a slower walk is not", 1300 * time.Millisecond, 1200 * time.Millisecond, 0, 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := newTarget(walks(
					lists(page{after: test.walk, sessions: created(4)}),
					lists(page{after: test.walk, sessions: created(9)}),
				))
				run(t, target)
				scrape(inTime, target)
				advance(6 * time.Minute)
				if took := scrape(test.limit, target); took.Seconds() != test.took {
					t.Errorf("the scrape took %v, want %vs", took, test.took)
				}
				shown(t, target).want(t, "sessions", test.sees)
			})
		})
	}
}

func TestScrapeGivesUpOnAWalkThatIsSlowerThanUsual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newTarget(walks(
			lists(page{after: time.Second, sessions: created(4)}),
			lists(page{after: time.Minute, sessions: created(9)}),
		))
		run(t, target)
		scrape(inTime, target)
		advance(6 * time.Minute)
		if took := scrape(inTime, target); took != inTime {
			t.Errorf("the scrape took %v, want %v", took, inTime)
		}
		shown(t, target).want(t, "sessions", 4)
	})
}

func TestScrapeWaitsWhereThePopulationIsTooOldToShow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newTarget(walks(lists(page{after: 5 * time.Second, sessions: created(4)}), lists(page{after: 2 * time.Second, sessions: created(9)})))
		run(t, target)
		scrape(inTime, target)
		advance(2 * time.Hour)
		shown(t, target).wantAbsent(t, "sessions")
		if took := scrape(3*time.Second, target); took != 2*time.Second {
			t.Errorf("the scrape took %v, want 2s, though the last walk took longer than its deadline", took)
		}
		shown(t, target).want(t, "sessions", 9)
	})
}

func TestPartOfAWalkIsNeverShown(t *testing.T) {
	pages := func(sessions ...int) []page {
		var all []page
		for _, n := range sessions {
			all = append(all, page{after: 3 * time.Second, sessions: created(n)})
		}
		return all
	}
	synctest.Test(t, func(t *testing.T) {
		from := walks(
			fails(unavailable(), pages(1, 1, 1)...),
			lists(pages(1, 1, 2)...),
			fails(unavailable(), pages(5, 1)...),
			lists(pages(2, 1, 4, 2)...),
		)
		target := newTarget(from, every(20*time.Second))
		run(t, target)
		var seen []float64
		for range 400 {
			scrape(100*time.Millisecond, target)
			value := -1.0
			if got, present := shown(t, target)["face_liveness_sessions"]; present {
				value = got
			}
			if len(seen) == 0 || seen[len(seen)-1] != value {
				seen = append(seen, value)
			}
			advance(400 * time.Millisecond)
		}
		if !slices.Equal(seen, []float64{-1, 4, 9}) {
			t.Errorf("scrapes saw %v sessions (-1: none shown), want [-1 4 9]", seen)
		}
		if from.walks() < 5 {
			t.Errorf("%d walks, want them all and more", from.walks())
		}
	})
}

func TestUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := fails(unavailable(), page{after: time.Second})
		good := lists(page{after: time.Second, sessions: created(1)})
		target := newTarget(walks([]script{bad, bad, good, good, bad, good}...), every(20*time.Second))
		run(t, target)
		before := shown(t, target)
		before.want(t, "up", 0)
		before.want(t, "refreshes_total", 0)
		failures := 0.0
		for i, want := range []float64{0, 0, 1, 1, 0, 1} {
			scrape(500*time.Millisecond, target)
			if during := shown(t, target); i > 0 {
				during.want(t, "up", before["face_liveness_up"])
			}
			advance(time.Second)
			before = shown(t, target)
			if want == 0 {
				failures++
			}
			before.want(t, "up", want)
			before.want(t, "refreshes_total", float64(i+1))
			before.want(t, "refresh_failures_total", failures)
			if health := target.State().Health; health.Up != (want == 1) || (health.LastError == nil) != health.Up {
				t.Errorf("health after refresh %d: %+v", i+1, health)
			}
			advance(30 * time.Second)
		}
	})
}
