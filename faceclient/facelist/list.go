package facelist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sort"
	"sync"
	"time"

	"face_liveness_exporter/faceclient"
)

// walk is one pass over the list.
type walk struct {
	lister  *Lister
	limits  Limits
	visitor Visitor

	mu        sync.Mutex // guards what follows; the visitor is called under it
	attempts  int        // that may be made; 0 is no bound
	knowledge Knowledge  // as it will be if the walk succeeds
	result    Result
	waited    time.Duration // for all pages
	read      int           // pages, to their end
	visited   int           // sessions
	seen      *seen         // if ids do not ascend, else nil
	ascending bool          // the ids so far ascend
	even      bool          // the ids so far are random and evenly spread
	expected  float64       // sessions of a list that is read in parts, else 0
}

// part is a stretch of the list that is read from id to id. Usually it is the whole list.
type part struct {
	page    faceclient.Page
	before  string  // the last id but one that was read
	cursor  string  // the last id that was read: the next page comes after it
	high    string  // the last id that was visited: cursor, unless it was deleted
	at      float64 // the position of high
	begun   bool    // its first page has come already
	until   string  // the id with which the next part begins; "" is the end of the list
	proving bool    // the last page was short: does the list end with it?
	held    Batch   // see holdBack
}

// errPagination is the error of pages that do not add up to a list.
var errPagination = &faceclient.Error{Code: faceclient.CodePagination}

// run walks the list once.
func (w *walk) run(ctx context.Context) error {
	p := new(part)
	more, err := w.step(ctx, p)
	if more && w.random(p) {
		err = w.tooLong(int(surely(w.visited) / p.at)) // a page covers so much of the key space
	}
	if more && err == nil {
		more, err = w.sideBySide(ctx, p)
	}
	if more && err == nil {
		err = w.readOn(ctx, p)
	}
	w.knowledge.Sessions = float64(w.visited) / w.result.Coverage
	w.knowledge.roundTrip = w.waited / time.Duration(max(1, w.result.Pages))
	return err
}

// readOn reads a part to its end, page after page.
func (w *walk) readOn(ctx context.Context, p *part) error {
	for {
		if more, err := w.step(ctx, p); err != nil || !more {
			return err
		}
	}
}

// step reads the page after the cursor, whose last id is the next cursor. It reports whether there is more to read.
func (w *walk) step(ctx context.Context, p *part) (more bool, err error) {
	start, found := p.cursor, p.begun
	if p.begun = false; !found {
		start, found, err = w.follow(ctx, p)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case errors.Is(err, faceclient.ErrNoAttempts):
		return w.cut(p, err)
	case err != nil:
		return false, err
	case found:
		return w.take(p, start)
	case p.until != "":
		return false, errApart // it did not come to the session that the next part began with
	}
	w.complete(p)
	return false, nil
}

// follow asks for the page after the cursor, and returns the start that brought it. It is not found at the end of the list.
// The session of the cursor may have been deleted since it was read. A service may then answer with nothing, or from the
// beginning, or refuse the start. None of these is believed before the last id but one was asked for as well.
func (w *walk) follow(ctx context.Context, p *part) (start string, found bool, err error) {
	doubt := w.ask(ctx, p, p.cursor)
	last := len(p.page.Sessions) - 1
	switch {
	case doubt != nil && !isDoubt(doubt, p.cursor):
		return "", false, doubt
	case doubt == nil && (last >= 0 || p.cursor == "" || w.believable(p)):
		return p.cursor, last >= 0, nil
	}
	err = w.ask(ctx, p, p.before)
	last = len(p.page.Sessions) - 1
	switch {
	case err != nil && !isDoubt(err, p.before):
		return "", false, err
	case err != nil || last < 0 && p.before != "":
		return "", false, fmt.Errorf("%w: %w", errUnproved, cmp.Or[error](doubt, errPagination))
	case last >= 0 && string(p.page.Sessions[last].ID) == p.cursor:
		return "", false, doubt // the session is still listed, so that what the service said of it is true
	}
	return p.before, last >= 0, nil
}

