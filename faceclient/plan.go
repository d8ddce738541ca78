package faceclient

import (
	"math"
	"math/rand/v2"
	"slices"
)

const (
	// slack is the share by which a list may grow between two walks without a page more than planned.
	slack = 0.01
	// fewPages is the length up to which a list is read page by page: dividing it would cost more than it saves.
	fewPages = 2
	// fewFirstPages is the same where nothing is known of the list but its first page, and firstSpanPages the least
	// length of a part of a longer one: a part ends with a page that is on average half full.
	fewFirstPages  = 32
	firstSpanPages = 8
	// worthTaking is how many pages must be left of a span for an idle worker to take part of them.
	worthTaking = 3
)

// span is a part of the key space that one worker walks.
type span struct {
	cursor string  // the next page comes after it
	from   float64 // where the span begins
	at     float64 // the position of the last id that was read
	end    float64 // where it ends; 1 is the list's end
	endKey string  // the key of end, "" for the list's end
	quota  int     // pages that it may still read; below 0 is no bound
	then   *span   // what follows past the list's end, for a span that wraps around

	checking bool  // the last page was short, and is the list's end if the next one is empty
	complete bool  // read to its end
	held     Batch // the last session of the last page where it is not visited yet: see walk.visit
}

func newSpan(from, end float64, quota int) *span {
	return &span{cursor: key(from), from: from, at: from, end: end, endKey: key(end), quota: quota}
}

// covered is the share of the key space that was read. A span that was not read to its end ends at the last id that was
// read, whose session marks the bound and is not counted.
func (s *span) covered() float64 {
	if s.complete {
		return s.end - s.from
	}
	return s.at - s.from
}

const noQuota = -1

// plan divides the key space by what earlier walks have found. Where nothing is known, or where dividing is of no use,
// there is one span.
func (w *walk) plan() {
	whole := []*span{newSpan(0, 1, noQuota)}
	w.waiting = whole
	if w.found.unordered {
		w.seen = newSeen()
	}
	if w.found.unordered || w.found.uneven {
		w.ledger.lift() // no part of this list says anything of the whole
		w.perShare = math.Inf(1)
		return
	}
	sessions := w.found.sessions
	if sessions == 0 || w.pagesNeeded(sessions) > w.client.options.MaxPages { // which may have been lowered
		return
	}
	w.perShare = sessions
	pages := w.pagesNeeded(sessions * (1 + slack))
	if left, bounded := w.ledger.allowance(); bounded && pages > left {
		w.planPart(left)
		return
	}
	workers := w.client.options.MaxConcurrentRequests
	if pages <= fewPages || workers == 1 {
		return
	}
	// Each span is as many whole pages as a worker must read, less an even share of what the last page leaves free.
	perSpan := math.Ceil(float64(pages) / float64(workers))
	w.waiting = spansBetween(0, cuts(w.knotsOrEven(), perSpan*sessions/float64(pages)))
}

// knotsOrEven are the last walk's knots, or those of an even list.
func (w *walk) knotsOrEven() []knot {
	if w.found.knots != nil {
		return w.found.knots
	}
	return []knot{{position: 1, sessions: int(w.found.sessions)}}
}

func spansBetween(from float64, at []float64) []*span {
	var spans []*span
	for _, end := range append(at, 1) {
		spans = append(spans, newSpan(from, end, noQuota))
		from = end
	}
	return spans
}

