package collector_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// perRefresh is a monthly budget that gives this number of requests to a refresh every five minutes.
func perRefresh(requests int64) int64 { return requests * 30 * 24 * 12 }

func paid(budget *collector.Budget) func(*collector.TargetOptions) {
	return func(options *collector.TargetOptions) { options.Budget = budget }
}

func TestBudgetIsKept(t *testing.T) {
	both := faceclient.Operations()
	const days = 5
	for _, test := range []struct {
		monthly  int64
		pages    [2]int // of the two lists
		interval float64
	}{
		{monthly: 20_000, pages: [2]int{40, 2}, interval: 300},
		{monthly: 8_640, pages: [2]int{40, 2}, interval: 600},
		{monthly: 720, pages: [2]int{1, 1}, interval: 7200},
	} {
		bubble(t, fmt.Sprint(test.monthly), func(t *testing.T) {
			budget := collector.NewBudget(test.monthly, 5*time.Minute, both, nil)
			var spent atomic.Int64
			var targets []*collector.Target
			for i, operation := range both {
				random := rand.New(rand.NewPCG(13, uint64(i)))
				from := walks(func(_ context.Context, attempts int, _ facelist.Visitor) (facelist.Result, error) {
					walk := part(test.pages[i], attempts)
					spent.Add(int64(walk.Requests))
					if walk.Requests < 1 || random.IntN(5) == 0 {
						return facelist.Result{Requests: walk.Requests}, unavailable()
					}
					return walk, nil
				})
				targets = append(targets, newTarget(from, paid(budget), func(options *collector.TargetOptions) { options.Operation = operation }))
			}
			run(t, targets...)
			for range days * 24 * 60 {
				scrape(inTime, targets...)
				advance(time.Minute)
			}
			// What a full account holds at the start is one refresh's worth.
			worth := int64(float64(test.monthly)*test.interval/(30*24*3600)) + 2
			if limit := test.monthly*days/30 + worth; spent.Load() > limit {
				t.Errorf("%d requests in %d days, want %d at most", spent.Load(), days, limit)
			}
			for _, target := range targets {
				shown(t, target).want(t, "refresh_interval_seconds", test.interval)
				if refreshes := target.State().Health.Refreshes; refreshes < uint64(days*24*3600/test.interval/2) {
					t.Errorf("%s was refreshed %d times in %d days", target.Operation(), refreshes, days)
				}
			}
		})
	}
}

// What was begun without a limit, or under another budget, is not charged to a budget that a reload brings. The interval follows
// from the new budget, and from what the last list needs if it can only be read whole.
func TestAnotherBudgetStartsAnew(t *testing.T) {
	for name, test := range map[string]struct {
		whole  bool
		before int64             // requests for each refresh; 0 means no limit
		after  map[int64]float64 // the interval in force by the budgets that follow, in seconds
	}{
		"without a limit, and a list that can be sampled":        {false, 0, map[int64]float64{10: 300, 100: 300, 0: 300}},
		"another budget, and a list that can be sampled":         {false, 20, map[int64]float64{10: 300, 100: 300, 0: 300}},
		"another budget, and a list that can only be read whole": {true, 20, map[int64]float64{10: 6000, 100: 600, 400: 300, 0: 300}},
	} {
		for requests, interval := range test.after {
			bubble(t, fmt.Sprintf("%s, then %d", name, requests), func(t *testing.T) {
				budget := collector.NewBudget(perRefresh(test.before), 5*time.Minute, []faceclient.Operation{faceclient.DetectLiveness}, nil)
				list := walks(func(_ context.Context, attempts int, visitor facelist.Visitor) (facelist.Result, error) {
					<-time.After(time.Minute)
					page{sessions: created(1)}.visit(visitor)
					if attempts == 0 || test.whole {
						return whole(200), nil
					}
					return part(200, attempts), nil
				})
				var settings collector.Settings
				target := newTarget(list, paid(budget), func(options *collector.TargetOptions) { settings = options.Settings })
				run(t, target)
				reload := func(requests int64) {
					budget.Apply(perRefresh(requests), 5*time.Minute)
					target.Apply(settings)
				}
				scrape(inTime, target)
				advance(30 * time.Second)
				if !test.whole {
					reload(requests) // while the walk is under way
				}
				advance(time.Minute)
				if test.whole {
					reload(requests)
				}
				shown(t, target).want(t, "refresh_interval_seconds", interval)
				reload(requests) // a second time nothing changes
				shown(t, target).want(t, "refresh_interval_seconds", interval)
				advance(time.Duration(interval) * time.Second)
				released(target)
				synctest.Wait()
				if got := list.allowed; list.walks() != 2 || got < int(requests) || got > int(requests)+int(requests)/300 {
					t.Errorf("%d refreshes, the last with %d requests, want 2 and %d", list.walks(), got, requests)
				}
			})
		}
	}
}

// A list that can only be read whole is read as often as the budget pays for it, and the log says so once.
func TestAListThatMustBeReadWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logbook
		budget := collector.NewBudget(perRefresh(10), 5*time.Minute, []faceclient.Operation{faceclient.DetectLiveness}, nil)
		list := walks(func(_ context.Context, _ int, visitor facelist.Visitor) (facelist.Result, error) {
			page{sessions: created(1)}.visit(visitor)
			return whole(40), nil
		})
		target := newTarget(list, paid(budget), logged(&book))
		run(t, target)
		for range 200 * 5 {
			scrape(inTime, target)
			advance(time.Minute)
		}
		if !target.State().Health.Overspent || list.walks() < 49 || list.walks() > 51 {
			t.Errorf("overspent %v, %d refreshes, want 50 of 200 intervals", target.State().Health.Overspent, list.walks())
		}
		shown(t, target).want(t, "refresh_interval_seconds", 1200)
		if told := levels(book.take(t), "DEBUG"); !slices.Equal(told, []string{"WARN"}) {
			t.Errorf("logged %v, want one warning", told)
		}
	})
}
