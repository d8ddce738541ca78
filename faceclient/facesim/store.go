package facesim

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
)

// sweepEvery bounds how often a list is rid of the sessions that the service has removed by age. Until then a page only
// steps over them, so that a million sessions of which one dies every second do not cost a copy of the list a request.
const sweepEvery = 10 * time.Minute

// store keeps the sessions of one operation.
type store struct {
	mu sync.RWMutex

	// All guarded by mu. records is strictly ascending by id in byte order; no id comes twice. They are pointers because
	// traffic inserts and removes one session at a time, and moving pointers is seven times cheaper; records that were
	// added together still lie side by side, so that reading a page of a large list is reading memory in order.
	records []*record
	oldest  int64 // no record was created earlier; too early is allowed, it only costs a sweep
	swept   int64 // when the last sweep was
	views   map[Order][]int32
}

func newStore() *store {
	return &store{oldest: math.MaxInt64, views: make(map[Order][]int32)}
}

// add takes the records over and puts them into the list; one with a known id takes the other's place, and among themselves the last wins.
func (s *store) add(added []record) {
	if len(added) == 0 {
		return
	}
	slices.SortStableFunc(added, func(a, b record) int { return strings.Compare(a.id, b.id) })
	added = keepLast(added)

	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.views)
	for i := range added {
		s.oldest = min(s.oldest, added[i].created)
	}
	if len(added) == 1 {
		i, found := s.find(added[0].id)
		if found {
			s.records[i] = &added[0]
		} else {
			s.records = slices.Insert(s.records, i, &added[0])
		}
		return
	}
	s.records = merge(s.records, added)
}

func keepLast(sorted []record) []record {
	kept := sorted[:0]
	for i := range sorted {
		if i+1 < len(sorted) && sorted[i+1].id == sorted[i].id {
			continue
		}
		kept = append(kept, sorted[i])
	}
	return kept
}

// merge keeps the added record where both have an id.
func merge(old []*record, added []record) []*record {
	merged := make([]*record, 0, len(old)+len(added))
	for i := range added {
		for len(old) > 0 && old[0].id < added[i].id {
			merged, old = append(merged, old[0]), old[1:]
		}
		if len(old) > 0 && old[0].id == added[i].id {
			old = old[1:]
		}
		merged = append(merged, &added[i])
	}
	return append(merged, old...)
}

// remove takes the ids out of the list and says how many were in it at now.
func (s *store) remove(now int64, ids ...string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := make(map[string]bool, len(ids))
	first, listed := len(s.records), 0
	for _, id := range ids {
		i, found := s.find(id)
		if !found || gone[id] {
			continue
		}
		gone[id] = true
		first = min(first, i)
		if !s.records[i].removed(now) {
			listed++
		}
	}
	if len(gone) == 1 {
		s.records = slices.Delete(s.records, first, first+1)
	} else {
		s.records = slices.DeleteFunc(s.records, func(r *record) bool { return gone[r.id] })
	}
	clear(s.views)
	return listed
}

// update changes a listed record, never its id or creation. It reports whether the id was listed at now.
func (s *store) update(now int64, id string, change func(*record)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, found := s.find(id)
	if !found || s.records[i].removed(now) {
		return false
	}
	change(s.records[i])
	return true
}

// count is how many sessions are listed at now.
func (s *store) count(now int64) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	return len(s.records)
}

// sessions is a copy of the list at now, ascending by id.
func (s *store) sessions(now int64) []Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	all := make([]Session, len(s.records))
	for i := range s.records {
		all[i] = s.records[i].session()
	}
	return all
}

// find needs mu. It gives the place of the id, or the place it would have.
func (s *store) find(id string) (int, bool) {
	return slices.BinarySearchFunc(s.records, id, func(r *record, id string) int { return strings.Compare(r.id, id) })
}

// sweep needs mu for writing.
func (s *store) sweep(now int64) {
	if len(s.records) == 0 || now-s.oldest < int64(Retention) {
		return
	}
	s.oldest = math.MaxInt64
	s.records = slices.DeleteFunc(s.records, func(r *record) bool {
		if r.removed(now) {
			return true
		}
		s.oldest = min(s.oldest, r.created)
		return false
	})
	s.swept = now
	clear(s.views)
}

// prepare does what a page may need writing for, so that building the page needs reading alone.
func (s *store) prepare(order Order, now int64) {
	s.mu.RLock()
	sweepDue := len(s.records) > 0 && now-s.oldest >= int64(Retention) && now-s.swept >= int64(sweepEvery)
	_, viewed := s.views[order]
	s.mu.RUnlock()
	viewDue := order != Ascending && !viewed
	if !sweepDue && !viewDue {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if sweepDue {
		s.sweep(now)
	}
	if viewDue {
		s.view(order)
	}
}

// view needs mu for writing. It gives the places of all records in that order.
func (s *store) view(order Order) []int32 {
	if view, ok := s.views[order]; ok {
		return view
	}
	view := make([]int32, len(s.records))
	for i := range view {
		view[i] = int32(i)
	}
	slices.SortFunc(view, func(a, b int32) int {
		return order.compare(s.records[a], s.records[b])
	})
	s.views[order] = view
	return view
}

// after needs mu. It is the first place, in that order, past the cursor. An id that is not listed has a place in every
// order but ByCreation, whose list it begins anew.
func (s *store) after(order Order, view []int32, start string) int {
	if start == "" {
		return 0
	}
	if order == Ascending {
		i, found := s.find(start)
		if found {
			i++
		}
		return i
	}
	cursor := &record{id: start}
	if order == ByCreation {
		i, found := s.find(start)
		if !found {
			return 0
		}
		cursor = s.records[i]
	}
	return sort.Search(len(view), func(i int) bool { return order.compare(s.records[view[i]], cursor) > 0 })
}

// Order is the order in which a list is given; see [InOrder].
type Order int

// The documented order and three that a service could have instead. In each of them start means: go on after this id.
const (
	Ascending  Order = iota // by id, in byte order
	Descending              // by id, from the last
	Hashed                  // by a hash of the id: no order at all to the eye
	ByCreation              // by createdDateTime
)

func (o Order) compare(a, b *record) int {
	switch o {
	case Descending:
		return strings.Compare(b.id, a.id)
	case Hashed:
		return cmp.Or(cmp.Compare(hash(a.id), hash(b.id)), strings.Compare(a.id, b.id))
	case ByCreation:
		return cmp.Or(cmp.Compare(a.created, b.created), strings.Compare(a.id, b.id))
	default:
		return strings.Compare(a.id, b.id)
	}
}

// hash is FNV-1a, 64 bits.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
