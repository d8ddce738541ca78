package facesim

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

// store keeps the sessions of one operation. A session that the service has removed by its age stays in it until someone
// deletes it, and is not listed.
type store struct {
	mu sync.RWMutex

	// sessions, guarded by mu, is strictly ascending by id in byte order. It holds pointers because traffic inserts and
	// removes one session at a time.
	sessions []*Session
}

// add copies sessions into the list. Where two have one id, the last stays.
func (s *store) add(added []Session) {
	pointers := make([]*Session, len(added))
	for i := range added {
		pointers[i] = &added[i]
	}
	slices.SortStableFunc(pointers, byID)
	// Copied, so that a page of a large list is read from neighboring memory.
	ordered := make([]Session, len(added))
	for i, session := range pointers {
		ordered[i] = session.asWritten()
		pointers[i] = &ordered[i]
	}
	s.insert(pointers...)
}

// insert takes sessions over whose times are as written. Where two have one id, the last stays.
func (s *store) insert(added ...*Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(added) == 1 {
		i, found := s.find(added[0].ID)
		if !found {
			s.sessions = slices.Insert(s.sessions, i, nil)
		}
		s.sessions[i] = added[0]
		return
	}
	all := slices.Concat(s.sessions, added)
	slices.SortStableFunc(all, byID)
	s.sessions = all[:0]
	for i, session := range all {
		if i+1 == len(all) || all[i+1].ID != session.ID {
			s.sessions = append(s.sessions, session)
		}
	}
}

// remove takes the ids out of the list and says how many were listed at now.
func (s *store) remove(now time.Time, ids ...string) (listed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if i, found := s.find(id); found && s.drop(now, s.sessions[i]) {
			listed++
		}
	}
	return listed
}

// drop needs mu. It takes a session out of the list, and reports whether it was listed at now.
func (s *store) drop(now time.Time, session *Session) bool {
	if session.deleted {
		return false
	}
	session.deleted = true
	if i, found := s.find(session.ID); found {
		s.sessions = slices.Delete(s.sessions, i, i+1)
	}
	return !session.removed(now)
}

// update calls change unless the session is deleted or removed at now. It may change that session, but not its id or
// creation.
func (s *store) update(now time.Time, session *Session, change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !session.deleted && !session.removed(now) {
		change()
	}
}

// get is a copy of a session that is listed at now.
func (s *store) get(now time.Time, id string) (session Session, listed bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i, found := s.find(id)
	if !found || s.sessions[i].removed(now) {
		return Session{}, false
	}
	return *s.sessions[i], true
}

// count is how many sessions are listed at now.
func (s *store) count(now time.Time) (n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.sessions {
		if !r.removed(now) {
			n++
		}
	}
	return n
}

// all is a copy of the list at now, ascending by id.
func (s *store) all(now time.Time) []Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]Session, 0, len(s.sessions))
	for _, r := range s.sessions {
		if !r.removed(now) {
			all = append(all, *r)
		}
	}
	return all
}

// find needs mu. It gives the place of the id, or the place it would have.
func (s *store) find(id string) (int, bool) {
	return slices.BinarySearchFunc(s.sessions, id, func(r *Session, id string) int { return strings.Compare(r.ID, id) })
}

// byID is the documented order of a list, in byte order of the ids.
func byID(a, b *Session) int { return strings.Compare(a.ID, b.ID) }

// byHash is an order that looks like none at all.
func byHash(a, b *Session) int { return cmp.Or(cmp.Compare(hash(a.ID), hash(b.ID)), byID(a, b)) }

// hash is FNV-1a, 64 bits.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
