package collector_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
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
		for range 30 {
			pass(9900 * time.Millisecond)
			if took := scrape(inTime, target); took != 0 {
				t.Errorf("a scrape within the interval took %v, want 0", took)
			}
		}
		if from.walks() != 1 {
			t.Errorf("%d walks for 80 scrapes within the interval, want 1", from.walks())
		}
	})
}

func TestNextWalkIsDueAnIntervalAfterTheLastEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := walks(lists(page{after: 5 * time.Second, sessions: created(3)}))
		target := newTarget(from, every(time.Minute))
		run(t, target)
		scrape(inTime, target)
		pass(time.Minute - 1)
		scrape(inTime, target)
		if from.walks() != 1 {
			t.Fatalf("%d walks before the interval was over, want 1", from.walks())
		}
		pass(2)
		scrape(inTime, target)
		if from.walks() != 2 {
			t.Fatalf("%d walks after the interval, want 2", from.walks())
		}
	})
}

func TestNoScrapeNoWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := walks(lists(page{sessions: created(3)}))
		target := newTarget(from)
		run(t, target)
		pass(24 * time.Hour)
		if from.walks() != 0 {
			t.Errorf("%d walks without a scrape", from.walks())
		}
		scrape(inTime, target)
		pass(24 * time.Hour)
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

		pass(12 * time.Second) // nobody scrapes, and the walk goes on
		if snapshot, _ := target.Snapshot(time.Now()); snapshot == nil {
			t.Fatal("the walk did not go on without its scraper")
		}
		if took := scrape(limit, target); took != 0 {
			t.Errorf("a scrape of a young snapshot took %v", took)
		}
		shown(t, target).want(t, "sessions", 4)

		pass(5 * time.Minute)
		for range 11 {
			if took := scrape(limit, target); took != 0 {
				t.Errorf("a scrape with something to show took %v", took)
			}
			values := shown(t, target)
			values.want(t, "sessions", 4)
			values.want(t, "refresh_duration_seconds", 12)
			if pass(time.Second); from.walks() != 2 {
				t.Fatalf("%d walks, want the second to be under way", from.walks())
			}
		}
		pass(2 * time.Second)
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
				pass(6 * time.Minute)
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
		pass(6 * time.Minute)
		if took := scrape(inTime, target); took != inTime {
			t.Errorf("the scrape took %v, want %v", took, inTime)
		}
		shown(t, target).want(t, "sessions", 4)
	})
}

func TestScrapeWaitsWhereThePopulationIsTooOldToShow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newTarget(walks(lists(page{after: 5 * time.Second, sessions: created(4)}), lists(page{after: 5 * time.Second, sessions: created(9)})))
		run(t, target)
		scrape(inTime, target)
		pass(2 * time.Hour)
		shown(t, target).wantAbsent(t, "sessions")
		if took := scrape(6*time.Second, target); took != 5*time.Second {
			t.Errorf("the scrape took %v, want 5s", took)
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
			pass(400 * time.Millisecond)
		}
		if !slices.Equal(seen, []float64{-1, 4, 9}) {
			t.Errorf("scrapes saw %v sessions (-1: none shown), want [-1 4 9]", seen)
		}
		if from.walks() < 5 {
			t.Errorf("%d walks, want them all and more", from.walks())
		}
	})
}

