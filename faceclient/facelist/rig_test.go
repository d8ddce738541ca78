package facelist_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// service is a facelist.Pager that pages through a sorted slice.
type service struct {
	// latency is how long an answer takes; nil is no time.
	latency func(start string) time.Duration
	// most is the most sessions of a page; 0 is what is asked for.
	most int
	// order is that of the list; nil is ascending by id.
	order func(a, b string) int
	// unknown answers a start that no session has; nil lists what is greater.
	unknown func(ids []string, start string) ([]string, error)
	// ignoresTop: pages have half as many sessions more as are asked for.
	ignoresTop bool
	// before is called with each request, before the answer; an error is the answer.
	before func(start string) error
	// answer changes a page before it is given; nil changes nothing.
	answer func(start string, page []string) []string
	skew   time.Duration // of Date

	mu       sync.Mutex
	ids      []string // in the order of the list
	requests []faceclient.PageQuery
}

// withSessions makes a list of so many random sessions. The seed makes another list.
func withSessions(sessions int, seed uint64) *service {
	s := &service{}
	s.add(randomIDs(sessions, seed)...)
	return s
}

func randomIDs(n int, seed uint64) []string {
	random := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)})
	ids := make([]string, n)
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewRandomFromReader(random)).String()
	}
	return ids
}

func (s *service) sort() {
	if s.order == nil {
		slices.Sort(s.ids)
	} else {
		slices.SortFunc(s.ids, s.order)
	}
}

func (s *service) add(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = append(s.ids, ids...)
	s.sort()
}

func (s *service) remove(gone func(i int, id string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := -1
	s.ids = slices.DeleteFunc(s.ids, func(id string) bool { i++; return gone(i, id) })
}

func (s *service) listed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ids)
}

// forget forgets the requests so far and gives their number.
func (s *service) forget() (requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests, s.requests = len(s.requests), nil
	return requests
}

