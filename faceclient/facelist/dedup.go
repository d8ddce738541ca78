package facelist

import (
	"bytes"
	"hash/maphash"

	"face_liveness_exporter/faceclient"
)

// ascend reports whether the ids continue after the cursor in strictly ascending byte order.
func ascend(cursor string, sessions []faceclient.Session) bool {
	for i := range sessions {
		if i == 0 && string(sessions[0].ID) <= cursor || i > 0 && bytes.Compare(sessions[i].ID, sessions[i-1].ID) <= 0 {
			return false
		}
	}
	return true
}

// maxUnordered bounds the sessions of a list whose ids do not ascend. They need about 40 bytes each.
const maxUnordered = 2_000_000

// seen remembers the sessions of a walk by a hash of their ids. It is needed only where ids do not ascend, because
// there nothing else tells a page that goes on from one that goes in circles.
type seen struct {
	seed      maphash.Seed
	ids       map[uint64]struct{}
	cursors   map[uint64]struct{}
	ascending bool // so far
}

func newSeen() *seen {
	return &seen{seed: maphash.MakeSeed(), ids: map[uint64]struct{}{}, cursors: map[uint64]struct{}{}, ascending: true}
}

// filter leaves only those sessions in the page that have not been seen before.
func (s *seen) filter(p *faceclient.Page, cursor string) error {
	s.ascending = s.ascending && ascend(cursor, p.Sessions)
	next := maphash.Bytes(s.seed, p.Sessions[len(p.Sessions)-1].ID)
	if _, again := s.cursors[next]; again {
		return pagination("")
	}
	s.cursors[next] = struct{}{}
	fresh := p.Sessions[:0]
	for _, session := range p.Sessions {
		hash := maphash.Bytes(s.seed, session.ID)
		if _, known := s.ids[hash]; !known {
			s.ids[hash] = struct{}{}
			fresh = append(fresh, session)
		}
	}
	if len(fresh) == 0 {
		return pagination("")
	}
	if len(s.ids) > maxUnordered {
		return pagination("")
	}
	p.Sessions = fresh
	return nil
}
