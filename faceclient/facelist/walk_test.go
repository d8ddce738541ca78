package facelist_test

import (
	"context"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// How many parts of a list are stolen depends on who is faster. So all answers take equally long here.
func TestAWalkFindsWhatTheServiceLists(t *testing.T) {
	t.Parallel()
	for _, sessions := range []int{0, 1, 99, 100, 101, 200, 2500, 10_000} {
		for _, atOnce := range []int{1, 4, 16} {
			t.Run(fmt.Sprintf("%d sessions, %d at once", sessions, atOnce), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { walkThrice(t, sessions, atOnce) })
			})
		}
	}
}

func walkThrice(t *testing.T, sessions, atOnce int) {
	s := withSessions(sessions, 1)
	s.latency = func(string) time.Duration { return time.Second }
	lister := newLister(s, limits(workers(atOnce)))
	pages := sessions/100 + 1 // the last one is not full
	for i := range 3 {
		most := pages
		if i == 0 && sessions%100 != 0 {
			most++ // the first short page is checked once
		}
		if atOnce > 1 && pages > 2 {
			most += pages*15/100 + 3
		}
		result, visited := walkExactly(t, s, lister, most)
		if result.Pages != result.Requests || visited.restarts != 0 {
			t.Errorf("walk %d: %+v after %d restarts", i+1, result, visited.restarts)
		}
		if proofs := min(1, sessions%100); (i == 0) != (result.Proofs == 1) && proofs == 1 && atOnce == 1 {
			t.Errorf("walk %d: %d proofs", i+1, result.Proofs)
		}
	}
}

// Each part that is stolen costs up to one request more. Workers of very different speed steal the most: a tenth more on
// average, and never a fifth.
func TestAWalkWithUnevenAnswersCostsATenthMore(t *testing.T) {
	t.Parallel()
	const pages = 101
	walks, requests := 0, 0
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			s := withSessions(10_000, seed)
			s.latency = func(start string) time.Duration {
				random := rand.New(rand.NewPCG(seed, uint64(crc32.ChecksumIEEE([]byte(start)))))
				return time.Duration(math.Pow(random.ExpFloat64(), 4) * float64(time.Second))
			}
			lister := newLister(s, limits(workers(16)))
			for range 3 {
				result, _ := walkExactly(t, s, lister, pages*6/5)
				walks, requests = walks+1, requests+result.Requests
			}
		})
	}
	if requests > walks*pages*11/10 {
		t.Errorf("%d requests for %d walks of %d pages", requests, walks, pages)
	}
}

func TestAListThatChangesIsWalkedAsItIs(t *testing.T) {
	t.Parallel()
	s := withSessions(2500, 1)
	lister := newLister(s, limits())
	for _, step := range []struct {
		name   string
		change func()
	}{
		{"as it is", func() {}},
		{"four times as long", func() { s.add(randomIDs(7500, 9)...) }},
		{"a tenth", func() { s.remove(func(i int, _ string) bool { return i%10 != 0 }) }},
		{"only the first half of the key space", func() { s.remove(func(_ int, id string) bool { return id >= "8" }) }},
		{"empty", func() { s.remove(func(int, string) bool { return true }) }},
		{"filled again", func() { s.add(randomIDs(3000, 10)...) }},
	} {
		step.change()
		walkExactly(t, s, lister, 0)
		if t.Failed() {
			t.Fatal(step.name)
		}
	}
}

// A worker that is done looks for a part of what others have left. What is planned for a list ten times as long leaves
// many workers done at once, and none of them may be given a part that was read already.
func TestAListThatShrankIsNotCountedTwice(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		s := withSessions(4000, seed)
		lister := newLister(s, limits(pageSize(10), workers(16)))
		walkExactly(t, s, lister, 0)
		s.remove(func(i int, _ string) bool { return i%10 != 0 })
		walkExactly(t, s, lister, 0)
	}
}

func TestAListThatIsTooLongFailsAfterItsFirstPage(t *testing.T) {
	s := withSessions(8000, 1)
	lister := newLister(s, limits(maxPages(10)))
	failsWith(t, s, lister, faceclient.CodePagination, 1)
	s.remove(func(i int, _ string) bool { return i%10 != 0 })
	walkExactly(t, s, lister, 0)
	s.add(randomIDs(400, 2)...)
	failsWith(t, s, lister, faceclient.CodePagination, 16) // it is found out once
	failsWith(t, s, lister, faceclient.CodePagination, 1)  // and from then on by the first page
	s.remove(func(i int, _ string) bool { return i%2 == 0 })
	walkExactly(t, s, lister, 0)
	lister.Apply(limits(maxPages(2)))
	failsWith(t, s, lister, faceclient.CodePagination, 1)
}