// Page is part of facelist.Pager.
func (s *service) Page(ctx context.Context, query faceclient.PageQuery, into *faceclient.Page) (attempts int, err error) {
	sent := time.Now()
	if s.latency != nil {
		select {
		case <-time.After(s.latency(query.Start)):
		case <-ctx.Done():
			return 0, &faceclient.Error{Code: faceclient.CodeCanceled}
		}
	}
	s.mu.Lock()
	s.requests = append(s.requests, query)
	s.mu.Unlock()
	if s.before != nil {
		if err := s.before(query.Start); err != nil {
			return 1, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	page, err := s.after(query.Start)
	if err != nil {
		return 1, err
	}
	if s.ignoresTop {
		query.Top = query.Top * 3 / 2
	}
	page = page[:min(len(page), query.Top, cmp.Or(s.most, len(page)))]
	if s.answer != nil {
		page = s.answer(query.Start, page)
	}
	into.Date, into.RoundTrip = time.Now().Add(s.skew).Truncate(time.Second), time.Since(sent)
	into.Sessions = into.Sessions[:0]
	for _, id := range page {
		into.Sessions = append(into.Sessions, faceclient.Session{ID: []byte(id), Created: into.Date})
	}
	return 1, nil
}

// after is the list after a start: the sessions that follow it, or in ascending order all ids above it.
func (s *service) after(start string) ([]string, error) {
	at, found := slices.BinarySearch(s.ids, start)
	if s.order != nil {
		at = slices.Index(s.ids, start)
		found = at >= 0
	}
	switch {
	case found:
		return s.ids[at+1:], nil
	case start != "" && s.unknown != nil:
		return s.unknown(s.ids, start)
	}
	return s.ids[max(0, at):], nil
}

// What services do with a start that no session has.
func answersEmpty([]string, string) ([]string, error)               { return nil, nil }
func answersFromBeginning(ids []string, _ string) ([]string, error) { return ids, nil }
func refuses([]string, string) ([]string, error) {
	return nil, &faceclient.Error{Code: "BadArgument", Status: 400}
}

// visits is a visitor that remembers what it was given.
type visits struct {
	times    map[string]int
	batches  []facelist.Batch // without their sessions
	restarts int
}

func newVisits() *visits { return &visits{times: map[string]int{}} }

func (v *visits) Restart() {
	clear(v.times)
	v.restarts++
}

func (v *visits) Visit(batch facelist.Batch) {
	for _, session := range batch.Sessions {
		v.times[string(session.ID)]++
	}
	batch.Sessions = nil
	v.batches = append(v.batches, batch)
}

// counter is a visitor that counts.
type counter int

func (c *counter) Restart() { *c = 0 }

func (c *counter) Visit(batch facelist.Batch) { *c += counter(len(batch.Sessions)) }

// exactly checks that each of the sessions was visited once, and nothing else.
func (v *visits) exactly(t testing.TB, ids []string) {
	t.Helper()
	if len(v.times) != len(ids) {
		t.Errorf("visited %d sessions, the list has %d", len(v.times), len(ids))
	}
	for _, id := range ids {
		if v.times[id] != 1 {
			t.Fatalf("%s was visited %d times", id, v.times[id])
		}
	}
}

// limits are those that most tests walk with.
func limits(adapt ...func(*facelist.Limits)) facelist.Limits {
	l := facelist.Limits{PageSize: 100, MaxPages: 20_000, Workers: 4}
	for _, change := range adapt {
		change(&l)
	}
	return l
}

func workers(n int) func(*facelist.Limits)  { return func(l *facelist.Limits) { l.Workers = n } }
func pageSize(n int) func(*facelist.Limits) { return func(l *facelist.Limits) { l.PageSize = n } }
func maxPages(n int) func(*facelist.Limits) { return func(l *facelist.Limits) { l.MaxPages = n } }

func perSecond(rate float64) func(*facelist.Limits) {
	return func(l *facelist.Limits) { l.RequestsPerSecond = rate }
}

func newLister(s *service, l facelist.Limits) *facelist.Lister {
	return facelist.New(s, faceclient.DetectLiveness, l)
}

// walkExactly walks a list, which must be found as it is, in at most so many requests; 0 is any number.
func walkExactly(t testing.TB, s *service, lister *facelist.Lister, mostRequests int) (facelist.Result, *visits) {
	t.Helper()
	s.forget()
	visited := newVisits()
	result, err := lister.Walk(t.Context(), 0, visited)
	if err != nil {
		t.Fatal(err)
	}
	visited.exactly(t, s.listed())
	if result.Coverage != 1 {
		t.Errorf("coverage %v, want 1", result.Coverage)
	}
	if requests := s.forget(); result.Requests != requests || (mostRequests > 0 && requests > mostRequests) {
		t.Errorf("the walk says %d requests, the service saw %d, want at most %d", result.Requests, requests, mostRequests)
	}
	return result, visited
}

// failsWith checks that a walk fails with a code, after at most so many requests.
func failsWith(t testing.TB, s *service, lister *facelist.Lister, code string, mostRequests int) {
	t.Helper()
	s.forget()
	_, err := lister.Walk(t.Context(), 0, new(counter))
	if requests := s.forget(); faceclient.Code(err) != code || requests > mostRequests {
		t.Errorf("%v after %d requests, want %s after at most %d", err, requests, code, mostRequests)
	}
}

// sequence are ids that are in order but not random.
func sequence(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%06d", i)
	}
	return ids
}

// prefixed are random ids that all begin alike.
func prefixed(prefix string, n int) []string {
	ids := randomIDs(n, 1)
	for i := range ids {
		ids[i] = prefix + ids[i][len(prefix):]
	}
	return ids
}

func descending(a, b string) int { return strings.Compare(b, a) }

// shuffled is an order that has nothing to do with that of the ids.
func shuffled(a, b string) int { return strings.Compare(a[20:], b[20:]) }