func TestPopulationIsShownUntilMaxStale(t *testing.T) {
	tests := []struct {
		name                   string
		interval, stale, lasts time.Duration
	}{
		{"max_stale", 5 * time.Minute, time.Hour, time.Hour},
		{"twice the interval where that is longer", 40 * time.Minute, time.Hour, 80 * time.Minute},
		{"an interval longer than max_stale", 3 * time.Hour, time.Hour, 6 * time.Hour},
		{"a short max_stale", 5 * time.Minute, time.Minute, 10 * time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := newTarget(walks(lists(page{after: 30 * time.Second, sessions: slices.Concat(lively(), of("watch"))}), fails(unavailable())),
					every(test.interval), func(options *collector.TargetOptions) { options.MaxStale = test.stale })
				exposed := resource(target)
				values := func() series { return valuesOf(gather(t, exposed), target.Operation()) }
				run(t, target)
				atStart := values()
				scrape(time.Minute, target)
				ended := time.Now()
				whole := values()
				whole.want(t, "sessions", 5)

				for time.Since(ended) < test.lasts-time.Minute {
					scrape(inTime, target)
					pass(min(time.Minute, test.lasts-time.Since(ended)))
				}
				pass(test.lasts - time.Since(ended))
				atLast := values()
				if got, want := atLast.without(nothing), whole.without(nothing); !slices.Equal(got, want) {
					t.Errorf("after %v there are %q, want %q", test.lasts, got, want)
				}
				if test.lasts > test.interval+time.Minute {
					atLast.want(t, "up", 0)
				}
				pass(1)
				after := values()
				if got, want := after.without(nothing), whole.without(isPopulation); !slices.Equal(got, want) {
					t.Errorf("later there are %q, want all but the population: %q", got, want)
				}
				for _, name := range []string{"snapshot_timestamp_seconds", "snapshot_pages", "snapshot_coverage_ratio"} {
					after.want(t, name, whole["face_liveness_"+name])
				}

				isSnapshot := func(name string) bool {
					return isPopulation(name) || strings.HasPrefix(name, "face_liveness_snapshot_")
				}
				if got, want := atStart.without(nothing), whole.without(isSnapshot); !slices.Equal(got, want) {
					t.Errorf("from the start there are %q, want all but population and snapshot: %q", got, want)
				}
			})
		})
	}
}

func nothing(string) bool { return false }

func TestUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := fails(unavailable(), page{after: time.Second})
		good := lists(page{after: time.Second, sessions: created(1)})
		target := newTarget(walks(bad, bad, good, good, bad, good), every(20*time.Second))
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
			pass(time.Second)
			before = shown(t, target)
			if want == 0 {
				failures++
			}
			before.want(t, "up", want)
			before.want(t, "refreshes_total", float64(i+1))
			before.want(t, "refresh_failures_total", failures)
			if health := target.Health(); health.Up != (want == 1) || (health.LastError == nil) != health.Up {
				t.Errorf("health after refresh %d: %+v", i+1, health)
			}
			pass(30 * time.Second)
		}
	})
}

// gaps scrapes every second for a while, and gives the time from each walk's end to the next one's begin.
func gaps(t *testing.T, target *collector.Target, from *source, seconds int) []time.Duration {
	t.Helper()
	for range seconds {
		pass(time.Second - scrape(100*time.Millisecond, target))
	}
	begun, ended := from.times()
	var between []time.Duration
	for i := 1; i < len(begun); i++ {
		between = append(between, begun[i].Sub(ended[i-1]))
	}
	return between
}

func TestWaitAfterFailures(t *testing.T) {
	bad := func(err error) script { return fails(err, page{after: 3 * time.Second}) }
	good := lists(page{after: 3 * time.Second, sessions: created(1)})
	doubling := []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute}
	tests := []struct {
		name     string
		interval time.Duration
		scripts  []script
		want     []time.Duration
	}{
		{"doubles up to the interval", 5 * time.Minute, []script{bad(unavailable())}, doubling},
		{"a short interval bounds it", 5 * time.Second, []script{bad(unavailable())}, []time.Duration{5 * time.Second, 5 * time.Second, 5 * time.Second}},
		{"an odd interval bounds it", 40 * time.Second, []script{bad(unavailable())}, []time.Duration{15 * time.Second, 30 * time.Second, 40 * time.Second}},
		{"no error of the client", 5 * time.Minute, []script{bad(context.DeadlineExceeded)}, doubling[:3]},
		{"throttled", 5 * time.Minute, []script{bad(answered(http.StatusTooManyRequests, "429"))}, doubling[:3]},
		{"bad request", 5 * time.Minute, []script{bad(answered(http.StatusBadRequest, "BadArgument"))}, doubling[:3]},
		{"a success counts from the beginning", 5 * time.Minute, []script{bad(unavailable()), bad(unavailable()), good, bad(unavailable()), bad(unavailable())},
			[]time.Duration{15 * time.Second, 30 * time.Second, 5 * time.Minute, 15 * time.Second, 30 * time.Second}},
		{"401 waits an interval", 5 * time.Minute, []script{bad(answered(http.StatusUnauthorized, "401"))}, []time.Duration{5 * time.Minute, 5 * time.Minute}},
		{"403 waits an interval", 5 * time.Minute, []script{bad(answered(http.StatusForbidden, "UnsupportedFeature"))}, []time.Duration{5 * time.Minute, 5 * time.Minute}},
		{"404 waits an interval", 5 * time.Minute, []script{bad(answered(http.StatusNotFound, "404"))}, []time.Duration{5 * time.Minute, 5 * time.Minute}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				from := walks(test.scripts...)
				target := newTarget(from, every(test.interval))
				run(t, target)
				seconds := 0
				for _, wait := range test.want {
					seconds += 5 + int(1.1*wait.Seconds())
				}
				got := gaps(t, target, from, seconds)
				if len(got) < len(test.want) {
					t.Fatalf("waits %v, want about %v", got, test.want)
				}
				for i, want := range test.want {
					// Up to a tenth of jitter, and a second to the next scrape.
					if got[i] < want || got[i] > want*11/10+time.Second {
						t.Errorf("wait %d is %v, want %v and up to a tenth more", i+1, got[i], want)
					}
				}
			})
		})
	}
}

func TestJitterSpreadsWhatFailedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var targets []*collector.Target
		var sources []*source
		for range 8 {
			sources = append(sources, walks(fails(unavailable())))
			targets = append(targets, newTarget(sources[len(sources)-1], every(time.Hour)))
		}
		run(t, targets...)
		again := map[time.Time]bool{}
		for range 200 {
			scrape(time.Millisecond, targets...)
			pass(100 * time.Millisecond)
		}
		for _, from := range sources {
			begun, _ := from.times()
			if len(begun) != 2 {
				t.Fatalf("%d walks, want 2", len(begun))
			}
			again[begun[1]] = true
		}
		if len(again) < 3 {
			t.Errorf("8 targets that failed together were tried again at %d times", len(again))
		}
	})
}

func TestFailingTargetScrapedOftenCostsLittle(t *testing.T) {
	for _, err := range []error{answered(http.StatusUnauthorized, "401"), unavailable(), answered(http.StatusTooManyRequests, "429")} {
		t.Run(faceclient.Code(err), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				from := walks(fails(err))
				target := newTarget(from, every(time.Hour))
				run(t, target)
				for range 60 {
					scrape(inTime, target)
					pass(time.Second)
				}
				if from.walks() > 5 {
					t.Errorf("%d walks for 60 scrapes in a minute, want 5 at most", from.walks())
				}
			})
		})
	}
}

func TestAChangedKeyClearsTheWait(t *testing.T) {
	refused := fails(answered(http.StatusUnauthorized, "401"), page{after: 4 * time.Second})
	tests := []struct {
		name   string
		rotate func(*source, *collector.Target)
		walks  int
	}{
		{"unchanged", func(_ *source, target *collector.Target) { scrape(inTime, target) }, 1},
		{"changed while it waits", func(from *source, target *collector.Target) {
			scrape(inTime, target)
			from.rotate("second key")
		}, 2},
		{"changed during the walk that fails", func(from *source, target *collector.Target) {
			scrape(time.Second, target)
			from.rotate("second key")
			pass(4 * time.Second)
		}, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				from := walks(refused)
				target := newTarget(from)
				run(t, target)
				test.rotate(from, target)
				for range 60 {
					scrape(inTime, target)
					pass(time.Second)
				}
				if from.walks() != test.walks { // the new key is refused too, and waits as the old one did
					t.Errorf("%d walks, want %d", from.walks(), test.walks)
				}
			})
		})
	}
}

func TestAChangedKeyDoesNotRenewAYoungSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := walks(lists(page{sessions: created(1)}))
		target := newTarget(from)
		run(t, target)
		scrape(inTime, target)
		from.rotate("second key")
		pass(time.Second)
		if scrape(inTime, target); from.walks() != 1 {
			t.Errorf("%d walks, want 1", from.walks())
		}
	})
}