// divideRest divides what comes after the first page of a list of unknown size.
func (w *walk) divideRest(first *span) error {
	w.waiting = []*span{first}
	if !w.allEven {
		if _, bounded := w.ledger.allowance(); bounded {
			return errUneven
		}
		return nil
	}
	if w.found.capped || first.checking || first.at <= 0 {
		return nil
	}
	w.perShare = float64(w.visited) / first.at
	pages := w.perShare / w.pageSize()
	atLeast := pages
	if !w.found.tooLong {
		// The position of the last of n random ids is 1/√n uncertain; four times that is certain.
		atLeast *= 1 - 4/math.Sqrt(w.pageSize())
	}
	if int(atLeast) > w.client.options.MaxPages {
		return tooLong(int(atLeast), w.client.options.MaxPages)
	}
	left, bounded := w.ledger.allowance()
	n, quota := min(w.client.options.MaxConcurrentRequests, int(pages/firstSpanPages)), noQuota
	if bounded && w.pagesNeeded(w.perShare)-1 > left {
		w.partial = true
		n, quota = min(w.client.options.MaxConcurrentRequests, max(1, left)), left
	} else if pages < fewFirstPages || n < 2 {
		return nil
	}
	w.waiting = parts(first.at, 1, n, quota)
	next := w.waiting[0]
	first.quota, first.end, first.endKey = next.quota, next.end, next.endKey
	w.waiting[0] = first
	return nil
}

func tooLong(needed, bound int) *Error {
	failure := paginationError("the list needs at least %d pages, and api.max_pages is %d", needed, bound)
	failure.cause = errTooLong
	return failure
}

// parts divides the key space between two positions evenly. The quota is shared out, unless it is noQuota.
func parts(from, to float64, n, quota int) []*span {
	spans := make([]*span, n)
	at := func(i int) float64 { return onGrid(from + (to-from)*float64(i)/float64(n)) }
	for i := range spans {
		share := noQuota
		if quota != noQuota {
			share = (i+1)*quota/n - i*quota/n
		}
		spans[i] = newSpan(at(i), at(i+1), share)
	}
	return spans
}

// planPart plans to read a part of the list with so many requests: side by side from places that are evenly apart, the
// first of them random, the last one past the list's end to the first. With one request it starts at the list's begin,
// because a page that hits the list's end would be all there is.
func (w *walk) planPart(requests int) {
	w.partial = true
	if requests < 2 {
		w.waiting = []*span{newSpan(0, 1, requests)}
		return
	}
	n := min(w.client.options.MaxConcurrentRequests, requests)
	begin := onGrid((1 - rand.Float64()) / float64(n)) // above 0
	w.waiting = parts(begin, 1+begin, n, requests)
	last := w.waiting[n-1]
	last.end = 1 // and from there on to begin
	last.then = newSpan(0, begin, 0)
}

// next gives a worker a span: one that waits, or else a part of the one that has most left.
func (w *walk) next() *span {
	w.mu.Lock()
	defer w.mu.Unlock()
	var s *span
	if len(w.waiting) > 0 {
		s, w.waiting = w.waiting[0], w.waiting[1:]
	} else if s = w.takeOver(); s == nil {
		return nil
	}
	w.running = append(w.running, s)
	return s
}

// takeOver cuts the span that has most left in two and returns the second part, nil where no span has enough.
func (w *walk) takeOver() *span {
	if w.partial || w.seen != nil || math.IsInf(w.perShare, 1) || len(w.running) == 0 {
		return nil
	}
	var slowest *span
	for _, s := range w.running {
		// One that is complete stays here until its worker has put it aside.
		if !s.complete && (slowest == nil || s.end-s.at > slowest.end-slowest.at) {
			slowest = s
		}
	}
	if slowest == nil {
		return nil
	}
	perPage := w.pageSize() / w.perShare
	left := (slowest.end - slowest.at) / perPage
	if left <= worthTaking {
		return nil
	}
	keep := 1 + math.Floor((left-1)/2) // the page under way and half of what comes after it
	cut := onGrid(slowest.at + keep*perPage*(1-slack))
	taken := newSpan(cut, slowest.end, noQuota)
	slowest.end, slowest.endKey = cut, taken.cursor
	return taken
}

// retire puts a span that is not walked any more aside. What follows it past the list's end is walked with what it has
// left.
func (w *walk) retire(s *span) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = slices.DeleteFunc(w.running, func(other *span) bool { return other == s })
	w.done = append(w.done, s)
	if s.then != nil && s.complete && s.quota > 0 {
		s.then.quota = s.quota
		w.waiting = append(w.waiting, s.then)
	}
}
