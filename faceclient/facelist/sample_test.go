package facelist_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient"
)

// sampled collects estimates of one quantity over many lists.
type sampled struct {
	name            string
	n, sum, squares float64 // of estimate ÷ truth - 1
	variance        float64 // sum of what theory says
}

func (s *sampled) add(truth, visited, coverage float64) {
	off := visited/coverage/truth - 1
	s.n++
	s.sum += off
	s.squares += off * off
	s.variance += (1 - coverage) / visited
}

// check fails where the mean is further from the truth than chance allows, or the spread is not what theory says.
func (s *sampled) check(t *testing.T) {
	t.Helper()
	mean, spread, theory := s.sum/s.n, math.Sqrt(s.squares/s.n), math.Sqrt(s.variance/s.n)
	t.Logf("%s: mean error %+.4f, spread %.4f, by theory %.4f", s.name, mean, spread, theory)
	if bound := 5 * theory / math.Sqrt(s.n); math.Abs(mean) > bound {
		t.Errorf("%s: the mean of the estimates is %+.4f off, and chance explains ±%.4f", s.name, mean, bound)
	}
	if spread > 1.35*theory || spread < 0.7*theory {
		t.Errorf("%s: the estimates spread by %.4f, and theory says %.4f", s.name, spread, theory)
	}
}

func TestEstimatesAreUnbiasedAndSpreadAsTheorySays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                     string
		sessions, page, requests int
	}{
		{"one request", 500, 8, 1},
		{"five requests", 300, 20, 5},
		{"most of the list", 300, 20, 12},
		{"all but the end of the list", 300, 20, 15},
	} {
		t.Run(test.name, func(t *testing.T) {
			first, later, most := sampled{name: "first walk"}, sampled{name: "later walk"}, sampled{name: "seven sessions in eight, later walk"}
			counted := func(id string) bool { return id[35] >= '2' }
			for seed := range uint64(400) {
				s := withSessions(test.sessions, seed+1)
				truth := 0.0
				for _, id := range s.ids {
					if counted(id) {
						truth++
					}
				}
				lister := newLister(s, limits(pageSize(test.page)))
				for i := range 3 { // the second learns of the end of the list where the first has not come so far
					visited := newVisits()
					result, err := lister.Walk(t.Context(), test.requests, visited)
					if err != nil {
						t.Fatal(err)
					}
					if result.Requests > test.requests {
						t.Fatalf("walk %d made %d requests, want at most %d", i+1, result.Requests, test.requests)
					}
					switch i {
					case 0:
						first.add(float64(test.sessions), float64(len(visited.times)), result.Coverage)
					case 2:
						seen := 0.0
						for id := range visited.times {
							if counted(id) {
								seen++
							}
						}
						later.add(float64(test.sessions), float64(len(visited.times)), result.Coverage)
						most.add(truth, seen, result.Coverage)
					}
				}
			}
			first.check(t)
			later.check(t)
			most.check(t)
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
