package facelist_test

import (
	"math"
	"testing"

	"face_liveness_exporter/faceclient/facelist"
)

func TestPlanFor(t *testing.T) {
	known := func(adapt ...func(*facelist.Knowledge)) facelist.Knowledge {
		k := facelist.Knowledge{Sessions: 10_000, MadeUpStart: facelist.Taken}
		for _, change := range adapt {
			change(&k)
		}
		return k
	}
	for _, test := range []struct {
		name   string
		k      facelist.Knowledge
		limits facelist.Limits
		budget facelist.Budget
		mode   facelist.Mode
		ranges int
		quota  int // of all ranges together, in a sample
	}{
		{"nothing known", facelist.Knowledge{}, limits(), facelist.Budget{}, facelist.Discover, 1, 0},
		{"nothing known, with a budget", facelist.Knowledge{}, limits(), facelist.NewBudget(5), facelist.Discover, 1, 0},
		{"an empty list", known(func(k *facelist.Knowledge) { k.Sessions = 0 }), limits(), facelist.Budget{}, facelist.Discover, 1, 0},
		{"longer than it may be", known(), limits(maxPages(99)), facelist.Budget{}, facelist.Discover, 1, 0},
		{"a long list", known(), limits(), facelist.Budget{}, facelist.Exact, 4, 0},
		{"a long list and one worker", known(), limits(workers(1)), facelist.Budget{}, facelist.Exact, 1, 0},
		{"two pages", known(func(k *facelist.Knowledge) { k.Sessions = 150 }), limits(), facelist.Budget{}, facelist.Exact, 1, 0},
		{"as many as the growth of a list may need", known(), limits(), facelist.NewBudget(101), facelist.Exact, 4, 0},
		{"one less", known(), limits(), facelist.NewBudget(100), facelist.Sample, 4, 100},
		{"fewer requests than workers", known(), limits(), facelist.NewBudget(3), facelist.Sample, 3, 3},
		{"one request", known(), limits(), facelist.NewBudget(1), facelist.Sample, 1, 1},
		{"no request", known(), limits(), facelist.NewBudget(0), facelist.Sample, 1, 0},
		{"capped pages", known(func(k *facelist.Knowledge) { k.Capped, k.FullPage = true, 50 }), limits(), facelist.NewBudget(101), facelist.Sample, 4, 101},
		{"ids in no order", known(func(k *facelist.Knowledge) { k.Unordered = true }), limits(), facelist.NewBudget(5), facelist.CursorOnly, 1, 0},
		{"ids that are not random", known(func(k *facelist.Knowledge) { k.Uneven = true }), limits(), facelist.NewBudget(5), facelist.CursorOnly, 1, 0},
		{"made-up starts refused", known(func(k *facelist.Knowledge) { k.MadeUpStart = facelist.Refused }), limits(), facelist.Budget{}, facelist.CursorOnly, 1, 0},
		{"made-up starts untried", known(func(k *facelist.Knowledge) { k.MadeUpStart = facelist.Untried }), limits(), facelist.Budget{}, facelist.Exact, 4, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, random := range []float64{0, 0.5, 0.999} {
				plan := facelist.PlanFor(test.k, test.limits, test.budget, random)
				if plan.Mode != test.mode || len(plan.Ranges()) != test.ranges {
					t.Fatalf("%v in %d ranges, want %v in %d", plan.Mode, len(plan.Ranges()), test.mode, test.ranges)
				}
				quota, covered := 0, 0.0
				for _, one := range plan.Ranges() {
					quota += one.Quota()
					covered += one.End() - one.From()
					if one.WrapTo() != nil {
						covered += one.WrapTo().End() - one.WrapTo().From()
					}
				}
				if test.mode == facelist.Sample && quota != test.quota || math.Abs(covered-1) > 1e-12 {
					t.Errorf("a quota of %d for %v of the key space, want %d for all of it", quota, covered, test.quota)
				}
			}
		})
	}
}

