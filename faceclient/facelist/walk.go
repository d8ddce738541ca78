package facelist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"face_liveness_exporter/faceclient"
)

// walk is one pass over the list.
type walk struct {
	lister    *Lister
	limits    Limits
	visitor   Visitor
	allowance *allowance
	seen      *seen // where ids do not ascend; nil elsewhere

	mu        sync.Mutex // guards what follows, and every range; the visitor is called under it
	knowledge Knowledge  // as it will be if the walk succeeds
	result    Result
	plan      Plan
	ranges    ranges
	allEven   bool
	visited   int
	stopped   bool
	failure   error // of the request that used up the allowance
	points    []point
	highest   string // id that was seen
	lowestEnd string // lowest last id of a short page that was taken for the list's last one: no session may come after it
	trial     *trial // of a made-up start; nil before the first
}

// trial is the first page after a made-up start. The other workers wait for it, so that a service that takes none
// refuses one request and not one of each worker.
type trial struct {
	ended chan struct{} // closed once err is set
	err   error
}

func newWalk(l *Lister, limits Limits, k Knowledge, visitor Visitor, allowance *allowance) *walk {
	w := &walk{lister: l, limits: limits, visitor: visitor, allowance: allowance, knowledge: k, allEven: true}
	if k.Unordered {
		w.seen = newSeen()
	}
	w.plan = planFor(k, limits, w.allowance.budget(), rand.Float64())
	w.ranges.waiting = w.plan.ranges
	return w
}

