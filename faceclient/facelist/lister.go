package facelist

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"face_liveness_exporter/faceclient"
)

// Pager gets pages of lists. It is a *faceclient.Client, or a sorted slice in tests.
type Pager interface {
	// Page reads the page that the query asks for into into. It returns the attempts that it made, also with an error. The
	// error is or wraps a *faceclient.Error, or it is or wraps faceclient.ErrNoAttempts.
	Page(ctx context.Context, query faceclient.PageQuery, into *faceclient.Page) (attempts int, err error)
}

// Batch is some of the sessions of a walk, at least one, all from one answer of the service.
type Batch struct {
	Sessions []faceclient.Session // in the order of the answer, good until Visit returns
	Date     time.Time            // the service's clock when it answered: see [faceclient.Page]
	Horizon  time.Time            // the same for all batches of a walk: see [Result]
}

// Visitor takes the sessions of a walk as they come. Its methods are never called by two goroutines at a time.
type Visitor interface {
	// Visit gets every session of the walk once.
	Visit(Batch)
	// Restart says that all that was visited in this walk is void: the walk begins again.
	Restart()
}

// Result describes one pass over the list.
type Result struct {
	Requests int // attempts that were made for it, failed ones included
	Pages    int // answers that came, empty ones included
	Proofs   int // pages that only proved where the list ends; the next walk does not need them
	// Coverage is the share of the key space whose sessions were all visited, above 0 and up to 1. At 1 every listed
	// session was visited; below 1, those at the beginning of the list.
	Coverage float64
	// Horizon is the service's clock when the first request was sent: the first answer's Date less its round trip. What
	// happened before it is in the answers. If the service sends no Date, it is this machine's clock.
	Horizon time.Time
}

// Limits bound a walk.
type Limits struct {
	PageSize          int     // sessions to ask for in one request, 1 to 1000
	MaxPages          int     // that a list may have, 1 or more
	Workers           int     // pages that are asked for at once, 1 or more
	RequestsPerSecond float64 // the rate limit of the requests; 0 is none
}

// Lister walks the list of one operation of a resource. What it learns it keeps for its next walk. It is safe for use by
// many goroutines, but its walks must not overlap.
type Lister struct {
	pager     Pager
	operation faceclient.Operation

	mu        sync.Mutex // guards what follows
	limits    Limits
	knowledge Knowledge
}

// New makes a Lister for an operation.
func New(pager Pager, operation faceclient.Operation, limits Limits) *Lister {
	return &Lister{pager: pager, operation: operation, limits: limits}
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

// The reasons why a walk begins again. The last one wraps what to fail with if that does not help.
var (
	errUnordered = errors.New("ids do not ascend")
	errApart     = errors.New("parts that were read side by side do not add up to a list")
	errUnproved  = errors.New("an answer ends the list, and no other answer confirms it")
)

// maxUnproved is how often a walk begins again because of errUnproved.
const maxUnproved = 4

// Walk lists the sessions and gives them to visitor. It makes at most that many attempts; 0 is no bound. If the list needs
// more, it visits only the sessions at its beginning; or all, beyond the bound, if those say nothing about the rest. The
// Result counts the attempts also with an error. The error is, or wraps, a *faceclient.Error.
func (l *Lister) Walk(ctx context.Context, attempts int, visitor Visitor) (Result, error) {
	l.mu.Lock()
	limits, k := l.limits, l.knowledge
	l.mu.Unlock()
	k.forget(time.Now())
	for used, restarts := 0, 0; ; visitor.Restart() {
		w := &walk{lister: l, limits: limits, visitor: visitor, attempts: attempts, knowledge: k, ascending: true, even: true}
		w.result.Requests, w.knowledge.FullPage = used, 0
		if k.Unordered {
			w.seen, w.attempts = &seen{maphash.MakeSeed(), map[uint64]struct{}{}}, 0
		}
		err := w.run(ctx)
		used, k.noParts = w.result.Requests, w.knowledge.noParts
		switch {
		case errors.Is(err, errUnordered):
			k.Unordered = true
		case errors.Is(err, errApart):
			k.noParts = time.Now().Add(learnedFor)
		case errors.Is(err, errUnproved) && restarts < maxUnproved:
			restarts++
		default:
			k.Unordered = false // it is found again if it is so
			if err == nil {
				k = w.knowledge
			}
			l.mu.Lock()
			l.knowledge = k
			l.mu.Unlock()
			return w.result, err
		}
	}
}
