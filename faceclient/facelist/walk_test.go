package facelist_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient"
)

// Each page has to be asked for, and an empty one after the last full one. A short page is proved to be the last one at
// first, an empty one always.
func TestAWalkFindsWhatTheServiceLists(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ sessions, first, later int }{
		{0, 1, 1}, {1, 2, 1}, {99, 2, 1}, {100, 3, 3}, {101, 3, 2}, {200, 4, 4}, {2500, 27, 27}, {2550, 27, 26},
	} {
		t.Run(fmt.Sprint(test.sessions, " sessions"), func(t *testing.T) {
			s := withSessions(test.sessions, 1)
			lister := newLister(s, limits(workers(1)))
			for i, want := range []int{test.first, test.later, test.later} {
				result, visited := walkExactly(t, s, lister, want)
				if result.Requests != want || result.Pages != want || result.Pages-result.Proofs != test.later || visited.restarts != 0 {
					t.Errorf("walk %d: %+v after %d restarts, want %d requests", i+1, result, visited.restarts, want)
				}
			}
		})
	}
}

// At the default rate a request has no start but the last id of the page before it, or the last but one where that proves
// the end.
func TestOnlyIDsOfSessionsAreStarts(t *testing.T) {
	s := withSessions(20_000, 1)
	s.latency = func(string) time.Duration { return 400 * time.Millisecond }
	synctest.Test(t, func(t *testing.T) {
		lister := newLister(s, limits(workers(4), perSecond(2)))
		for _, attempts := range []int{0, 0, 20, 1} {
			s.forget()
			if _, err := lister.Walk(t.Context(), attempts, newVisits()); err != nil {
				t.Fatal(err)
			}
			for i, query := range s.requests {
				if want := s.ids[max(0, min(100*i, len(s.ids))-1)]; i == 0 && query.Start != "" || i > 0 && i <= 200 && query.Start != want {
					t.Fatalf("request %d has the start %q, want %q", i+1, query.Start, want)
				}
			}
		}
	})
}

func TestAListThatIsTooLongFailsAfterItsFirstPage(t *testing.T) {
	s := withSessions(8000, 1)
	lister := newLister(s, limits(maxPages(10)))
	failsWith(t, s, lister, faceclient.CodePagination, 1)
	s.remove(func(i int, _ string) bool { return i%10 != 0 })
	walkExactly(t, s, lister, 0)
	s.add(randomIDs(400, 2)...)
	failsWith(t, s, lister, faceclient.CodePagination, 11) // the first page does not tell for sure
	lister.Apply(limits(maxPages(2)))
	failsWith(t, s, lister, faceclient.CodePagination, 1)
	lister.Apply(limits(maxPages(12)))
	walkExactly(t, s, lister, 0)
}

// Ids that are not spread evenly tell nothing of the length of a list, so that only its pages do.
func TestMaxPagesBoundsAListOfUnknownLength(t *testing.T) {
	for name, ids := range map[string][]string{"no UUIDs": sequence(200), "all of one prefix": prefixed("00000", 200)} {
		t.Log(name)
		s := &service{}
		s.add(ids...)
		failsWith(t, s, newLister(s, limits(maxPages(10), pageSize(10), workers(1))), faceclient.CodePagination, 11)
		walkExactly(t, s, newLister(s, limits(maxPages(20), pageSize(10))), 0)
	}
}

func TestTheHorizonIsTheServicesClockWhenTheFirstRequestWasSent(t *testing.T) {
	for _, skew := range []time.Duration{0, time.Hour, -time.Hour} {
		for _, latency := range []time.Duration{0, 7 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				s := withSessions(1500, 1)
				s.skew, s.latency = skew, func(string) time.Duration { return latency }
				began := time.Now()
				result, visited := walkExactly(t, s, newLister(s, limits()), 0)
				// Date has whole seconds and is cut down, never up.
				if late := result.Horizon.Sub(began.Add(skew)); late > 0 || late < -time.Second {
					t.Errorf("skew %v, latency %v: the horizon is %v from the moment of sending", skew, latency, late)
				}
				for _, batch := range visited.batches {
					if !batch.Horizon.Equal(result.Horizon) || batch.Date.Before(result.Horizon) {
						t.Errorf("a batch of %v has horizon %v, the walk %v", batch.Date, batch.Horizon, result.Horizon)
					}
				}
			})
		}
	}
}

// If a page fails, or the context ends, no more pages are asked for.
func TestAFailedPageEndsTheWalk(t *testing.T) {
	for _, atOnce := range []int{1, 8} {
		synctest.Test(t, func(t *testing.T) {
			s := withSessions(10_000, 1)
			s.latency = func(start string) time.Duration { return time.Second }
			lister := newLister(s, limits(workers(atOnce)))
			ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, err := lister.Walk(ctx, 0, new(counter))
			if took := time.Since(began); faceclient.Code(err) != faceclient.CodeCanceled || took != 3500*time.Millisecond {
				t.Errorf("%v after %v, want canceled after 3.5s", err, took)
			}
			s.before = func(start string) error {
				if start > "1" && start < "4" {
					return &faceclient.Error{Code: "403", Status: 403}
				}
				return nil
			}
			failsWith(t, s, lister, "403", 20)
		})
	}
}
