package facelist_test

import (
	"math"
	"testing"

	"face_liveness_exporter/faceclient/facelist"
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
		name                             string
		sessions, page, requests, atOnce int
	}{
		{"one request", 500, 8, 1, 4},
		{"four requests side by side", 500, 6, 4, 4},
		{"five requests one after the other, with wrap-around", 300, 20, 5, 1},
		{"seven requests in three places", 300, 20, 7, 3},
		{"most of the list", 300, 20, 12, 4},
		{"all but a page of the list", 300, 20, 15, 1},
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
				lister := newLister(s, limits(pageSize(test.page), workers(test.atOnce)))
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

// FuzzRanges: however a list is divided, and where it has shrunk since it was, a walk of all of it visits every session
// once. One that may make only so many requests makes no more, visits none twice, and has covered some of the key space
// and no more than all of it.
func FuzzRanges(f *testing.F) {
	for _, seed := range []struct {
		sessions            uint16
		page, atOnce, least byte
		list                uint64
	}{
		{0, 0, 0, 0, 0},
		{1, 0, 3, 1, 1},
		{2, 0, 7, 1, 2},
		{20, 19, 3, 1, 3},
		{21, 19, 3, 1, 4},
		{40, 9, 1, 3, 5},
		{1000, 9, 7, 7, 6},
		{1999, 0, 15, 200, 7},
		{1999, 2, 15, 1, 8},
		{1500, 99, 7, 14, 9},
		{700, 6, 4, 99, 10},
	} {
		f.Add(seed.sessions, seed.page, seed.atOnce, seed.least, seed.list)
	}
	for list := range uint64(40) { // many workers that are done at once with what is left
		f.Add(uint16(1999), byte(9), byte(15), byte(50), list)
	}
	f.Fuzz(func(t *testing.T, sessions uint16, page, atOnce, requests byte, list uint64) {
		s := withSessions(int(sessions)%2000, list)
		l := limits(pageSize(1+int(page)%100), workers(1+int(atOnce)%16))
		budget := 1 + int(requests)
		known, fresh := newLister(s, l), newLister(s, l)
		for _, test := range []struct {
			name   string
			lister *facelist.Lister
			most   int
		}{
			{"exact, of an unknown list", known, 0},
			{"exact, planned by what was found", known, 0},
			{"estimated, of a known list", known, budget},
			{"exact, planned by an estimate", known, 0},
			{"estimated, of an unknown list", fresh, budget},
			{"estimated, planned by an estimate", fresh, budget},
			{"exact, planned by two estimates", fresh, 0},
		} {
			visited := newVisits()
			result, err := test.lister.Walk(t.Context(), test.most, visited)
			if err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
			switch {
			case result.Coverage == 1:
				visited.exactly(t, s.ids)
			case test.most == 0 || result.Coverage <= 0 || result.Coverage > 1:
				t.Errorf("%s: coverage %v", test.name, result.Coverage)
			default:
				visited.noneTwice(t, s.ids)
			}
			if test.most > 0 && result.Requests > test.most {
				t.Errorf("%s: %d requests, want at most %d", test.name, result.Requests, test.most)
			}
			if t.Failed() {
				t.Fatalf("%s: failed", test.name)
			}
		}
		s.remove(func(i int, _ string) bool { return i%10 != 0 })
		walkExactly(t, s, known, 0)
	})
}
