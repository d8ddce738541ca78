package collector_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// settled is how long before a walk's horizon its window ends.
const settled = 30 * time.Second

// wantFlows compares creations, starts, expirations, abandonments and the window in seconds.
func wantFlows(t *testing.T, target *collector.Target, want ...float64) {
	t.Helper()
	values := shown(t, target)
	for i, name := range []string{
		"session_creations_total", "session_starts_total", "session_expirations_total", "session_abandonments_total", "flow_window_seconds_total",
	} {
		values.want(t, name, want[i])
	}
}

func TestFlowsCountAWindowFromWalkToWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		first, second := start.Add(-settled), start.Add(10*time.Minute-settled)
		var sessions []faceclient.Session
		for _, at := range []time.Time{
			first.Add(-time.Hour), first, first.Add(1), second.Add(-time.Minute), second, second.Add(1), second.Add(time.Minute), second.Add(time.Hour),
		} {
			sessions = append(sessions,
				faceclient.Session{ID: []byte("created"), Created: at, TTL: 1000 * time.Hour},
				faceclient.Session{ID: []byte("started"), Created: at.Add(-1000 * time.Hour), Started: at, TTL: 5000 * time.Hour},
				faceclient.Session{ID: []byte("expired"), Created: at.Add(-1000 * time.Hour), Started: at.Add(-999 * time.Hour), TTL: 1000 * time.Hour},
				faceclient.Session{ID: []byte("abandoned"), Created: at.Add(-1000 * time.Hour), TTL: 1000 * time.Hour, Expired: true},
			)
		}
		slow := page{after: time.Minute, sessions: sessions} // the horizon is where a walk begins
		target := newTarget(walks([]script{lists(slow), lists(slow), fails(unavailable(), slow), lists(slow)}...))
		run(t, target)
		wantFlows(t, target, 0, 0, 0, 0, 0)
		scrape(time.Hour, target)
		wantFlows(t, target, 0, 0, 0, 0, 0)
		advance(9 * time.Minute)
		scrape(time.Hour, target)
		wantFlows(t, target, 3, 3, 6, 3, 600)
		advance(9 * time.Minute)
		scrape(time.Hour, target)
		wantFlows(t, target, 3, 3, 6, 3, 600)
		advance(9 * time.Minute) // what the failed walk missed is caught up
		scrape(time.Hour, target)
		advance(time.Minute) // no scrape waits after a failure
		wantFlows(t, target, 5, 5, 10, 5, 1800)
	})
}

func TestFlowsCountEverythingOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			sessions := created(500)
			for i := range sessions {
				sessions[i].Created = start.Add(time.Duration(random.Int64N(int64(12 * time.Hour))))
			}
			var first, last time.Time // horizons of successful walks
			target := newTarget(walks(func(_ context.Context, visitor facelist.Visitor) (facelist.Result, error) {
				now := time.Now()
				listed := slices.DeleteFunc(slices.Clone(sessions), func(session faceclient.Session) bool { return session.Created.After(now) })
				restart := random.IntN(4) == 0
				page{sessions: listed}.visit(visitor)
				if restart {
					visitor.Restart()
					page{sessions: listed}.visit(visitor)
				}
				if random.IntN(3) == 0 {
					return facelist.Result{}, unavailable()
				}
				if last = now; first.IsZero() {
					first = now
				}
				return whole(1), nil
			}))
			run(t, target)
			before := collector.Flows{}
			for range 60 {
				scrape(inTime, target)
				synctest.Wait() // no scrape waits for a refresh that follows a failed one
				flows := target.State().Flows
				if flows.Creations < before.Creations || flows.Window < before.Window {
					t.Errorf("a counter fell: %+v after %+v", flows, before)
				}
				before = flows
				advance(time.Duration(random.Int64N(int64(20 * time.Minute))))
			}
			want := 0.0
			for _, session := range sessions {
				if session.Created.After(first.Add(-settled)) && !session.Created.After(last.Add(-settled)) {
					want++
				}
			}
			if got := target.State().Flows; got.Creations != want || got.Window-last.Sub(first).Seconds() > 1e-6 || last.Sub(first).Seconds()-got.Window > 1e-6 {
				t.Errorf("%+v, want %v creations in %v", got, want, last.Sub(first))
			}
		})
	}
}

func TestEmptyListMovesTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newTarget(walks(lists()))
		run(t, target)
		scrape(inTime, target)
		advance(10 * time.Minute)
		scrape(inTime, target)
		wantFlows(t, target, 0, 0, 0, 0, 600)
	})
}