// run walks the list once. It returns one of the restart errors where that has to be done again in another way.
func (w *walk) run(ctx context.Context) error {
	if w.plan.Mode == Discover {
		if err := w.discover(ctx); err != nil {
			return err
		}
	}
	var group errgroup.Group
	for range min(w.limits.Workers, len(w.ranges.waiting)) {
		group.Go(func() error {
			err := w.work(ctx)
			if err != nil {
				w.mu.Lock()
				w.stopped = true // no page of this walk is wanted any more
				w.mu.Unlock()
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return w.finish()
}

// discover reads one page and plans the rest by it.
func (w *walk) discover(ctx context.Context) error {
	p := w.lister.page()
	defer w.lister.pages.Put(p)
	first := w.ranges.next()
	more, err := w.step(ctx, first, p)
	switch {
	case err != nil:
		return err
	case !more:
		w.ranges.retire(first)
		return nil
	}
	w.plan, err = planRest(w.knowledge, w.limits, w.allowance.budget(), first, w.visited, w.allEven)
	if err != nil {
		return err
	}
	w.ranges = ranges{waiting: w.plan.ranges}
	return nil
}

// work reads ranges until none is left, nor a part of one that is worth stealing.
func (w *walk) work(ctx context.Context) error {
	p := w.lister.page()
	defer w.lister.pages.Put(p)
	for one := w.next(); one != nil; one = w.next() {
		for more := true; more; {
			var err error
			if more, err = w.tried(ctx, one, p); err != nil {
				return err
			}
		}
		w.mu.Lock()
		w.ranges.retire(one)
		w.mu.Unlock()
	}
	return nil
}

// tried is step, but waits where it needs a made-up start and another worker tries the first one.
func (w *walk) tried(ctx context.Context, one *keyRange, p *faceclient.Page) (more bool, err error) {
	w.mu.Lock()
	known, first := !one.madeUpStart() || w.knowledge.MadeUpStart == Taken, w.trial == nil
	if !known && first {
		w.trial = &trial{ended: make(chan struct{})}
	}
	w.mu.Unlock()
	switch {
	case known:
		return w.step(ctx, one, p)
	case first:
		more, err = w.step(ctx, one, p)
		w.trial.err = err
		close(w.trial.ended)
		return more, err
	}
	<-w.trial.ended // it ends when ctx does
	if w.trial.err != nil {
		return false, w.trial.err
	}
	return w.step(ctx, one, p)
}

// next returns a range for a worker to read, and nil if there is nothing left to do.
func (w *walk) next() *keyRange {
	w.mu.Lock()
	defer w.mu.Unlock()
	if waiting := w.ranges.next(); waiting != nil {
		return waiting
	}
	if w.plan.Mode != Exact || w.plan.ExpectedSessions == 0 || w.knowledge.MadeUpStart != Taken {
		return nil
	}
	return w.ranges.steal(w.knowledge.pageSize(w.limits) / w.plan.ExpectedSessions)
}

// step reads the next page of a range and reports whether there is more to read.
func (w *walk) step(ctx context.Context, one *keyRange, p *faceclient.Page) (more bool, err error) {
	w.mu.Lock()
	cursor, madeUp := one.cursor, one.madeUpStart()
	if w.plan.Mode == Sample {
		more = one.quota > 0
		one.quota--
	} else {
		more = true
	}
	stopped := w.stopped
	w.mu.Unlock()
	if !more || stopped {
		return false, nil
	}
	query := faceclient.PageQuery{Operation: w.lister.operation, Start: cursor, Top: w.limits.PageSize}
	err = faceclient.ErrNoAttempts
	for taken, some := w.allowance.take(); some && errors.Is(err, faceclient.ErrNoAttempts); {
		var attempts int
		query.MaxAttempts = taken
		attempts, err = w.lister.pager.Page(ctx, query, p)
		w.allowance.book(taken, attempts)
		if errors.Is(err, faceclient.ErrNoAttempts) {
			taken, some = w.allowance.take()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case errors.Is(err, faceclient.ErrNoAttempts):
		if failure := new(faceclient.Error); errors.As(err, &failure) {
			w.failure = err
		}
		return false, nil
	case err != nil && faceclient.RefusesStart(err) && madeUp:
		return false, errStartRefused
	case err != nil && faceclient.RefusesStart(err) && cursor != "":
		return false, fmt.Errorf("list %s: %w: %w", w.lister.operation, errCursorRefused, err)
	case err != nil:
		return false, fmt.Errorf("list %s: %w", w.lister.operation, err)
	case madeUp:
		w.knowledge.MadeUpStart = Taken
	}
	return w.take(one, p)
}

// finish sums up what the ranges have covered.
func (w *walk) finish() error {
	boundaries := false
	for _, one := range w.ranges.done {
		w.result.Coverage += one.covered()
		// How many sessions a sample reads is known before it begins, so that it ends exactly at a session. That makes it look
		// denser than the list is: n sessions count as n-1. One boundary session is left out for that. The others count.
		if !one.complete && boundaries {
			w.release(one)
		}
		boundaries = boundaries || len(one.boundary.Sessions) > 0
	}
	if w.result.Coverage > 1-1e-9 { // a sum of many shares
		w.result.Coverage = 1
	}
	if w.result.Coverage <= 0 {
		return cmp.Or(w.failure, pagination(faceclient.DetailNoAttempts))
	}
	k := &w.knowledge
	k.Sessions = float64(w.visited) / w.result.Coverage
	k.points = nil
	if w.result.Coverage == 1 {
		slices.SortFunc(w.points, func(a, b point) int { return cmp.Compare(a.position, b.position) })
		k.points = w.points
	}
	k.tooLong, k.cursorRefused = false, false
	k.Uneven = !w.allEven
	k.Unordered = w.seen != nil && !w.seen.ascending
	return nil
}

// pagination is the error of pages that do not add up to a list.
func pagination(detail faceclient.Detail) error {
	return &faceclient.Error{Code: faceclient.CodePagination, Detail: detail}
}

// tooLong is the error of a list that needs at least so many pages, and may not take them.
func tooLong(needed int) error {
	return fmt.Errorf("%w: %w", errTooLong, &faceclient.Error{
		Code: faceclient.CodePagination, Detail: faceclient.DetailTooManyPages, Pages: needed,
	})
}