// isDoubt reports whether a request may have failed because of its start alone.
func isDoubt(err error, start string) bool {
	return start != "" && (faceclient.RefusesStart(err) || errors.Is(err, errUnordered))
}

// ask reads the page after an id, or the first page after "". The error is errUnordered if it does not begin after the id.
func (w *walk) ask(ctx context.Context, p *part, start string) error {
	query := faceclient.PageQuery{Operation: w.lister.operation, Start: start, Top: w.limits.PageSize}
	w.mu.Lock()
	bounded, left := w.attempts > 0, w.attempts-w.result.Requests
	w.mu.Unlock()
	if bounded {
		if query.MaxAttempts = left; left <= 0 {
			return faceclient.ErrNoAttempts
		}
	}
	attempts, err := w.lister.pager.Page(ctx, query, &p.page)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.result.Requests += attempts
	if err != nil {
		return fmt.Errorf("list %s: %w", w.lister.operation, err)
	}
	w.result.Pages++
	if p.proving {
		w.result.Proofs++
	}
	w.waited += p.page.RoundTrip
	if w.result.Horizon.IsZero() {
		w.result.Horizon = p.page.Date.Add(-p.page.RoundTrip)
	}
	if sessions := p.page.Sessions; len(sessions) > 0 && w.seen == nil && string(sessions[0].ID) <= start {
		return errUnordered
	}
	return nil
}

// take counts the page that came after start, and reports whether there is more to read. The caller holds mu.
func (w *walk) take(p *part, start string) (more bool, err error) {
	listed, before, last := len(p.page.Sessions), start, string(p.page.Sessions[len(p.page.Sessions)-1].ID)
	if listed > 1 {
		before = string(p.page.Sessions[listed-2].ID)
	}
	fresh, err := w.fresh(p, start)
	if err != nil {
		return false, err
	}
	inside := len(fresh)
	if p.until != "" {
		inside = sort.Search(inside, func(i int) bool { return string(fresh[i].ID) >= p.until })
	}
	w.visit(p, fresh[:inside])
	if inside < len(fresh) {
		return false, nil // the next part has the rest
	}
	if p.proving && len(fresh) > 0 || p.until != "" && listed < w.limits.PageSize {
		w.knowledge.goesOn()
	}
	p.before, p.cursor, p.proving = before, last, false
	w.read, w.knowledge.FullPage = w.read+1, max(w.knowledge.FullPage, listed)
	if listed < w.limits.PageSize && !w.knowledge.Capped {
		if p.proving = w.mustProve(p); !p.proving {
			w.complete(p)
			return false, nil
		}
	}
	err = w.tooLong(w.read)
	return err == nil, err
}

// fresh returns those sessions of the page after start that were not visited yet. The caller holds mu.
func (w *walk) fresh(p *part, start string) ([]faceclient.Session, error) {
	sessions := p.page.Sessions
	w.ascending = w.ascending && ascend(start, sessions)
	switch {
	case w.seen != nil:
		return w.seen.fresh(sessions, start != p.cursor)
	case !w.ascending:
		return nil, errUnordered
	}
	sessions = sessions[sort.Search(len(sessions), func(i int) bool { return string(sessions[i].ID) > p.high }):]
	w.even = w.even && even(p.at, sessions)
	return sessions, nil
}

// visit passes sessions of the page on. The caller holds mu.
func (w *walk) visit(p *part, sessions []faceclient.Session) {
	if len(sessions) == 0 {
		return
	}
	last := sessions[len(sessions)-1].ID
	p.high = string(last)
	p.at, _ = position(last)
	w.give(p.held)
	batch := Batch{Sessions: sessions, Date: p.page.Date, Horizon: w.result.Horizon}
	p.held = Batch{}
	if w.attempts > 0 {
		batch, p.held = holdBack(batch)
	}
	w.give(batch)
}

// give calls the visitor. The caller holds mu.
func (w *walk) give(batch Batch) {
	w.visited += len(batch.Sessions)
	if len(batch.Sessions) > 0 {
		w.visitor.Visit(batch)
	}
}
