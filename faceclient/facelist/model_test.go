package facelist_test

import (
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// event is what happens to a list just before the service answers a request.
type event int

const (
	add     event = iota // sessions appear anywhere
	follow               // sessions appear at the end of the list, where a worker has seen it already
	remove               // sessions anywhere are deleted
	overrun              // the session that the request goes on after is deleted, and those that follow it
)

// step is an event and what it needs to happen the same way again.
type step struct {
	event  event
	wait   int // requests since the step before
	amount int
	seed   uint64
}

// restless is a list that changes while it is walked.
type restless struct {
	*service
	script   []step
	waited   int
	requests int
	total    int
	gone     []string        // that were deleted because they were the start of a request
	deleted  int             // how often the script has deleted sessions
	added    uint64          // makes each addition another one
	known    map[string]bool // listed at some time of the walk; true where from its begin to now
}

func (r *restless) begin(script []step) {
	r.script, r.waited, r.requests, r.deleted, r.known = script, 0, 0, 0, map[string]bool{}
	for _, id := range r.ids {
		r.known[id] = true
	}
}

// next is called with each request.
func (r *restless) next(start string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	if len(r.script) == 0 || r.waited < r.script[0].wait {
		r.waited++
		return nil
	}
	now := r.script[0]
	r.script, r.waited = r.script[1:], 0
	r.change(now, start)
	return nil
}

func (r *restless) change(now step, start string) {
	if now.event == add || now.event == follow {
		r.added++
		for _, id := range randomIDs(now.amount, now.seed<<16+r.added) {
			if now.event == follow {
				id = "fff" + id[3:]
			}
			r.known[id] = false
			r.ids = append(r.ids, id)
		}
		r.sort()
		return
	}
	r.deleted++
	listed := slices.Clone(r.ids)
	if now.event == overrun {
		at, _ := slices.BinarySearch(listed, start)
		listed = listed[at:]
	} else {
		random := rand.New(rand.NewPCG(now.seed, 0))
		random.Shuffle(len(listed), func(i, j int) { listed[i], listed[j] = listed[j], listed[i] })
	}
	gone := map[string]bool{}
	for _, id := range listed[:min(now.amount, len(listed))] {
		gone[id], r.known[id] = true, false
	}
	r.ids = slices.DeleteFunc(r.ids, func(id string) bool { return gone[id] })
}

// resize makes the list as long as that between two walks.
func (r *restless) resize(sessions int) {
	if now := len(r.ids); sessions > now {
		r.change(step{event: add, amount: sessions - now}, "")
	} else {
		r.change(step{event: remove, amount: now - sessions}, "")
	}
}

func drawScript(t *rapid.T, pages int, events event) []step {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			event:  event(rapid.IntRange(0, int(events)).Draw(t, "event")),
			wait:   rapid.IntRange(0, pages).Draw(t, "wait"),
			amount: rapid.IntRange(1, 100).Draw(t, "amount"),
			seed:   rapid.Uint64().Draw(t, "seed"),
		}
	}), 0, 8).Draw(t, "script")
}

func TestAWalkOfAListThatNeverRestsVisitsWhatStays(t *testing.T) {
	t.Parallel()
	for range 5 { // a hundred lists each
		rapid.Check(t, func(t *rapid.T) { rapid.SyncTest(t, walkWhatNeverRests) })
	}
}

func walkWhatNeverRests(t *rapid.T) {
	const mostSessions = 600
	r := &restless{service: &service{}, known: map[string]bool{}}
	slow := rapid.SampledFrom([]string{"", "0", "3", "8", "d", "f"}).Draw(t, "slow") // begins the starts of one who falls behind
	alike := rapid.Bool().Draw(t, "alike")                                           // any answer takes as long as any other
	r.latency = func(start string) time.Duration {
		latency := time.Millisecond
		if !alike { // an order that follows from what is asked alone, so that a walk goes the same way each time
			hash := fnv.New32a()
			_, _ = hash.Write([]byte(start))
			latency = time.Duration(hash.Sum32()) % time.Millisecond
		}
		if slow != "" && strings.HasPrefix(start, slow) {
			latency += 20 * time.Millisecond
		}
		return latency
	}
	r.before = r.next
	l := limits(pageSize(rapid.IntRange(1, 50).Draw(t, "page size")), workers(rapid.IntRange(1, 8).Draw(t, "at once")))

	// What a walk may hold against a service that cuts pages short it learns from the first short page that is followed by
	// another. So there is one: the first walk is exact, and nothing is deleted from what takes more than a page.
	page, capped := l.PageSize, rapid.Bool().Draw(t, "capped")
	fewest := 0
	if capped {
		page = rapid.IntRange(1, l.PageSize).Draw(t, "cap")
		fewest, r.most = page+1, page
	}
	lister := newLister(r.service, l)
	for i := range rapid.IntRange(1, 4).Draw(t, "walks") {
		r.resize(rapid.IntRange(fewest, mostSessions).Draw(t, "sessions"))
		pages, events, most := len(r.ids)/page+1, overrun, 0
		if capped && i == 0 {
			events = follow
		} else if rapid.IntRange(0, 2).Draw(t, "bounded") == 2 {
			most = rapid.IntRange(1, pages+5).Draw(t, "most requests")
		}
		fewest = 0
		r.begin(drawScript(t, pages, events))
		visited := newVisits()
		result, err := lister.Walk(t.Context(), most, visited)
		r.check(t, result, err, most, visited)
		if limit := 4*(len(r.known)/page+1) + 8*l.Workers + 8; r.requests > limit {
			t.Errorf("%d requests for at most %d sessions on pages of %d, want at most %d", r.requests, len(r.known), page, limit)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
}

// check checks what a walk says of itself, that no session was visited twice, and where the walk was whole that none was
// left out. Only a walk may fail that has used up its requests, or whose end was deleted in each of its five attempts.
func (r *restless) check(t rapid.TB, result facelist.Result, err error, most int, visited *visits) {
	if result.Requests != r.requests || most > 0 && r.requests > most {
		t.Errorf("the walk says %d requests, the service saw %d, and %d were allowed", result.Requests, r.requests, most)
	}
	if err != nil {
		var failure *faceclient.Error
		if (most == 0 || r.requests != most) && r.deleted < 5 || !errors.As(err, &failure) {
			t.Fatalf("%d of %d requests: %v", r.requests, most, err)
		}
		return
	}
	if most == 0 && result.Coverage != 1 || result.Coverage <= 0 || result.Coverage > 1 {
		t.Errorf("coverage %v of a walk that may make %d requests", result.Coverage, most)
	}
	for id, times := range visited.times {
		if _, known := r.known[id]; !known || times != 1 {
			t.Errorf("%s was visited %d times, listed: %t", id, times, known)
		}
	}
	for id, stayed := range r.known {
		if result.Coverage == 1 && stayed && visited.times[id] == 0 {
			t.Errorf("%s was listed all the while and not visited", id)
		}
	}
}
