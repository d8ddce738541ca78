package faceclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Lister walks the list of one operation of a resource. What it learns of the list and of the service's ways it keeps
// for its next walk. Walks of one Lister must not overlap.
type Lister struct {
	client    *Client
	operation Operation

	mu   sync.Mutex // guards last
	last memory
}

// memory is what walks have found out.
type memory struct {
	// shortIsLast: a page shorter than asked for was seen to be the last one.
	shortIsLast bool
	// capped: a page shorter than asked for was seen not to be the last one.
	capped bool
	// fullPage is the size of the largest page that was seen of a service that caps them.
	fullPage int
	// unordered: ids were seen that do not ascend in byte order.
	unordered bool
	// uneven: ids were seen that are not spread evenly over the key space, so that a part says nothing of the whole.
	uneven bool
	// sessions is how many the last walk found or estimated, and knots where it found them if it found all.
	sessions float64
	knots    []knot
	// tooLong: the last walk was longer than it may be, so that the next one's first page is believed.
	tooLong bool
}

// Lister makes a Lister for an operation.
func (c *Client) Lister(operation Operation) *Lister {
	return &Lister{client: c, operation: operation}
}

// Fingerprint changes when the credential's secret does.
func (l *Lister) Fingerprint() string { return l.client.Fingerprint() }

// Inherit takes over what another Lister has learned of the same list.
func (l *Lister) Inherit(from *Lister) {
	from.mu.Lock()
	last := from.last
	from.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = last
}

var (
	// errUnordered says that a page does not continue in ascending order after its cursor.
	errUnordered = errors.New("ids do not ascend")
	// errUneven says that a part of the list says nothing of the whole.
	errUneven = errors.New("ids are not spread evenly")
	// errCapped says that a page that was taken for the last one was not.
	errCapped = errors.New("pages are shorter than asked for")
	// errTooLong says that a list takes more pages than a walk may.
	errTooLong = errors.New("the list is too long")
)

// Walk lists the sessions and gives them to visitor. With maxRequests above 0 it makes no more attempts than that, and
// where the list needs more it visits only the sessions of a random part of the key space, unless ids are not random:
// then it lists them all, whatever it costs. The Walk counts the attempts in any case; the error is, or wraps, an *Error.
func (l *Lister) Walk(ctx context.Context, maxRequests int, visitor Visitor) (Walk, error) {
	l.mu.Lock()
	found := l.last
	l.mu.Unlock()
	ledger := &ledger{bounded: maxRequests > 0, left: maxRequests}
	for {
		w := &walk{lister: l, client: l.client, visitor: visitor, ledger: ledger, found: found}
		err := w.run(ctx)
		result := w.result
		result.Requests = ledger.attempts()
		switch {
		case errors.Is(err, errUnordered):
			found.unordered = true
		case errors.Is(err, errUneven):
			found.uneven = true
		case errors.Is(err, errCapped):
			found.capped, found.shortIsLast = true, false
		case err != nil:
			l.failed(err)
			return result, err
		default:
			l.mu.Lock()
			l.last = w.found
			l.mu.Unlock()
			return result, nil
		}
		visitor.Restart()
	}
}

// failed tells of a failed walk that no attempt has told of. A list that has grown too long is not walked to that point
// every time.
func (l *Lister) failed(err error) {
	if errors.Is(err, errTooLong) {
		l.mu.Lock()
		l.last.sessions, l.last.knots, l.last.tooLong = 0, nil, true
		l.mu.Unlock()
	}
	var failure *Error
	if errors.As(err, &failure) && failure.Status == 0 && (failure.Code == CodeAuthentication || failure.Code == CodePagination) {
		l.client.options.Observer.ObserveError(l.operation, failure.Code)
	}
}

func paginationError(format string, arguments ...any) *Error {
	return &Error{Code: CodePagination, Message: fmt.Sprintf(format, arguments...)}
}