func TestPartOfTheKeySpaceIsScaledUp(t *testing.T) {
	share := 0.3
	synctest.Test(t, func(t *testing.T) {
		var sessions []faceclient.Session
		for device, n := range map[string]int{"many": 20, "few": 19, "": 6} {
			sessions = append(sessions, of(slices.Repeat([]string{device}, n)...)...)
		}
		sessions = append(sessions, lively()[2:]...) // one of "tablet", started; one abandoned
		part := func(_ context.Context, visitor facelist.Visitor) (facelist.Result, error) {
			page{sessions: sessions}.visit(visitor)
			return facelist.Result{Pages: 1, Coverage: share}, nil
		}
		target := newTarget(walks(part))
		run(t, target)
		scrape(inTime, target)
		values := shown(t, target)
		values.want(t, "snapshot_coverage_ratio", share)
		values.want(t, "sessions", 47/share)
		values.want(t, "sessions_expired", 2/share)
		values.want(t, "sessions_active", 45/share)
		values.want(t, "sessions_started", 1/share)
		values.want(t, "sessions_abandoned", 1/share)
		values.want(t, "sessions_without_device", 7/share)
		values.want(t, `device_sessions{device_correlation_id="many"}`, 20/share)
		values.wantAbsent(t, `device_sessions{device_correlation_id="few"}`)
		values.want(t, "device_sessions_other", 20/share)
		values.wantAbsent(t, "devices")
		values.wantAbsent(t, "sessions_per_device_count")
		values.want(t, "session_ttl_seconds_count", 157) // 156.67, rounded
		h := histogramOf(t, gather(t, resource(target)), "session_ttl_seconds")
		if h.GetBucket()[11].GetCumulativeCount() != 157 || h.GetBucket()[0].GetCumulativeCount() != 7 {
			t.Errorf("scaled buckets %v", h)
		}

		advance(10 * time.Minute)
		scrape(inTime, target)
		if got := target.State().Flows; got.Expirations != 0 || got.Creations < 45/share-1e-6 || got.Creations > 45/share+1e-6 || got.Window != 600 {
			t.Errorf("flows %+v, want 45 creations ÷ 0.3 and a window of 600 s", got)
		}
	})
}

func TestBudgetIsKept(t *testing.T) {
	both := faceclient.Operations()
	tests := []struct {
		monthly  int64
		pages    [2]int // of the two lists
		interval float64
	}{
		{monthly: 100_000, pages: [2]int{3, 1}, interval: 300},
		{monthly: 20_000, pages: [2]int{40, 2}, interval: 300},
		{monthly: 8_640, pages: [2]int{40, 2}, interval: 600},
		{monthly: 720, pages: [2]int{1, 1}, interval: 7200},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.monthly), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				budget := collector.NewBudget(test.monthly, 5*time.Minute, both, nil)
				var mu sync.Mutex // guards what follows; both targets walk at once
				spent := 0
				var targets []*collector.Target
				var sources []*source
				for i, operation := range both {
					random := rand.New(rand.NewPCG(13, uint64(i)))
					var from *source
					from = walks(func(_ context.Context, visitor facelist.Visitor) (facelist.Result, error) {
						mu.Lock()
						defer mu.Unlock()
						allowed := from.allowed[len(from.allowed)-1]
						if allowed < 1 {
							t.Errorf("a walk with %d requests", allowed)
						}
						used := min(allowed, test.pages[i])
						spent += used
						if random.IntN(5) == 0 {
							return facelist.Result{Requests: used}, unavailable()
						}
						return facelist.Result{Requests: used, Pages: used, Coverage: float64(used) / float64(test.pages[i])}, nil
					})
					sources = append(sources, from)
					targets = append(targets, newTarget(from, func(options *collector.TargetOptions) {
						options.Operation, options.Budget = operation, budget
					}))
				}
				for _, target := range targets {
					shown(t, target).want(t, "refresh_interval_seconds", test.interval)
				}
				run(t, targets...)
				for range 30 * 24 * 60 {
					scrape(inTime, targets...)
					advance(time.Minute)
				}
				// What a full account holds at the start is one refresh's worth.
				worth := int(float64(test.monthly)*test.interval/(30*24*3600)) + 2
				if limit := int(test.monthly) + worth; spent > limit {
					t.Errorf("%d requests in 30 days, want %d at most", spent, limit)
				}
				for i, from := range sources {
					if from.walks() < int(30*24*3600/test.interval/2) {
						t.Errorf("%s was walked %d times in 30 days", both[i], from.walks())
					}
				}
			})
		})
	}
}
