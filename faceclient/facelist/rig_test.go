package facelist_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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
	// starts refuses a start; nil takes any.
	starts func(s *service, start string) error
	// before is called with each request, before the answer; an error is the answer.
	before func(start string) error
	// answer changes a page before it is given; nil changes nothing.
	answer func(start string, page []string) []string
	skew   time.Duration // of Date

	mu       sync.Mutex
	ids      []string // in the order of the list
	requests []faceclient.PageQuery
	refused  int // because of their start
}

// withSessions makes a list of so many random sessions. The seed makes another list.
func withSessions(sessions int, seed uint64) *service {
	s := &service{}
	s.add(randomIDs(sessions, seed)...)
	return s
}

func randomIDs(n int, seed uint64) []string {
	random := rand.New(rand.NewPCG(seed, 4))
	ids := make([]string, n)
	for i := range ids {
		var raw [16]byte
		for j := range raw {
			raw[j] = byte(random.Uint32())
		}
		raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
		text := hex.EncodeToString(raw[:])
		ids[i] = strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
	}
	return ids
}

func (s *service) sort() {
	order := s.order
	if order == nil {
		order = strings.Compare
	}
	slices.SortFunc(s.ids, order)
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
	if ctx.Err() != nil {
		return 0, &faceclient.Error{Code: faceclient.CodeCanceled}
	}
	began := time.Now()
	query.MaxAttempts = 0 // tests compare what was asked for
	s.mu.Lock()
	s.requests = append(s.requests, query)
	s.mu.Unlock()
	if s.latency != nil {
		select {
		case <-time.After(s.latency(query.Start)):
		case <-ctx.Done():
			return 1, &faceclient.Error{Code: faceclient.CodeCanceled}
		}
	}
	if s.before != nil {
		if err := s.before(query.Start); err != nil {
			return 1, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.starts != nil && query.Start != "" {
		if err := s.starts(s, query.Start); err != nil {
			s.refused++
			return 1, err
		}
	}
	page := s.after(query.Start)
	if most := s.most; most > 0 && len(page) > most {
		page = page[:most]
	}
	page = page[:min(len(page), query.Top)]
	if s.answer != nil {
		page = s.answer(query.Start, page)
	}
	into.Date = time.Now().Add(s.skew).Truncate(time.Second)
	into.Sessions = into.Sessions[:0]
	for _, id := range page {
		into.Sessions = append(into.Sessions, faceclient.Session{ID: []byte(id), Created: into.Date})
	}
	into.RoundTrip = time.Since(began)
	return 1, nil
}

// after is the list after a start: the entries that follow it, or in ascending order all ids above it.
func (s *service) after(start string) []string {
	if s.order == nil {
		at, found := slices.BinarySearch(s.ids, start)
		if found {
			at++
		}
		return s.ids[at:]
	}
	return s.ids[slices.Index(s.ids, start)+1:]
}

var errBadStart = &faceclient.Error{Code: "BadArgument", Status: 400}

// listedIDsOnly refuses a start that no session has.
func listedIDsOnly(s *service, start string) error {
	if slices.Contains(s.ids, start) {
		return nil
	}
	return errBadStart
}

// visits is a visitor that remembers what it was given.
type visits struct {
	times     map[string]int
	batches   []facelist.Batch // without their sessions
	restarts  int
	inside    bool
	overlap   bool
	insideMux sync.Mutex
}

func newVisits() *visits { return &visits{times: map[string]int{}} }

func (v *visits) Restart() {
	clear(v.times)
	v.restarts++
}

func (v *visits) Visit(batch facelist.Batch) {
	v.insideMux.Lock()
	v.overlap = v.overlap || v.inside
	v.inside = true
	v.insideMux.Unlock()
	for _, session := range batch.Sessions {
		v.times[string(session.ID)]++
	}
	batch.Sessions = nil
	v.batches = append(v.batches, batch)
	v.insideMux.Lock()
	v.inside = false
	v.insideMux.Unlock()
}

// exactly checks that each of the sessions was visited once, and nothing else.
func (v *visits) exactly(t testing.TB, ids []string) {
	t.Helper()
	if v.overlap {
		t.Error("two visits at a time")
	}
	if len(v.times) != len(ids) {
		t.Errorf("visited %d sessions, the list has %d", len(v.times), len(ids))
	}
	v.noneTwice(t, ids)
}

// noneTwice checks that only these sessions were visited, and none twice.
func (v *visits) noneTwice(t testing.TB, ids []string) {
	t.Helper()
	left := map[string]bool{}
	for _, id := range ids {
		left[id] = true
	}
	for id, times := range v.times {
		if times != 1 || !left[id] {
			t.Errorf("%s was visited %d times, listed: %t", id, times, left[id])
			return
		}
	}
}

// errorsSeen is a facelist.Observer.
type errorsSeen struct{ codes []string }

func (e *errorsSeen) ObserveError(_ faceclient.Operation, code string) {
	e.codes = append(e.codes, code)
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

func newLister(s *service, l facelist.Limits) *facelist.Lister {
	return facelist.New(s, faceclient.DetectLiveness, l, &errorsSeen{})
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

// failsWith checks that a walk fails with a code, and gives its result.
func failsWith(t testing.TB, s *service, lister *facelist.Lister, code string, mostRequests int) {
	t.Helper()
	s.forget()
	_, err := lister.Walk(t.Context(), 0, newVisits())
	var failure *faceclient.Error
	if !errors.As(err, &failure) || failure.Code != code {
		t.Errorf("%v, want code %s", err, code)
	}
	if requests := s.forget(); requests > mostRequests {
		t.Errorf("%d requests, want at most %d", requests, mostRequests)
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

func descending(a, b string) int { return strings.Compare(b, a) }

// shuffled is an order that has nothing to do with that of the ids.
func shuffled(a, b string) int {
	return bytes.Compare([]byte(a[20:]), []byte(b[20:]))
}
