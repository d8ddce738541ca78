package collector_test

import (
	"math"
	"testing"
	"time"

	"face_liveness_exporter/collector"
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
