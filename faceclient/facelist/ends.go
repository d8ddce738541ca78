package facelist

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"time"

	"face_liveness_exporter/faceclient"
)

// Two rules say where a list ends. Nothing comes after the last id of a page, whose session is still listed: see follow. Or
// a page is shorter than asked for; mustProve says when that needs the first rule as its proof. The functions of this file
// are called with mu held, except for believable.

// mustProve reports whether a short page is no end without a proof: if there was none for a day, and if the list would be a
// tenth shorter than the last one or end before it.
func (w *walk) mustProve(p *part) bool {
	k := &w.knowledge
	shorter := w.expected == 0 && float64(w.visited) < 0.9*k.Sessions
	return k.shortEnds.IsZero() || shorter || p.high < k.last
}

// believable reports whether an empty answer after a short page is proof enough: if random ids may well end there. That n of
// them all lie below x happens in xⁿ of all cases.
func (w *walk) believable(p *part) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return p.proving && w.even && w.seen == nil && math.Pow(p.at, max(w.expected, float64(w.visited))) > 1e-4
}

// complete ends the walk of a part at the end of the list.
func (w *walk) complete(p *part) {
	w.give(p.held)
	w.result.Coverage = 1
	k := &w.knowledge
	if p.proving {
		k.shortEnds = time.Now().Add(learnedFor)
	}
	k.last = p.high
	if w.seen != nil {
		k.last = ""
	}
	k.Unordered, k.Uneven = !w.ascending, !w.even || w.visited >= minEvenness && p.at < 1./8 // they all begin alike
}

// cut ends a walk whose attempts are used up. If ids are random, it has read a sample: the beginning of the list up to the
// position of the last id. Any other list is read to its end: then there is more, and the bound holds no longer.
func (w *walk) cut(p *part, spent error) (more bool, err error) {
	switch {
	case p.cursor == "" && errors.As(spent, new(*faceclient.Error)):
		return false, spent
	case p.cursor == "":
		return false, &faceclient.Error{Code: faceclient.CodePagination, Detail: faceclient.DetailNoAttempts}
	case w.random(p):
		w.result.Coverage = p.at
		return false, nil
	}
	w.attempts = 0
	return true, nil
}

// holdBack splits off the last session of a page in a walk with a bound, which may end with any page. That session marks
// how far a sample has come and is not in it: if the n-th of all ids lies at x, there are about (n-1)/x, and not n/x,
// because what ends exactly at a session looks denser than it is.
func holdBack(batch Batch) (rest, held Batch) {
	rest, held = batch, batch
	n := len(batch.Sessions) - 1
	last := batch.Sessions[n]
	last.ID, last.DeviceID = bytes.Clone(last.ID), bytes.Clone(last.DeviceID)
	rest.Sessions, held.Sessions = batch.Sessions[:n], []faceclient.Session{last}
	return rest, held
}

// maxListed is more sessions than a resource has: the tier S0 lets 10 a second be created, and they are listed for 48 hours.
// If the beginning of a list says that there are more, its ids all begin alike and say nothing about the rest.
const maxListed = 2_000_000

// random reports whether the beginning of the list, up to the last id of the part, says anything about the rest.
func (w *walk) random(p *part) bool {
	listed := float64(w.visited) * surely(w.visited) / p.at
	return w.even && !w.knowledge.Uneven && w.seen == nil && listed <= maxListed
}

// surely is the share of what the position of the n-th of random ids says that is sure: it is 1/√n off, and never 4/√n.
func surely(n int) float64 { return max(0, 1-4/math.Sqrt(float64(n))) }

// tooLong is the error of a list that needs at least so many pages, if it may not take them.
func (w *walk) tooLong(pages int) error {
	if pages <= w.limits.MaxPages {
		return nil
	}
	return fmt.Errorf("list %s: %w", w.lister.operation,
		&faceclient.Error{Code: faceclient.CodePagination, Detail: faceclient.DetailTooManyPages, Pages: pages})
}
