package facesim

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// store keeps the sessions of one operation.
type store struct {
	mu sync.RWMutex

	// sessions is strictly ascending by id in byte order. It may hold sessions that are gone: add drops them. Guarded by mu,
	// as is listed of each session; nothing else of a session changes.
	sessions []*Session
}

// add takes sessions over into the list. If two have one id, the last stays.
func (s *store) add(now time.Time, added []*Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.DeleteFunc(append(s.sessions, added...), func(r *Session) bool { return r.gone(now) })
	slices.SortStableFunc(all, func(a, b *Session) int { return strings.Compare(a.ID, b.ID) })
	s.sessions = all[:0]
	for i, r := range all {
		if i+1 == len(all) || all[i+1].ID != r.ID {
			s.sessions = append(s.sessions, r)
		}
	}
}

// remove takes the ids out of the list and says how many were listed at now.
func (s *store) remove(now time.Time, ids ...string) (listed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if i, found := s.find(id); found && !s.sessions[i].gone(now) {
			s.sessions[i].listed = now.Sub(s.sessions[i].Created)
			listed++
		}
	}
	return listed
}

// get is a copy of a session that is listed at now.
func (s *store) get(now time.Time, id string) (session Session, listed bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i, found := s.find(id)
	if !found || s.sessions[i].gone(now) {
		return Session{}, false
	}
	return s.sessions[i].at(now), true
}

// all is a copy of the list at now, ascending by id.
func (s *store) all(now time.Time) []Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]Session, 0, len(s.sessions))
	for _, r := range s.sessions {
		if !r.gone(now) {
			all = append(all, r.at(now))
		}
	}
	return all
}

// appendPage writes up to top sessions with ids greater than start as a JSON array. The start need not be listed.
func (s *store) appendPage(b []byte, start string, top int, now time.Time) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i, found := s.find(start)
	if found {
		i++
	}
	b = append(b, '[')
	first := len(b)
	for ; i < len(s.sessions) && top > 0; i++ {
		r := s.sessions[i]
		if r.gone(now) {
			continue
		}
		if len(b) > first {
			b = append(b, ',')
		}
		b = r.appendItem(b, now)
		top--
	}
	return append(b, ']')
}

// find needs mu. It returns the index of the id, or the index it would have.
func (s *store) find(id string) (int, bool) {
	return slices.BinarySearchFunc(s.sessions, id, func(r *Session, id string) int { return strings.Compare(r.ID, id) })
}
