package facelist

import (
	"context"
	"errors"
	"math"
	"time"

	"golang.org/x/sync/errgroup"
)

// minPartPages is the minimum length of a part: each ends with a page of which about half is of no use.
const minPartPages = 8

// parts is in how many parts the rest of the list is worth reading: no more than the rate limit and the latency of the
// service let be under way at once. Below 2 it is read from id to id.
func (w *walk) parts(first *part) int {
	k := &w.knowledge
	if w.attempts > 0 || !w.random(first) || first.proving || !k.noParts.IsZero() {
		return 0
	}
	n := min(float64(w.limits.Workers), 1/first.at/minPartPages)
	if rate := w.limits.RequestsPerSecond; rate > 0 {
		latency := k.roundTrip
		if latency == 0 {
			latency = first.page.RoundTrip
		}
		n = min(n, math.Ceil(rate*latency.Seconds()))
	}
	return int(n)
}

// sideBySide reads the rest of the list in parts of the key space, each by a worker, if that is worth it. Only the first
// start of a part is made up. It does not matter where exactly its answer begins, because the part before reads up to that
// very session. If more is true, the list has to be read from id to id instead.
func (w *walk) sideBySide(ctx context.Context, first *part) (more bool, err error) {
	n := w.parts(first)
	if n < 2 {
		return true, nil
	}
	parts, err := w.divide(ctx, first, n)
	switch {
	case errors.Is(err, errApart):
		w.knowledge.noParts, first.until = time.Now().Add(learnedFor), ""
		return true, nil
	case err != nil:
		return false, err
	}
	w.expected = float64(w.visited) / first.at
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range parts {
		group.Go(func() error { return w.readOn(ctx, p) })
	}
	err = group.Wait()
	far := math.Abs(float64(w.visited)-w.expected) > w.expected/2
	if err == nil && far || errors.Is(err, errUnordered) || errors.Is(err, errUnproved) {
		err = errApart
	}
	return false, err
}

// divide divides the key space into equal parts, and reads the first page of each. The error is errApart if the
// service does not take a made-up start for the place between two ids: that is tried first, in the middle of a page.
func (w *walk) divide(ctx context.Context, first *part, n int) ([]*part, error) {
	next := string(first.page.Sessions[len(first.page.Sessions)/2].ID)
	at, _ := position([]byte(next))
	if err := w.jump(ctx, first, at); err != nil {
		return nil, err
	}
	if string(first.page.Sessions[0].ID) != next {
		return nil, errApart
	}
	parts := []*part{first}
	group, ctx := errgroup.WithContext(ctx)
	for i := range n - 1 {
		at := float64(i+1) / float64(n)
		p := &part{cursor: key(at), high: key(at), at: at, begun: true}
		parts = append(parts, p)
		group.Go(func() error { return w.jump(ctx, p, at) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	end := first.high
	for i, p := range parts[1:] {
		begin := string(p.page.Sessions[0].ID)
		if begin <= end {
			return nil, errApart
		}
		parts[i].until, end = begin, begin
	}
	return parts, nil
}

// jump reads the page after a made-up start. The error is errApart if the service has none there.
func (w *walk) jump(ctx context.Context, p *part, at float64) error {
	err := w.ask(ctx, p, key(at))
	if isDoubt(err, key(at)) || err == nil && len(p.page.Sessions) == 0 {
		return errApart
	}
	return err
}