// walk is one walk under way.
type walk struct {
	lister  *Lister
	client  *Client
	visitor Visitor
	ledger  *ledger

	mu      sync.Mutex // guards what follows and every span; the visitor is called under it
	found   memory
	result  Walk
	waiting []*span
	running []*span
	done    []*span
	// partial: spans have quotas and the walk stops short of the whole list.
	partial bool
	// perShare is the estimated number of sessions in the whole key space, 0 where it is not known.
	perShare float64
	allEven  bool
	visited  int
	failure  error // of the request that used up the allowance
	knots    []knot
	// highest is the highest id seen, and lastShort the lowest id that a page which was taken for the last one ended with.
	highest, lastShort string
	seen               *seen // where ids do not ascend
}

// run walks the list once. It returns one of the err variables where it has to be walked again in another way.
func (w *walk) run(ctx context.Context) error {
	w.allEven = true
	w.plan()
	if w.perShare == 0 {
		// The size is not known, so one page is read before the rest is divided.
		first := w.next()
		p := w.client.page()
		defer w.client.pages.Put(p)
		more, err := w.step(ctx, ctx, first, p)
		if err != nil {
			return err
		}
		w.running = nil
		if more {
			if err := w.divideRest(first); err != nil {
				return err
			}
		} else {
			w.done = append(w.done, first)
		}
	}
	group, wanted := errgroup.WithContext(ctx)
	for range min(w.client.options.MaxConcurrentRequests, len(w.waiting)) {
		group.Go(func() error { return w.work(ctx, wanted) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return w.finish()
}

// work walks spans until none is left, nor a part of one that is worth taking over, or until no page is wanted any more
// because another worker has failed.
func (w *walk) work(ctx, wanted context.Context) error {
	p := w.client.page()
	defer w.client.pages.Put(p)
	for s := w.next(); s != nil; s = w.next() {
		for more := true; more; {
			var err error
			if more, err = w.step(ctx, wanted, s, p); err != nil {
				return err
			}
		}
		w.retire(s)
	}
	return nil
}

// step reads the next page of a span and tells whether there is more to read.
func (w *walk) step(ctx, wanted context.Context, s *span, p *page) (more bool, err error) {
	w.mu.Lock()
	cursor := s.cursor
	more = s.quota != 0
	s.quota--
	w.mu.Unlock()
	if !more {
		return false, nil
	}
	err = w.client.fetch(ctx, wanted, w.lister.operation, cursor, w.ledger, p)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case errors.Is(err, errAllowance):
		if failure := new(Error); errors.As(err, &failure) {
			w.failure = err
		}
		return false, nil
	case err != nil:
		return false, fmt.Errorf("list %s: %w", w.lister.operation, err)
	}
	return w.take(s, p)
}

// finish sums up what the spans have covered.
func (w *walk) finish() error {
	bounded := false
	for _, s := range w.done {
		w.result.Coverage += s.covered()
		// Spans that ended with a full page are bounded by the sessions they ended with. Together they are one sample whose
		// size was settled beforehand, and one session too large: leaving out each span's last would be too many.
		if !s.complete && bounded {
			w.release(s)
		}
		bounded = bounded || len(s.held.Sessions) > 0
	}
	if w.result.Coverage > 1-1e-9 { // a sum of many shares
		w.result.Coverage = 1
	}
	if w.result.Coverage <= 0 {
		return cmp.Or(w.failure, error(paginationError("the list has to be walked again, and no request is left for it")))
	}
	w.found.sessions = float64(w.visited) / w.result.Coverage
	w.found.knots = nil
	if w.result.Coverage == 1 {
		slices.SortFunc(w.knots, func(a, b knot) int { return cmp.Compare(a.position, b.position) })
		w.found.knots = w.knots
	}
	w.found.tooLong = false
	w.found.uneven = !w.allEven
	w.found.unordered = w.seen != nil && !w.seen.ascending
	return nil
}

// pageSize is how many sessions a full page of this service has.
func (w *walk) pageSize() float64 {
	if w.found.capped && w.found.fullPage > 0 {
		return float64(w.found.fullPage)
	}
	return float64(w.client.options.PageSize)
}

// horizon notes the service's clock at the first answer.
func (w *walk) horizon(date time.Time) {
	if w.result.Horizon.IsZero() {
		w.result.Horizon = date.Add(-w.ledger.sinceFirst())
	}
}

// pagesNeeded is how many pages so many sessions take at least.
func (w *walk) pagesNeeded(sessions float64) int {
	return int(math.Ceil(sessions / w.pageSize()))
}
