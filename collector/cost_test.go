package collector_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient/facelist"
)

func TestLookUpsArePartOfTheCost(t *testing.T) {
	for name, test := range map[string]struct {
		demand        collector.Demand
		list, lookUps float64
		starved       bool
	}{
		"nobody starts":               {collector.Demand{Pages: 1, Samples: 100}, 8640, 0, false},
		"one ends in five minutes":    {collector.Demand{Pages: 1, Started: 576, Samples: 100}, 8640, 8640, false},
		"more end than are looked up": {collector.Demand{Pages: 1, Started: 576_000, Samples: 100}, 8640, 864_000, false},
		"none are looked up":          {collector.Demand{Pages: 2, Started: 576_000}, 17_280, 0, false},
		"the budget leaves some":      {collector.Demand{Pages: 1, Started: 576_000, Samples: 100, Budget: 10_000}, 8640, 1360, false},
		"the budget leaves none":      {collector.Demand{Pages: 5, Started: 576_000, Samples: 100, Budget: 43_200}, 43_200, 0, true},
		"the list needs even more":    {collector.Demand{Pages: 6, Started: 576_000, Samples: 100, Budget: 43_200}, 43_200, 0, true},
	} {
		list, lookUps := test.demand.InMonth(5 * time.Minute)
		if math.Abs(list-test.list) > 1e-6 || math.Abs(lookUps-test.lookUps) > 1e-6 || test.demand.Starved(5*time.Minute) != test.starved {
			t.Errorf("%s: %v for the list, %v look-ups, starved %v", name, list, lookUps, test.demand.Starved(5*time.Minute))
		}
	}
}

func TestCostOfTheFirstRefreshLeavesOutWhatIsNeededOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newTarget(walks(func(_ context.Context, visitor facelist.Visitor) (facelist.Result, error) {
			page{sessions: created(3)}.visit(visitor)
			return facelist.Result{Pages: 2, Proofs: 1, Coverage: 1}, nil
		}))
		run(t, target)
		state := target.State()
		if list, lookUps := state.MonthlyRequests(); list != 0 || lookUps != 0 {
			t.Errorf("%v and %v requests before the first refresh", list, lookUps)
		}
		scrape(inTime, target)
		state = target.State()
		list, lookUps := state.MonthlyRequests()
		if cost := collector.Price(list, 1.5); list != 8640 || lookUps != 0 || cost != 12.96 {
			t.Errorf("%v and %v requests in 30 days, which cost %v, want 8640 and 12.96", list, lookUps, cost)
		}
	})
}
