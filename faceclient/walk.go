package faceclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"sync"
)

// Lister walks the list of one operation of a resource. What it learns of the service's ways it keeps for its next
// walk. Walks of one Lister must not overlap.
type Lister struct {
	client    *Client
	operation Operation

	mu   sync.Mutex // guards ways
	ways ways
}

// ways are what walks have found out about a service.
type ways struct {
	// shortIsLast: a page shorter than asked for was seen to be the last one.
	shortIsLast bool
	// capped: a page shorter than asked for was seen not to be the last one.
	capped bool
	// unordered: ids were seen that do not ascend.
	unordered bool
}

// Lister makes a Lister for an operation.
func (c *Client) Lister(operation Operation) *Lister {
	return &Lister{client: c, operation: operation}
}

// Fingerprint changes when the credential's secret does.
func (l *Lister) Fingerprint() string { return l.client.Fingerprint() }

// errUnordered says that a page does not continue in ascending order after its cursor.
var errUnordered = errors.New("ids do not ascend")

// Walk lists all sessions and gives them to visitor. It returns when the last page was visited or when one could not be
// had; the error is, or wraps, an *Error.
func (l *Lister) Walk(ctx context.Context, visitor Visitor) (Walk, error) {
	l.mu.Lock()
	found := l.ways
	l.mu.Unlock()
	walk, err := l.walkPages(ctx, &found, visitor)
	if errors.Is(err, errUnordered) {
		found.unordered = true
		visitor.Restart()
		walk, err = l.walkPages(ctx, &found, visitor)
	}
	if err != nil {
		var failure *Error
		if errors.As(err, &failure) && failure.Status == 0 && (failure.Code == CodeAuthentication || failure.Code == CodePagination) {
			l.client.options.Observer.ObserveError(l.operation, failure.Code) // no attempt has told it
		}
		return walk, err
	}
	l.mu.Lock()
	l.ways = found
	l.mu.Unlock()
	return walk, nil
}

// walkPages goes page by page, each from the last id of the one before, to the list's end.
func (l *Lister) walkPages(ctx context.Context, found *ways, visitor Visitor) (Walk, error) {
	p := l.client.pages.Get().(*page)
	defer l.client.pages.Put(p)
	var (
		walk     = Walk{Coverage: 1}
		top      = l.client.options.PageSize
		cursor   []byte
		checking bool // the last page was short, and is the last one if this one is empty
		memory   *seen
	)
	if found.unordered {
		memory = newSeen()
	}
	for {
		if err := l.client.fetch(ctx, l.operation, string(cursor), top, p); err != nil {
			return walk, fmt.Errorf("list page %d of %s: %w", walk.Pages+1, l.operation, err)
		}
		walk.Pages++
		listed := len(p.sessions)
		if listed == 0 {
			found.shortIsLast = found.shortIsLast || checking
			found.unordered = memory != nil && !memory.ascending
			return walk, nil
		}
		if needed := l.pagesNeeded(walk.Pages, listed >= top || found.capped, p.sessions); needed > l.client.options.MaxPages {
			return walk, paginationError(fmt.Sprintf("the list needs about %d pages, and api.max_pages is %d", needed, l.client.options.MaxPages))
		}
		last := bytes.Clone(p.sessions[listed-1].ID)
		switch {
		case memory != nil:
			if err := memory.filter(p, cursor); err != nil {
				return walk, err
			}
		case !ascend(cursor, p.sessions):
			return walk, errUnordered
		}
		visitor.Visit(Batch{Sessions: p.sessions, Date: p.date})
		cursor = last
		found.capped = found.capped || checking
		checking = listed < top && !found.capped
		if checking && found.shortIsLast {
			found.unordered = memory != nil && !memory.ascending
			return walk, nil
		}
	}
}

// pagesNeeded estimates from the first page how many the list takes, so that one that is too long costs one request and
// not max_pages; later it is what was read. The estimate is the lower end of four standard errors.
func (l *Lister) pagesNeeded(read int, full bool, sessions []Session) int {
	share, random := position(sessions[len(sessions)-1].ID)
	if read > 1 || !full || !random || share == 0 {
		return read
	}
	certain := 1 - 4/math.Sqrt(float64(len(sessions)))
	return max(read, int(certain/share))
}

func paginationError(message string) *Error {
	return &Error{Code: CodePagination, Message: message}
}

// ascend tells whether the ids continue after the cursor in strictly ascending byte order.
func ascend(cursor []byte, sessions []Session) bool {
	for i := range sessions {
		if bytes.Compare(sessions[i].ID, cursor) <= 0 {
			return false
		}
		cursor = sessions[i].ID
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
func (s *seen) filter(p *page, cursor []byte) error {
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
