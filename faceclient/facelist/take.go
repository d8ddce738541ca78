package facelist

import (
	"bytes"
	"sort"

	"face_liveness_exporter/faceclient"
)

// take counts a page that came for a range, and reports whether there is more to read. It is called with w.mu held.
func (w *walk) take(one *keyRange, p *faceclient.Page) (more bool, err error) {
	w.result.Pages++
	if w.result.Horizon.IsZero() {
		w.result.Horizon = p.Date.Add(-p.RoundTrip)
	}
	k := &w.knowledge
	listed := len(p.Sessions)
	if listed == 0 {
		if one.unconfirmedEnd {
			k.ShortIsLast = true
			w.result.Proofs++
		}
		w.visit(one, p, 0)
		w.complete(one, 0)
		return false, nil
	}
	last := string(p.Sessions[listed-1].ID)
	if err := w.check(one, p, last); err != nil {
		return false, err
	}
	k.Capped = k.Capped || one.unconfirmedEnd
	k.FullPage = max(k.FullPage, listed)
	inside := len(p.Sessions)
	if one.endKey != "" {
		inside = sort.Search(inside, func(i int) bool { return string(p.Sessions[i].ID) > one.endKey })
	}
	w.visit(one, p, inside)
	if inside < len(p.Sessions) {
		w.complete(one, inside)
		return false, nil
	}
	one.cursor = last
	one.at, _ = position([]byte(last))
	w.points = append(w.points, point{one.at, inside})
	one.unconfirmedEnd = listed < w.limits.PageSize && !k.Capped
	if !one.unconfirmedEnd {
		return true, nil
	}
	switch {
	case w.highest > one.cursor: // another range has gone further
		k.Capped, one.unconfirmedEnd = true, false
		return true, nil
	case k.ShortIsLast && !w.mustGoOn(one):
		if w.lowestEnd == "" || one.cursor < w.lowestEnd {
			w.lowestEnd = one.cursor
		}
		w.complete(one, 0)
		return false, nil
	}
	return true, nil
}

// surelyMore is how many sessions must be expected in a part of the key space to say that there is at least one. Where 20
// are expected, there is none in one of half a billion cases.
const surelyMore = 20

// mustGoOn reports whether there must be sessions between the last id that was read and the end of the range, so that a short
// page is no proof of the end: a service may begin to cap its pages at any time.
func (w *walk) mustGoOn(one *keyRange) bool {
	if !w.allEven || w.seen != nil || one.at <= 0 {
		return false
	}
	expected := w.plan.ExpectedSessions
	if expected == 0 {
		expected = float64(w.visited) / one.at
	}
	return expected*(one.end-one.at) > surelyMore
}

// check refuses a page that does not continue the list, or that makes it too long.
func (w *walk) check(one *keyRange, p *faceclient.Page, last string) error {
	partPages := w.ranges.count() - 1 // a range ends with a page that is not full
	if w.result.Pages > w.limits.MaxPages+partPages {
		return tooLong(w.result.Pages)
	}
	if w.seen != nil {
		return w.seen.filter(p, one.cursor)
	}
	if !ascend(one.cursor, p.Sessions) {
		return errUnordered
	}
	if w.allEven && !even(one.at, p.Sessions) {
		w.allEven = false
		if w.allowance.budget().bounded {
			return errUneven
		}
	}
	w.highest = max(w.highest, last)
	if w.lowestEnd != "" && w.highest > w.lowestEnd {
		return errCapped
	}
	return nil
}

// visit passes the sessions inside the range to the visitor. A walk with a bound may end before the range does. Then the last
// session that was read marks how far the walk got. So the last one of each page is kept back until the next page has come.
func (w *walk) visit(one *keyRange, p *faceclient.Page, inside int) {
	w.release(one)
	batch := Batch{Sessions: p.Sessions[:inside], Date: p.Date, Horizon: w.result.Horizon}
	if w.allowance.budget().bounded && inside > 0 && inside == len(p.Sessions) {
		last := p.Sessions[inside-1]
		last.ID, last.DeviceID = bytes.Clone(last.ID), bytes.Clone(last.DeviceID)
		one.boundary = batch
		one.boundary.Sessions = []faceclient.Session{last}
		batch.Sessions = p.Sessions[:inside-1]
	}
	w.give(batch)
}

// release visits the session that was kept back of a range.
func (w *walk) release(one *keyRange) {
	if len(one.boundary.Sessions) > 0 {
		w.give(one.boundary)
		one.boundary = Batch{}
	}
}

func (w *walk) give(batch Batch) {
	w.visited += len(batch.Sessions)
	w.visitor.Visit(batch)
}

// complete ends a range that was read to its end, with so many sessions since its last point.
func (w *walk) complete(one *keyRange, sessions int) {
	w.release(one)
	one.complete = true
	w.points = append(w.points, point{one.end, sessions})
}
