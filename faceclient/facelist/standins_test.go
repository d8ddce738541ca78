package facelist_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A service may do what its reference does not say: with starts that no session has, with the length of a page, and while
// sessions are deleted that a page ended with. Twenty refreshes of a list that changes show the sessions that are listed, or
// an estimate as good as its coverage says, or fail.
func TestWhateverAServiceDoesNoOtherNumberIsShown(t *testing.T) {
	t.Parallel()
	for start, unknown := range map[string]func([]string, string) ([]string, error){
		"what is greater": nil, "[]": answersEmpty, "from the beginning": answersFromBeginning, "refused": refuses,
	} {
		for pages, change := range map[string]func(*restless){
			"as asked for":         func(*restless) {},
			"capped":               func(r *restless) { r.most = 6 },
			"capped after a while": func(r *restless) { r.most = map[bool]int{true: 5}[r.total%200 > 130] },
			"longer":               func(r *restless) { r.ignoresTop = true },
		} {
			for _, deleted := range []float64{0, 0.05, 0.7} {
				for mode, walk := range map[string]struct{ workers, attempts int }{"": {1, 0}, "in parts": {8, 0}, "a sample": {1, 12}} {
					name := fmt.Sprintf("unknown starts: %s, pages: %s, cursors deleted: %v, %s", start, pages, deleted, mode)
					t.Run(name, func(t *testing.T) {
						r := &restless{service: withSessions(420, 1), known: map[string]bool{}}
						r.unknown = unknown
						random := rand.New(rand.NewPCG(1, 2))
						r.before = func(start string) error {
							r.mu.Lock()
							defer r.mu.Unlock()
							r.requests++
							r.total++
							change(r)
							if at := slices.Index(r.ids, start); at >= 0 && random.Float64() < deleted {
								r.ids = slices.Delete(r.ids, at, at+1)
								r.known[start], r.gone = false, append(r.gone, start)
							}
							return nil
						}
						r.refresh(t, walk.workers, walk.attempts, random)
					})
				}
			}
		}
	}
}

func (r *restless) refresh(t *testing.T, atOnce, attempts int, random *rand.Rand) {
	lister := newLister(r.service, limits(pageSize(14), workers(atOnce)))
	for range 20 {
		r.change(step{event: remove, amount: 21, seed: random.Uint64()}, "")
		r.change(step{event: add, amount: random.IntN(35), seed: random.Uint64()}, "")
		r.add(r.gone...) // else the beginning of the list, where a sample is, would have fewer and fewer
		r.gone = nil
		r.begin(nil)
		visited, listed := newVisits(), float64(len(r.ids))
		result, err := lister.Walk(t.Context(), attempts, visited)
		if err != nil {
			continue
		}
		bound := attempts
		if result.Coverage == 1 {
			bound = 0 // ids that do not ascend are read whole
		}
		r.check(t, result, nil, bound, visited)
		off := float64(len(visited.times))/result.Coverage - listed
		if chance := 5 * math.Sqrt(listed*(1-result.Coverage)/result.Coverage); result.Coverage < 1 && math.Abs(off) > chance {
			t.Errorf("an estimate of %v is %+.0f off at coverage %v", listed, off, result.Coverage)
		}
	}
}
