package faceclient

import (
	"bytes"
	"hash/maphash"
	"math"
	"slices"
)

// take counts a page that came for a span, and tells whether there is more to read. It is called with w.mu held.
func (w *walk) take(s *span, p *page) (more bool, err error) {
	w.result.Pages++
	w.horizon(p.date)
	listed := len(p.sessions)
	if listed == 0 {
		w.found.shortIsLast = w.found.shortIsLast || s.checking
		w.complete(s, 0)
		return false, nil
	}
	last := bytes.Clone(p.sessions[listed-1].ID)
	if err := w.checkPage(s, p, last); err != nil {
		return false, err
	}
	w.found.capped = w.found.capped || s.checking
	w.found.fullPage = max(w.found.fullPage, listed)
	inside := len(p.sessions)
	if s.endKey != "" {
		inside, _ = slices.BinarySearchFunc(p.sessions, s.endKey, func(session Session, end string) int {
			return bytes.Compare(session.ID, []byte(end))
		})
	}
	w.visit(s, p, inside)
	if inside < len(p.sessions) {
		w.complete(s, inside)
		return false, nil
	}
	s.cursor = string(last)
	s.at, _ = position(last)
	w.knots = append(w.knots, knot{s.at, inside})
	s.checking = listed < w.client.options.PageSize && !w.found.capped
	if !s.checking {
		return true, nil
	}
	switch {
	case w.highest > s.cursor: // another span has gone further
		w.found.capped, s.checking = true, false
		return true, nil
	case w.found.shortIsLast && !w.mustGoOn(s):
		if w.lastShort == "" || s.cursor < w.lastShort {
			w.lastShort = s.cursor
		}
		w.complete(s, 0)
		return false, nil
	}
	return true, nil
}

// certain is how many sessions must be expected in a gap for there to be one: by chance a gap of 20 comes once in half a
// billion.
const certain = 20

// mustGoOn tells whether there must be sessions between the last id that was read and the end of the span, so that a short
// page is no proof of the end: a service may begin to cap its pages at any time.
func (w *walk) mustGoOn(s *span) bool {
	sessions := w.perShare
	if sessions == 0 || math.IsInf(sessions, 1) {
		sessions = float64(w.visited) / s.at
	}
	return w.allEven && w.seen == nil && s.at > 0 && sessions*(s.end-s.at) > certain
}

// checkPage refuses a page that does not continue the list, or that makes it too long.
func (w *walk) checkPage(s *span, p *page, last []byte) error {
	partPages := len(w.waiting) + len(w.running) + len(w.done) - 1 // a span ends with a page that is not full
	if w.result.Pages > w.client.options.MaxPages+partPages {
		return tooLong(w.result.Pages, w.client.options.MaxPages)
	}
	if w.seen != nil {
		return w.seen.filter(p, s.cursor)
	}
	if !ascend(s.cursor, p.sessions) {
		return errUnordered
	}
	if w.allEven && !even(s.at, p.sessions) {
		w.allEven = false
		if _, bounded := w.ledger.allowance(); bounded {
			return errUneven
		}
	}
	w.highest = max(w.highest, string(last))
	if w.lastShort != "" && w.highest > w.lastShort {
		return errCapped
	}
	return nil
}

// visit gives the sessions inside the span to the visitor. In a walk that may end before the span does, the last one is
// held back until the next page has come: if none does, it marks the bound.
func (w *walk) visit(s *span, p *page, inside int) {
	w.release(s)
	batch := Batch{Sessions: p.sessions[:inside], Date: p.date, Horizon: w.result.Horizon}
	if _, bounded := w.ledger.allowance(); bounded && inside == len(p.sessions) {
		last := p.sessions[inside-1]
		last.ID, last.DeviceID = bytes.Clone(last.ID), bytes.Clone(last.DeviceID)
		s.held = batch
		s.held.Sessions = []Session{last}
		batch.Sessions = p.sessions[:inside-1]
	}
	w.give(batch)
}

// release visits what was held back of a span.
func (w *walk) release(s *span) {
	w.give(s.held)
	s.held = Batch{}
}

func (w *walk) give(batch Batch) {
	if len(batch.Sessions) > 0 {
		w.visited += len(batch.Sessions)
		w.visitor.Visit(batch)
	}
}

// complete ends a span that was read to its end, with so many sessions since its last knot.
func (w *walk) complete(s *span, sessions int) {
	w.release(s)
	s.complete = true
	w.knots = append(w.knots, knot{s.end, sessions})
}

// ascend tells whether the ids continue after the cursor in strictly ascending byte order.
func ascend(cursor string, sessions []Session) bool {
	before := []byte(cursor)
	for i := range sessions {
		if bytes.Compare(sessions[i].ID, before) <= 0 {
			return false
		}
		before = sessions[i].ID
	}
	return true
}

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
func (s *seen) filter(p *page, cursor string) error {
	s.ascending = s.ascending && ascend(cursor, p.sessions)
	next := maphash.Bytes(s.seed, p.sessions[len(p.sessions)-1].ID)
	if _, again := s.cursors[next]; again {
		return paginationError("a page ends where an earlier one did")
	}
	s.cursors[next] = struct{}{}
	fresh := p.sessions[:0]
	for _, session := range p.sessions {
		hash := maphash.Bytes(s.seed, session.ID)
		if _, known := s.ids[hash]; !known {
			s.ids[hash] = struct{}{}
			fresh = append(fresh, session)
		}
	}
	if len(fresh) == 0 {
		return paginationError("a page brings nothing new")
	}
	p.sessions = fresh
	return nil
}
