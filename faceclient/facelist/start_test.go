package facelist_test

import (
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

var wholeUUID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// starts are what the service was asked to start after.
func starts(s *service) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for _, query := range s.requests {
		found = append(found, query.Start)
	}
	return found
}

func TestOnlyWholeUUIDsAreMadeUp(t *testing.T) {
	s := withSessions(6000, 1)
	lister := newLister(s, limits(workers(8)))
	for _, requests := range []int{0, 0, 10, 3, 1} {
		if _, err := lister.Walk(t.Context(), requests, newVisits()); err != nil {
			t.Fatal(err)
		}
	}
	madeUp := 0
	for i, start := range starts(s) {
		if start != "" && !wholeUUID.MatchString(start) || i == 0 && start != "" {
			t.Errorf("request %d: start %q", i, start)
		}
		if start != "" && !slices.Contains(s.ids, start) {
			madeUp++
		}
	}
	if madeUp == 0 || lister.Knowledge().MadeUpStart != facelist.Taken {
		t.Errorf("%d made-up starts, and they are %v", madeUp, lister.Knowledge().MadeUpStart)
	}
}

// An id can be what a made-up start is. It belongs to the range that ends there.
func TestASessionAtAMadeUpStartIsCountedOnce(t *testing.T) {
	s := withSessions(4000, 1)
	lister := newLister(s, limits(workers(8)))
	for range 20 {
		walkExactly(t, s, lister, 0)
		if _, err := lister.Walk(t.Context(), 0, newVisits()); err != nil {
			t.Fatal(err)
		}
		var madeUp []string
		for _, start := range starts(s) {
			if start != "" && !slices.Contains(s.listed(), start) {
				madeUp = append(madeUp, start)
			}
		}
		s.add(madeUp...)
	}
	walkExactly(t, s, lister, 0)
}

func TestAServiceThatTakesNoMadeUpStartIsReadFromIDToID(t *testing.T) {
	for name, refusal := range map[string]*faceclient.Error{
		"400": {Code: "BadArgument", Status: 400}, "404": {Code: "SessionNotFound", Status: 404},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := withSessions(6000, 1)
				s.latency = func(string) time.Duration { return time.Second }
				s.starts = func(s *service, start string) error {
					if listedIDsOnly(s, start) != nil {
						return refusal
					}
					return nil
				}
				lister := newLister(s, limits(workers(8)))
				if _, visited := walkExactly(t, s, lister, 0); visited.restarts != 1 || s.refused != 1 {
					t.Errorf("%d refusals and %d restarts, want one each", s.refused, visited.restarts)
				}
				for range 3 {
					walkExactly(t, s, lister, 61)
				}
				if s.refused != 1 {
					t.Errorf("%d refusals by now, want 1", s.refused)
				}
				<-time.After(24 * time.Hour)
				walkExactly(t, s, lister, 0)
				if s.refused != 2 {
					t.Errorf("%d refusals after a day, want 2", s.refused)
				}
				s.starts = nil
				<-time.After(24 * time.Hour)
				began := time.Now()
				walkExactly(t, s, lister, 0)
				if took := time.Since(began); took > 20*time.Second {
					t.Errorf("read in %v, although the service takes made-up starts again", took)
				}
			})
		})
	}
}

// What the service took yesterday it may refuse today, in the middle of a parallel walk.
func TestAServiceMayBeginToRefuseMadeUpStarts(t *testing.T) {
	s := withSessions(6000, 1)
	lister := newLister(s, limits(workers(8)))
	walkExactly(t, s, lister, 0)
	s.starts = listedIDsOnly
	if _, visited := walkExactly(t, s, lister, 0); visited.restarts != 1 || s.refused > 8 {
		t.Errorf("%d refusals and %d restarts", s.refused, visited.restarts)
	}
	walkExactly(t, s, lister, 61)
}

// Where no part of the list can be chosen, a budget is overspent rather than a biased part read.
func TestABudgetReadsTheWholeListWhereStartsAreRefused(t *testing.T) {
	s := withSessions(2000, 1)
	s.starts = listedIDsOnly
	lister := newLister(s, limits())
	for i := range 3 {
		s.forget()
		visited := newVisits()
		result, err := lister.Walk(t.Context(), 10, visited)
		if err != nil {
			t.Fatal(err)
		}
		visited.exactly(t, s.listed())
		if result.Coverage != 1 || result.Requests != s.forget() || i > 0 && result.Requests != 21 {
			t.Errorf("walk %d: %+v", i+1, result)
		}
	}
}

// A session that a page ended with can be deleted before the next page is asked for. Then its id is no start for a service
// that takes ids of sessions alone.
func TestAStartThatIsGoneIsNoListThatIsGone(t *testing.T) {
	s := withSessions(1000, 1)
	gone := false
	s.starts = func(s *service, start string) error {
		if !gone && len(s.requests) == 4 {
			gone = true
			return &faceclient.Error{Code: "SessionNotFound", Status: 404}
		}
		return listedIDsOnly(s, start)
	}
	lister := newLister(s, limits(workers(1)))
	if _, visited := walkExactly(t, s, lister, 0); visited.restarts != 1 {
		t.Errorf("%d restarts, want 1", visited.restarts)
	}
	s.starts = func(*service, string) error { return &faceclient.Error{Code: "404", Status: 404} }
	failsWith(t, s, lister, "404", 4)
}

func TestTryStartTellsWhatTheServiceTakes(t *testing.T) {
	s := withSessions(10, 1)
	lister := newLister(s, limits())
	expect := func(want facelist.StartUse, requests int) {
		t.Helper()
		got, err := lister.TryStart(t.Context())
		if known := lister.Knowledge().MadeUpStart; err != nil || got != want || known != want || s.forget() != requests {
			t.Errorf("%v, %v, known is %v; want %v", got, err, known, want)
		}
	}
	expect(facelist.Taken, 1)
	s.starts = listedIDsOnly
	expect(facelist.Refused, 1)
	s.before = func(string) error { return &faceclient.Error{Code: "timeout"} }
	if use, err := lister.TryStart(t.Context()); err == nil || use != facelist.Untried || lister.Knowledge().MadeUpStart != facelist.Refused {
		t.Errorf("%v, %v", use, err)
	}
}
