package facelist

import (
	"context"
	"errors"
	"sync"
	"time"

	"face_liveness_exporter/faceclient"
)

// Pager gets pages of lists. It is a *faceclient.Client, or a sorted slice in tests.
type Pager interface {
	// Page reads the page that the query asks for into into, and returns how many attempts were made, also with an error.
	// The error is, or wraps, a *faceclient.Error. It wraps faceclient.ErrNoAttempts if MaxAttempts of the query is used up.
	Page(ctx context.Context, query faceclient.PageQuery, into *faceclient.Page) (attempts int, err error)
}

// Batch is some of the sessions of a walk, all from one answer of the service. There may be none in it.
type Batch struct {
	// Sessions are in the order of the answer. They are good until Visit returns.
	Sessions []faceclient.Session
	// Date is the service's clock when it answered: see [faceclient.Page].
	Date time.Time
	// Horizon is the same for all batches of a walk: see [Result].
	Horizon time.Time
}

// Visitor takes the sessions of a walk as they come.
type Visitor interface {
	// Visit is called for each page that has come, and gets every session of the walk once. Two goroutines never call it
	// at a time.
	Visit(Batch)
	// Restart says that all that was visited in this walk is void: the walk begins again.
	Restart()
}

// Result describes one pass over the list.
type Result struct {
	// Requests is the number of attempts that were made for it, failed ones included.
	Requests int
	// Pages is the number of answers that the sessions came in, empty ones included.
	Pages int
	// Proofs is how many of the pages only proved where the list ends. Later walks do not need them.
	Proofs int
	// Coverage is the share of the key space whose sessions were all visited, above 0 and up to 1. At 1 every listed
	// session was visited; below, those of a random part of the key space.
	Coverage float64
	// Horizon is the service's clock when the walk's first request was sent: the Date of its first answer less the time
	// since then. What happened before it is in the answers. Where the service sends no Date it is this machine's clock.
	Horizon time.Time
}

// Limits bound a walk.
type Limits struct {
	// PageSize is how many sessions to ask for in one request, 1 to 1000.
	PageSize int
	// MaxPages is how many pages a walk may take, 1 or more.
	MaxPages int
	// Workers is how many pages are asked for at once, 1 or more.
	Workers int
}

// Check refuses limits that no walk can keep to. The error names the limit.
func (l Limits) Check() error {
	switch {
	case l.PageSize < 1 || l.PageSize > 1000:
		return errors.New("page size is not 1 to 1000")
	case l.MaxPages < 1 || l.Workers < 1:
		return errors.New("max pages and workers must be above 0")
	}
	return nil
}

// Observer is told of failed walks that no attempt has told of.
type Observer interface {
	// ObserveError is called with the error code of the walk.
	ObserveError(operation faceclient.Operation, code string)
}

// Lister walks the list of one operation of a resource. What it learns it keeps for its next walk. It is safe for use by
// many goroutines, but its walks must not overlap.
type Lister struct {
	pager     Pager
	operation faceclient.Operation
	observer  Observer
	pages     sync.Pool

	mu        sync.Mutex // guards what follows
	limits    Limits
	knowledge Knowledge
}

// New makes a Lister for an operation.
func New(pager Pager, operation faceclient.Operation, limits Limits, observer Observer) *Lister {
	return &Lister{
		pager: pager, operation: operation, limits: limits, observer: observer,
		pages: sync.Pool{New: func() any { return new(faceclient.Page) }},
	}
}

// Apply makes the next walk follow other limits.
func (l *Lister) Apply(limits Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limits = limits
}

// Knowledge is what walks have found out so far.
func (l *Lister) Knowledge() Knowledge {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.knowledge
}

func (l *Lister) learn(k Knowledge) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.knowledge = k
}

// The reasons why a walk has to begin again in another way.
var (
	errUnordered = errors.New("ids do not ascend")
	errUneven    = errors.New("ids are not spread evenly")
	errCapped    = errors.New("a page that was taken for the last one was not")
	// errStartRefused: the service does not take a made-up start.
	errStartRefused = errors.New("a made-up start is refused")
	// errCursorRefused: the service does not take the id of a session for a start. It may have been deleted since.
	errCursorRefused = errors.New("the id of a session is refused as a start")
)

// errTooLong says that a list takes more pages than a walk may.
var errTooLong = errors.New("the list is too long")

// Walk lists the sessions and gives them to visitor. It makes so many attempts, or any number if that is 0. Where the
// list needs more it visits only the sessions of a random part of the key space, unless the list can only be read as a
// whole: then it lifts the bound. The Result counts the attempts in any case. The error is, or wraps, a *faceclient.Error.
func (l *Lister) Walk(ctx context.Context, attempts int, visitor Visitor) (Result, error) {
	allowance := newAllowance(attempts)
	l.mu.Lock()
	limits, k := l.limits, l.knowledge
	l.mu.Unlock()
	k.forget(time.Now())
	for {
		if k.cursorOnly() {
			allowance.lift() // no part of this list says anything of the whole, or none can be chosen
		}
		w := newWalk(l, limits, k, visitor, allowance)
		err := w.run(ctx)
		w.result.Requests = allowance.used
		switch {
		case errors.Is(err, errUnordered):
			k.Unordered = true
		case errors.Is(err, errUneven):
			k.Uneven = true
		case errors.Is(err, errCapped):
			k.Capped, k.ShortIsLast = true, false
		case errors.Is(err, errStartRefused):
			k.MadeUpStart, k.RefusedAt = Refused, time.Now()
		case errors.Is(err, errCursorRefused) && !k.cursorRefused:
			k.cursorRefused = true
		case err != nil:
			l.failed(err, k)
			return w.result, err
		default:
			l.learn(w.knowledge)
			return w.result, nil
		}
		visitor.Restart()
	}
}

// TryStart finds out whether the service takes a made-up start, at the price of one request. The error is, or wraps, a
// *faceclient.Error and leaves that open.
func (l *Lister) TryStart(ctx context.Context) (StartUse, error) {
	l.mu.Lock()
	limits := l.limits
	l.mu.Unlock()
	query := faceclient.PageQuery{Operation: l.operation, Start: key(0.5), Top: limits.PageSize}
	query.MaxAttempts = 1
	_, err := l.pager.Page(ctx, query, new(faceclient.Page))
	k := l.Knowledge()
	switch {
	case err == nil:
		k.MadeUpStart = Taken
	case faceclient.RefusesStart(err):
		k.MadeUpStart, k.RefusedAt = Refused, time.Now()
	default:
		return Untried, err
	}
	l.learn(k)
	return k.MadeUpStart, nil
}

// failed keeps what a failed walk has learned, and tells of it if no attempt has. A list that has grown too long is not
// walked to that point every time.
func (l *Lister) failed(err error, k Knowledge) {
	l.mu.Lock()
	l.knowledge.MadeUpStart, l.knowledge.RefusedAt = k.MadeUpStart, k.RefusedAt
	if errors.Is(err, errTooLong) {
		l.knowledge.Sessions, l.knowledge.points, l.knowledge.tooLong = 0, nil, true
	}
	l.mu.Unlock()
	var failure *faceclient.Error
	if errors.As(err, &failure) && failure.Status == 0 &&
		(failure.Code == faceclient.CodeAuthentication || failure.Code == faceclient.CodePagination) {
		l.observer.ObserveError(l.operation, failure.Code)
	}
}

// page gets room for one answer; it goes back to pages.
func (l *Lister) page() *faceclient.Page { return l.pages.Get().(*faceclient.Page) }