// Ids that are not spread evenly tell nothing of the length of a list, so that only its pages do.
func TestMaxPagesBoundsAListOfUnknownLength(t *testing.T) {
	s := &service{}
	s.add(sequence(200)...)
	failsWith(t, s, newLister(s, limits(maxPages(10), pageSize(10))), faceclient.CodePagination, 12)
}

func TestAListAsLongAsMaxPagesAllowsIsWalked(t *testing.T) {
	for _, atOnce := range []int{1, 4} {
		s := withSessions(950, 1)
		lister := newLister(s, limits(maxPages(11), workers(atOnce)))
		for range 3 {
			walkExactly(t, s, lister, 0)
		}
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

func TestLongListsAreReadSideBySide(t *testing.T) {
	t.Parallel()
	const latency = 100 * time.Millisecond
	for _, pages := range []int{3, 10, 31, 40, 200} {
		synctest.Test(t, func(t *testing.T) {
			s := withSessions(pages*1000, 1)
			s.latency = func(string) time.Duration { return latency }
			lister := newLister(s, limits(workers(16), pageSize(1000)))
			for walks := range 3 {
				began := time.Now()
				walkExactly(t, s, lister, pages+pages/10+3)
				bound := time.Duration(pages)*latency/16*13/10 + 2*latency
				if walks == 1 {
					bound += latency // where the first walk was short, this one tries a made-up start first
				}
				if took := time.Since(began); walks > 0 && took > bound {
					t.Errorf("%d pages, walk %d: took %v, want at most %v", pages, walks+1, took, bound)
				}
			}
		})
	}
}

func TestAWalkEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withSessions(5000, 1)
		s.latency = func(string) time.Duration { return time.Second }
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := newLister(s, limits()).Walk(ctx, 0, newVisits())
		if took := time.Since(began); faceclient.Code(err) != faceclient.CodeCanceled || took != 2500*time.Millisecond {
			t.Errorf("%v after %v, want canceled after 2.5s", err, took)
		}
	})
}

// Where one page fails, pages that others have asked for come, and no more are asked for.
func TestAFailedPageEndsTheWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withSessions(10_000, 1)
		s.latency = func(string) time.Duration { return time.Second }
		lister := newLister(s, limits())
		walkExactly(t, s, lister, 0)
		refusal := &faceclient.Error{Code: "403", Status: 403}
		s.before = func(start string) error {
			if start != "" && start < "4" {
				return nil
			}
			return refusal
		}
		observed := &errorsSeen{}
		_, err := facelist.New(s, faceclient.DetectLiveness, limits(), observed).Walk(t.Context(), 0, newVisits())
		if faceclient.Code(err) != "403" || !strings.Contains(err.Error(), "detectLiveness") || len(observed.codes) != 0 {
			t.Errorf("%v, observed %q", err, observed.codes)
		}
		failsWith(t, s, lister, "403", 4)
	})
}

func TestErrorsThatNoAttemptTellsOfAreObserved(t *testing.T) {
	for code, want := range map[string]int{faceclient.CodeAuthentication: 1, faceclient.CodePagination: 1, faceclient.CodeConnection: 0} {
		s := withSessions(10, 1)
		s.before = func(string) error { return &faceclient.Error{Code: code} }
		observed := &errorsSeen{}
		lister := facelist.New(s, faceclient.DetectLiveness, limits(), observed)
		if _, err := lister.Walk(t.Context(), 0, newVisits()); faceclient.Code(err) != code || len(observed.codes) != want {
			t.Errorf("%s: %v, observed %q, want %d", code, err, observed.codes, want)
		}
	}
}

func TestLimitsThatNoWalkCanKeepToAreRefused(t *testing.T) {
	for name, wrong := range map[string]facelist.Limits{
		"page size 0": limits(pageSize(0)), "page size 1001": limits(pageSize(1001)), "no pages": limits(maxPages(0)), "no workers": limits(workers(0)),
	} {
		if wrong.Check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := limits().Check(); err != nil {
		t.Error(err)
	}
}