func TestPlanRest(t *testing.T) {
	for _, test := range []struct {
		name   string
		k      facelist.Knowledge
		at     float64 // where 100 sessions ended
		even   bool
		short  bool
		limits facelist.Limits
		budget facelist.Budget
		mode   facelist.Mode
		ranges int // 0 stands for an error
	}{
		{"a few pages", facelist.Knowledge{}, 0.1, true, false, limits(), facelist.Budget{}, facelist.Exact, 1},
		{"many pages", facelist.Knowledge{}, 0.01, true, false, limits(), facelist.Budget{}, facelist.Exact, 4},
		{"many pages, one worker", facelist.Knowledge{}, 0.01, true, false, limits(workers(1)), facelist.Budget{}, facelist.Exact, 1},
		{"perhaps the last page", facelist.Knowledge{}, 0.01, true, true, limits(), facelist.Budget{}, facelist.Exact, 1},
		{"capped pages", facelist.Knowledge{Capped: true, FullPage: 100}, 0.01, true, false, limits(), facelist.Budget{}, facelist.Exact, 1},
		{"uneven", facelist.Knowledge{}, 0.01, false, false, limits(), facelist.Budget{}, facelist.CursorOnly, 1},
		{"uneven, with a budget", facelist.Knowledge{}, 0.01, false, false, limits(), facelist.NewBudget(5), 0, 0},
		{"more than the budget", facelist.Knowledge{}, 0.01, true, false, limits(), facelist.NewBudget(98), facelist.Sample, 4},
		{"what the budget has", facelist.Knowledge{}, 0.01, true, false, limits(), facelist.NewBudget(99), facelist.Exact, 4},
		{"nothing left", facelist.Knowledge{}, 0.01, true, false, limits(), facelist.NewBudget(0), facelist.Sample, 1},
		{"surely too long", facelist.Knowledge{}, 0.01, true, false, limits(maxPages(59)), facelist.Budget{}, 0, 0},
		{"perhaps too long", facelist.Knowledge{}, 0.01, true, false, limits(maxPages(60)), facelist.Budget{}, facelist.Exact, 4},
		{"perhaps too long, and it was", facelist.Knowledge{}.TooLong(), 0.01, true, false, limits(maxPages(99)), facelist.Budget{}, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			first := facelist.NewRange(0, 1, 0)
			first.ReadTo(test.at)
			if test.short {
				first.Unconfirmed()
			}
			plan, err := facelist.PlanRest(test.k, test.limits, test.budget, first, 100, test.even)
			if (err != nil) != (test.ranges == 0) || len(plan.Ranges()) != test.ranges || plan.Mode != test.mode {
				t.Fatalf("%v in %d ranges, %v; want %v in %d", plan.Mode, len(plan.Ranges()), err, test.mode, test.ranges)
			}
			if test.ranges > 0 && plan.Ranges()[0] != first {
				t.Error("the range of the first page does not go on")
			}
		})
	}
}

func TestRanges(t *testing.T) {
	first, second := facelist.NewRange(0, 0.5, 0), facelist.NewRange(0.5, 1, 0)
	r := facelist.NewRanges(first, second)
	if r.Next() != first || r.Next() != second || r.Next() != nil {
		t.Fatal("ranges are not given in their order")
	}
	if stolen := r.Steal(0.2); stolen != nil {
		t.Errorf("stolen from %v, where less than three pages are left", stolen.From())
	}
	first.ReadTo(0.1)
	stolen := r.Steal(0.01) // of the second, which has most left: 50 pages
	if stolen == nil || stolen.From() <= 0.74 || stolen.From() >= 0.76 || stolen.End() != 1 || second.End() != stolen.From() || stolen.Cursor() != facelist.Key(stolen.From()) {
		t.Fatalf("stolen %+v of %+v", stolen, second)
	}
	second.Complete()
	first.ReadTo(0.49)
	stolen.Complete()
	if again := r.Steal(0.01); again != nil {
		t.Errorf("stolen %+v, where all is read but a page", again)
	}
	r.Retire(second)
	if covered := second.Covered(); covered != second.End()-0.5 {
		t.Errorf("a complete range has covered %v", covered)
	}
	if covered := first.Covered(); covered != 0.49 {
		t.Errorf("a range that was cut short has covered %v", covered)
	}
}

// A sample that reads past the end of the list goes on at its beginning, with what is left of its quota.
func TestASampleWrapsAround(t *testing.T) {
	plan := facelist.PlanFor(facelist.Knowledge{Sessions: 1e6, MadeUpStart: facelist.Taken}, limits(workers(1)), facelist.NewBudget(5), 0.5)
	last := plan.Ranges()[0]
	r := facelist.NewRanges(last)
	r.Next()
	last.Complete()
	r.Retire(last)
	if waiting := r.Waiting(); len(waiting) != 1 || waiting[0].From() != 0 || waiting[0].End() != last.From() || waiting[0].Quota() != 5 {
		t.Errorf("waiting %+v", waiting)
	}
}

func TestAKeyListsWhatLiesAtItsPositionAndAfterIt(t *testing.T) {
	for _, id := range append(randomIDs(1000, 1), "00000000-0001-4000-8000-000000000001", "ffffffff-ffff-4fff-bfff-ffffffffffff") {
		at, random := facelist.Position([]byte(id))
		if !random {
			t.Fatalf("%s is not taken for random", id)
		}
		if key := facelist.Key(at); key >= id || at > 0 && !wholeUUID.MatchString(key) {
			t.Errorf("the key of %s is %s", id, key)
		}
		const next = 1.0 / (1 << 48)
		if key := facelist.Key(at + next); key != "" && key <= id {
			t.Errorf("the key after %s is %s", id, key)
		}
	}
	for _, id := range []string{"", "x", "00000000-0001-1000-8000-000000000001", "00000000-0001-4000-c000-000000000001", "0000000000001-4000-8000-000000000001x", "G0000000-0001-4000-8000-000000000001"} {
		if _, random := facelist.Position([]byte(id)); random {
			t.Errorf("%q is taken for a random UUID", id)
		}
	}
	if facelist.Key(0) != "" || facelist.Key(1) != "" {
		t.Error("the ends of the key space have a start")
	}
}
