package facelist_test

import (
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient"
)

// When a short page is believed, and when it takes a proof. What was learned of a page has an end.
func TestTheEndOfAList(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	nothing := func(*service) {}
	// created lists a session once the page before it has come.
	created := func(s *service) {
		s.before = func(start string) error {
			if start == s.listed()[len(s.listed())-1] {
				s.add("ffffffff-ffff-4fff-bfff-fffffffffff0")
				s.before = nil
			}
			return nil
		}
	}
	type walk struct {
		after    time.Duration
		change   func(*service)
		requests int
	}
	for _, test := range []struct {
		name  string
		walks []walk // after one that took three pages and a proof
	}{
		{"nothing changes", []walk{{0, nothing, 3}, {day - time.Minute, nothing, 3}, {2 * time.Minute, nothing, 4}, {0, nothing, 3}}},
		{"some sessions are deleted", []walk{{0, func(s *service) { s.remove(func(i int, _ string) bool { return i < 20 }) }, 3}}},
		{"a tenth is deleted", []walk{{0, func(s *service) { s.remove(func(i int, _ string) bool { return i < 30 }) }, 4}, {0, nothing, 3}}},
		{"the last session is deleted", []walk{{0, func(s *service) { s.remove(func(i int, _ string) bool { return i == 249 }) }, 4}, {0, nothing, 3}}},
		{"pages are capped for an hour", []walk{
			{0, func(s *service) { s.most = 60 }, 7}, {0, nothing, 7}, {time.Hour, func(s *service) { s.most = 0 }, 5}, {day - time.Hour, nothing, 4}, {0, nothing, 3},
		}},
		{"a last page is capped", []walk{{0, func(s *service) {
			s.answer = func(start string, page []string) []string {
				return page[:min(len(page), map[bool]int{true: 45, false: 100}[start > "c"])]
			}
		}, 6}}},
		{"a session is created between a page and its proof", []walk{
			{0, func(s *service) { s.remove(func(i int, _ string) bool { return i == 249 }); created(s) }, 6},
			{0, nothing, 5},
			{day + time.Minute, nothing, 4},
			{0, nothing, 3},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := withSessions(250, 1)
				lister := newLister(s, limits())
				walkExactly(t, s, lister, 4)
				for i, walk := range test.walks {
					<-time.After(walk.after)
					walk.change(s)
					if result, _ := walkExactly(t, s, lister, 0); result.Requests != walk.requests {
						t.Errorf("walk %d: %d requests, want %d", i+1, result.Requests, walk.requests)
					}
				}
			})
		})
	}
}

// A session that a page ended with can be deleted before the next page is asked for. Whatever a service does with such a
// start, one request more finds the rest of the list, or its end.
func TestACursorThatIsGoneIsNoEndOfTheList(t *testing.T) {
	t.Parallel()
	for name, unknown := range map[string]func([]string, string) ([]string, error){
		"[]": answersEmpty, "from the beginning": answersFromBeginning, "refused": refuses,
	} {
		for _, test := range []struct {
			name     string
			request  int
			capped   int
			sessions int
			requests int
			restarts int
		}{
			{"in the middle", 4, 0, 1050, 13, 0},
			{"before the last page", 11, 0, 1050, 13, 0},
			{"after a first page that is capped", 2, 60, 250, 8, 0},
			{"after a last page that is full", 11, 0, 1000, 24, 1},
		} {
			t.Run(name+" "+test.name, func(t *testing.T) {
				s := withSessions(test.sessions, 1)
				s.unknown, s.most = unknown, test.capped
				asked := 0
				var gone string
				s.before = func(start string) error {
					if asked++; asked == test.request {
						gone = start
						s.remove(func(_ int, id string) bool { return id == start })
					}
					return nil
				}
				visited := newVisits()
				result, err := newLister(s, limits(workers(1))).Walk(t.Context(), 0, visited)
				if err != nil || result.Requests > test.requests || visited.restarts != test.restarts {
					t.Fatalf("%+v after %d restarts, %v; want %d requests", result, visited.restarts, err, test.requests)
				}
				want := s.listed()
				if test.restarts == 0 { // else it was gone when the walk began again
					want = append(want, gone)
				}
				visited.exactly(t, want)
			})
		}
	}
}

// What no answer confirms is walked again, and fails in the end.
func TestAnEndThatIsNotProvedIsNotBelieved(t *testing.T) {
	s := withSessions(1000, 1)
	lister := newLister(s, limits(workers(1)))
	s.before = func(start string) error {
		s.remove(func(_ int, id string) bool { return id == start })
		return nil
	}
	s.unknown = answersEmpty
	failsWith(t, s, lister, faceclient.CodePagination, 15)
	s.unknown = refuses
	failsWith(t, s, lister, "BadArgument", 15)
	s.before, s.unknown = nil, nil
	s.answer = func(start string, page []string) []string { return page[:map[bool]int{true: len(page)}[start == ""]] }
	failsWith(t, s, lister, faceclient.CodePagination, 15) // the service says that nothing follows the last id, nor the last but one
}

// A service that refuses every start is no service whose sessions were deleted.
func TestARefusalThatIsNotForItsStartFailsTheWalk(t *testing.T) {
	s := withSessions(1000, 1)
	s.before = func(start string) error {
		if start == "" {
			return nil
		}
		return &faceclient.Error{Code: "404", Status: 404}
	}
	failsWith(t, s, newLister(s, limits(workers(1))), "404", 15)
	s.before = func(start string) error { return &faceclient.Error{Code: "404", Status: 404} }
	failsWith(t, s, newLister(s, limits(workers(1))), "404", 1)
}
