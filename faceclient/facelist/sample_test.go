package facelist_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient"
)

// Over many lists the estimates of seven sessions in eight are right on average, and spread as theory says.
func TestEstimatesAreUnbiasedAndSpreadAsTheorySays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ sessions, page, requests int }{
		{500, 8, 1}, {300, 20, 5}, {300, 20, 12}, {300, 20, 15}, // the last one is all but the end of the list
	} {
		t.Run(fmt.Sprintf("%d requests for %d pages", test.requests, test.sessions/test.page), func(t *testing.T) {
			counted := func(id string) bool { return id[35] >= '2' }
			const lists = 400
			sum, squares, variance := 0.0, 0.0, 0.0 // of estimate ÷ truth - 1, and of what theory says
			for seed := range uint64(lists) {
				s := withSessions(test.sessions, seed+1)
				truth, seen := 0.0, 0.0
				for _, id := range s.ids {
					if counted(id) {
						truth++
					}
				}
				visited := newVisits()
				result, err := newLister(s, limits(pageSize(test.page))).Walk(t.Context(), test.requests, visited)
				if err != nil || result.Requests > test.requests {
					t.Fatalf("%+v, %v", result, err)
				}
				for id := range visited.times {
					if counted(id) {
						seen++
					}
				}
				off := seen/result.Coverage/truth - 1
				sum, squares, variance = sum+off, squares+off*off, variance+(1-result.Coverage)/seen
			}
			mean, spread, theory := sum/lists, math.Sqrt(squares/lists), math.Sqrt(variance/lists)
			t.Logf("mean error %+.4f, spread %.4f, by theory %.4f", mean, spread, theory)
			if math.Abs(mean) > 5*theory/math.Sqrt(lists) || spread > 1.35*theory || spread < 0.7*theory {
				t.Errorf("the estimates are %+.4f off on average and spread by %.4f, and theory says %.4f", mean, spread, theory)
			}
		})
	}
}

// A sample is the beginning of the list up to its last session, which is not in it.
func TestASampleIsTheBeginningOfTheList(t *testing.T) {
	for _, atOnce := range []int{1, 16} {
		s := withSessions(20_000, 1)
		lister := newLister(s, limits(workers(atOnce)))
		for _, attempts := range []int{20, 1, 100} {
			s.forget()
			visited := newVisits()
			result, err := lister.Walk(t.Context(), attempts, visited)
			if err != nil {
				t.Fatal(err)
			}
			read := 100 * attempts
			visited.exactly(t, s.ids[:read-1])
			bits, _ := strconv.ParseUint(strings.ReplaceAll(s.ids[read-1][:13], "-", ""), 16, 64)
			if want := float64(bits) / (1 << 48); result.Coverage != want || result.Requests != attempts || s.forget() != attempts {
				t.Errorf("%+v, want %d requests and coverage %v", result, attempts, want)
			}
			if estimate := lister.Knowledge().Sessions; estimate != float64(read-1)/result.Coverage {
				t.Errorf("about %v sessions", estimate)
			}
		}
	}
}

// A bound that the list fits into is no reason for an estimate, and where attempts fail the answers that came are a sample.
func TestABoundIsKept(t *testing.T) {
	s := withSessions(950, 1)
	lister := newLister(s, limits())
	for _, test := range []struct {
		attempts, fail int // requests that fail and use up all attempts
		whole          bool
	}{{10, 0, false}, {11, 0, true}, {10, 0, true}, {9, 0, false}, {20, 6, false}, {20, 1, false}} {
		asked := 0
		s.before = func(string) error {
			if asked++; asked == test.fail {
				return fmt.Errorf("%w after %w", faceclient.ErrNoAttempts, &faceclient.Error{Code: "503", Status: 503})
			}
			return nil
		}
		visited := newVisits()
		result, err := lister.Walk(t.Context(), test.attempts, visited)
		switch {
		case test.fail == 1:
			if faceclient.Code(err) != "503" {
				t.Errorf("%+v: %v", test, err)
			}
		case err != nil || (result.Coverage == 1) != test.whole || result.Requests > test.attempts:
			t.Errorf("%+v: %+v, %v", test, result, err)
		case test.whole:
			visited.exactly(t, s.ids)
		default:
			visited.exactly(t, s.ids[:min(100*asked-100*min(1, test.fail), len(s.ids))-1])
		}
	}
}

// The beginning of a list whose ids are not random says nothing about the rest. So nothing is estimated from it, whatever
// the bound.
func TestOnlyListsOfRandomIDsAreSampled(t *testing.T) {
	times := func(format string) []string {
		ids := randomIDs(2000, 1)
		for i := range ids {
			ids[i] = fmt.Sprintf(format, 0x0190_0000_0000+i*61) + ids[i][20:]
			ids[i] = ids[i][:8] + "-" + ids[i][8:12] + ids[i][12:]
		}
		return ids
	}
	for name, ids := range map[string][]string{
		"no UUIDs": sequence(2000), "a small prefix": prefixed("00000", 2000), "another prefix": prefixed("a1", 2000),
		"version 7": times("%012x-7000-8"), "times, then random": times("%012x-4000-8"),
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{}
			s.add(ids...)
			lister := newLister(s, limits())
			for range 3 {
				visited := newVisits()
				result, err := lister.Walk(t.Context(), 5, visited)
				if err != nil || result.Coverage != 1 {
					t.Fatalf("%+v, %v", result, err)
				}
				visited.exactly(t, s.ids)
			}
			if !lister.Knowledge().Uneven {
				t.Error("taken for random")
			}
			s.remove(func(int, string) bool { return true })
			s.add(randomIDs(2000, 2)...)
			for i, requests := range []int{22, 5} { // the first walk finds out
				if result, err := lister.Walk(t.Context(), 5, newVisits()); err != nil || result.Requests != requests {
					t.Errorf("walk %d of random ids: %+v, %v, want %d requests", i+1, result, err, requests)
				}
			}
		})
	}
	// What one byte tells, only a walk of the whole list does.
	s := &service{}
	s.add(prefixed("00", 2000)...)
	lister := newLister(s, limits())
	walkExactly(t, s, lister, 0)
	if result, err := lister.Walk(t.Context(), 5, newVisits()); err != nil || result.Coverage != 1 {
		t.Errorf("%+v, %v", result, err)
	}
}
