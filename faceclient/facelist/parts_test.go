package facelist_test

import (
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient/facelist"
)

var wholeUUID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4000-8000-000000000000$`)

// madeUp are the starts of the requests that no session has.
func (s *service) madeUp() []string {
	var found []string
	for _, query := range s.requests {
		if query.Start != "" && !slices.Contains(s.ids, query.Start) {
			found = append(found, query.Start)
		}
	}
	return found
}

// 200,000 sessions at 100 ms and 16 at once take 1.25 s at best.
func TestALongListIsReadSideBySide(t *testing.T) {
	t.Parallel()
	const latency, best = 100 * time.Millisecond, 1250 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		s := withSessions(200_000, 1)
		s.latency = func(string) time.Duration { return latency }
		lister := newLister(s, limits(workers(16), pageSize(1000)))
		for i := range 3 {
			began := time.Now()
			visited := new(counter)
			result, err := lister.Walk(t.Context(), 0, visited)
			took, bound := time.Since(began), best*13/10
			if i == 0 {
				bound = 2 * best
			}
			t.Logf("%v, %d requests", took, result.Requests)
			if err != nil || *visited != 200_000 || took > bound || result.Requests > 218 {
				t.Errorf("walk %d took %v, want at most %v; %d sessions, %+v, %v", i+1, took, bound, *visited, result, err)
			}
		}
	})
}

// Parts are as many as rate and latency let be under way, and the first made-up start of a walk is one in its first page.
func TestInHowManyPartsAListIsRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		sessions int
		limits   facelist.Limits
		latency  time.Duration
		attempts int
		parts    int
	}{
		{"no rate limit", 20_000, limits(workers(16)), 0, 0, 16},
		{"one at once", 20_000, limits(workers(1)), 0, 0, 1},
		{"the default rate", 20_000, limits(perSecond(2)), 400 * time.Millisecond, 0, 1},
		{"a slow service", 20_000, limits(perSecond(2)), 600 * time.Millisecond, 0, 2},
		{"a high rate", 20_000, limits(workers(16), perSecond(10)), 450 * time.Millisecond, 0, 5},
		{"a fast service", 20_000, limits(workers(16), perSecond(10)), 90 * time.Millisecond, 0, 1},
		{"a short list", 1200, limits(workers(16)), 0, 0, 1},
		{"a list of three parts", 2600, limits(workers(16)), 0, 0, 3},
		{"a bound", 20_000, limits(workers(16)), 0, 1000, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := withSessions(test.sessions, 1)
				s.latency = func(string) time.Duration { return test.latency }
				lister := newLister(s, test.limits)
				for range 2 {
					s.forget()
					visited := new(counter)
					if _, err := lister.Walk(t.Context(), test.attempts, visited); err != nil || int(*visited) != test.sessions {
						t.Fatalf("%d sessions, %v", *visited, err)
					}
					madeUp := s.madeUp()
					if want := map[bool]int{true: 0, false: test.parts}[test.parts == 1]; len(madeUp) != want {
						t.Errorf("%d made-up starts, want %d", len(madeUp), want)
					}
					for i, start := range madeUp {
						if !wholeUUID.MatchString(start) || i == 0 && (start > s.ids[99] || s.requests[1].Start != start) {
							t.Errorf("made-up start %d is %s", i, start)
						}
					}
				}
			})
		})
	}
}

// A service that does not list what comes after a made-up start is asked for one a day, and its list read from id to id.
func TestPartsTakeAProof(t *testing.T) {
	t.Parallel()
	for name, unknown := range map[string]func([]string, string) ([]string, error){
		"[]": answersEmpty, "from the beginning": answersFromBeginning, "refused": refuses,
		"another place": func(ids []string, start string) ([]string, error) {
			at, _ := slices.BinarySearch(ids, start)
			return ids[min(at+1, len(ids)):], nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := withSessions(6050, 1)
				s.latency = func(string) time.Duration { return time.Second }
				s.unknown = unknown
				lister := newLister(s, limits(workers(8)))
				for _, walk := range []struct {
					after    time.Duration
					requests int
				}{{0, 63}, {time.Minute, 61}, {23 * time.Hour, 61}, {2 * time.Hour, 62}} {
					<-time.After(walk.after)
					if result, visited := walkExactly(t, s, lister, 0); visited.restarts != 0 || result.Requests-result.Proofs > walk.requests {
						t.Errorf("%+v after %d restarts, want %d requests", result, visited.restarts, walk.requests)
					}
				}
				s.unknown = nil
				<-time.After(25 * time.Hour)
				began := time.Now()
				walkExactly(t, s, lister, 0)
				if took := time.Since(began); took > 15*time.Second {
					t.Errorf("read in %v, although the service takes made-up starts again", took)
				}
			})
		})
	}
}

// Parts that do not add up to a list are discarded.
func TestPartsThatDoNotMeetAreReadAgain(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(s *service, start string, page []string) []string{
		"a part ends early": func(_ *service, start string, page []string) []string {
			if start > "7" && start < "9" {
				return slices.DeleteFunc(slices.Clone(page), func(id string) bool { return id > "9" })
			}
			return page
		},
		"a part breaks off": func(_ *service, start string, page []string) []string {
			if start > "7" && start < "a" && page[0] > "9" {
				return nil
			}
			return page
		},
		"a part repeats itself": func(s *service, start string, page []string) []string {
			if start > "7" && !wholeUUID.MatchString(start) {
				at, _ := slices.BinarySearch(s.ids, start)
				return s.ids[at-20 : at+80]
			}
			return page
		},
		"parts begin at the same place": func(s *service, start string, page []string) []string {
			if wholeUUID.MatchString(start) && start > "2" {
				return s.ids[3000:3100]
			}
			return page
		},
		"far fewer sessions than the first page says": func(s *service, start string, page []string) []string {
			if start > "2" {
				return slices.DeleteFunc(slices.Clone(page), func(id string) bool { return id[35] > '2' })
			}
			return page
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := withSessions(6050, 1)
			asked, faulty := 0, false
			s.answer = func(start string, page []string) []string {
				if asked++; start == "" && asked > 1 {
					faulty = false // the walk begins again
				}
				if faulty {
					return fault(s, start, page)
				}
				return page
			}
			lister := newLister(s, limits(workers(8)))
			walkExactly(t, s, lister, 0)
			asked, faulty = 0, true
			visited := newVisits()
			result, err := lister.Walk(t.Context(), 0, visited)
			if faulty && name != "parts begin at the same place" || err != nil || result.Coverage != 1 {
				t.Fatalf("%+v, %v", result, err)
			}
			visited.exactly(t, s.ids)
			s.forget()
			walkExactly(t, s, lister, 61) // from id to id
		})
	}
}

// An id can be what a made-up start is. It belongs to the part that ends there.
func TestASessionAtAMadeUpStartIsCountedOnce(t *testing.T) {
	s := withSessions(4000, 1)
	lister := newLister(s, limits(workers(8)))
	for range 5 {
		walkExactly(t, s, lister, 0)
		if _, err := lister.Walk(t.Context(), 0, newVisits()); err != nil {
			t.Fatal(err)
		}
		s.add(s.madeUp()...)
	}
}
