package facesim

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"sync"
)

// store keeps the sessions of one operation. A session that the service has removed by its age stays in it until someone
// deletes it, and is not listed.
type store struct {
	mu sync.RWMutex

	// records, guarded by mu, is strictly ascending by id in byte order. It holds pointers because traffic inserts and
	// removes one session at a time.
	records []*record
}

// add takes the records over and puts them into the list. Where two have one id, the last stays.
func (s *store) add(added []record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(added) == 1 {
		i, found := s.find(added[0].id)
		if !found {
			s.records = slices.Insert(s.records, i, nil)
		}
		s.records[i] = &added[0]
		return
	}
	// Sorted as values first, so that a page of a large list is read from neighboring memory.
	slices.SortStableFunc(added, func(a, b record) int { return strings.Compare(a.id, b.id) })
	all := slices.Grow(s.records, len(added))
	for i := range added {
		all = append(all, &added[i])
	}
	if len(s.records) > 0 {
		slices.SortStableFunc(all, Ascending.compare)
	}
	s.records = all[:0]
	for i, r := range all {
		if i+1 == len(all) || all[i+1].id != r.id {
			s.records = append(s.records, r)
		}
	}
}

// remove takes the ids out of the list and says how many were listed at now.
func (s *store) remove(now int64, ids ...string) (listed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		i, found := s.find(id)
		if !found {
			continue
		}
		if !s.records[i].removed(now) {
			listed++
		}
		s.records = slices.Delete(s.records, i, i+1)
	}
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

// get is a copy of a session that is listed at now.
func (s *store) get(now int64, id string) (r record, listed bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i, found := s.find(id)
	if !found || s.records[i].removed(now) {
		return record{}, false
	}
	return *s.records[i], true
}

// count is how many sessions are listed at now.
func (s *store) count(now int64) (n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.records {
		if !r.removed(now) {
			n++
		}
	}
	return n
}

// sessions is a copy of the list at now, ascending by id.
func (s *store) sessions(now int64) []Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]Session, 0, len(s.records))
	for _, r := range s.records {
		if !r.removed(now) {
			all = append(all, r.session())
		}
	}
	return all
}

// find needs mu. It gives the place of the id, or the place it would have.
func (s *store) find(id string) (int, bool) {
	return slices.BinarySearchFunc(s.records, id, func(r *record, id string) int { return strings.Compare(r.id, id) })
}

// inOrder needs mu. It is the list in another order.
func (s *store) inOrder(order Order) []*record {
	if order == Ascending {
		return s.records
	}
	return slices.SortedFunc(slices.Values(s.records), order.compare)
}

// after needs mu. It is the first place past the cursor in a list of that order. An id that is not listed has a place in
// every order but ByCreation, whose list it begins anew.
func (s *store) after(list []*record, order Order, start string) int {
	if start == "" {
		return 0
	}
	cursor := &record{id: start}
	if order == ByCreation {
		i, found := s.find(start)
		if !found {
			return 0
		}
		cursor = s.records[i]
	}
	return sort.Search(len(list), func(i int) bool { return order.compare(list[i], cursor) > 0 })
}

// Order is the order in which a list is given; see [InOrder].
type Order int

// The documented order and three that a service could have instead. In each of them start means: go on after this id.
const (
	Ascending  Order = iota // by id, in byte order
	Descending              // by id, from the last
	Hashed                  // by a hash of the id, which looks like no order at all
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
