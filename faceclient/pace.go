package faceclient

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

const (
	// slowDown is what is left of the rate after the service has refused a request for it.
	slowDown = 0.5
	// speedUp is the share of the configured rate that a second of pages gives back.
	speedUp = 0.01
	// slowest is the lowest share of the configured rate.
	slowest = 0.05
)

// pace bounds the requests to one resource, for all of its operations. An attempt for a page waits for a place among
// those in flight, for the gate, and for the rate limit. An attempt for a look-up has a place of its own and waits until no
// page wants to be sent, so that no page waits for a look-up.
type pace struct {
	limiter *rate.Limiter
	first   *semaphore.Weighted // of one page, which waits for gate and limiter, so that one reservation is made at a time
	lookUps *semaphore.Weighted // of one look-up

	mu       sync.Mutex          // guards what follows and the changes of limiter
	inFlight *semaphore.Weighted // of pages; a new one when the bound changes; a permit releases the one that it holds
	bound    int                 // of inFlight
	fastest  rate.Limit          // as configured
	lowered  int                 // how often the rate was
	refused  int                 // how often that was since the last page
	came     int64               // pages
	opens    time.Time           // the gate, which is closed while the service asks to wait
	closer   *Error              // the answer that asked to wait until then
}

func newPace(requestsPerSecond float64, concurrent int) *pace {
	return &pace{
		limiter:  rate.NewLimiter(rate.Limit(requestsPerSecond), 1),
		first:    semaphore.NewWeighted(1),
		lookUps:  semaphore.NewWeighted(1),
		inFlight: semaphore.NewWeighted(int64(concurrent)),
		bound:    concurrent,
		fastest:  rate.Limit(requestsPerSecond),
	}
}

// setLimits changes the bounds. A rate that was lowered after a 429 stays as much lower. An attempt that waits for a place,
// or has one, keeps the old bound.
func (p *pace) setLimits(requestsPerSecond float64, concurrent int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	share := p.limiter.Limit() / p.fastest
	p.fastest = rate.Limit(requestsPerSecond)
	p.limiter.SetLimit(p.fastest * share)
	if concurrent != p.bound {
		p.inFlight, p.bound = semaphore.NewWeighted(int64(concurrent)), concurrent
	}
}

// permit is what admit gives to an attempt.
type permit struct {
	place     *semaphore.Weighted // to be released
	throttled time.Duration       // how long gate and limiter held it
	lowered   int                 // the pace's, when it was admitted
}

// admit waits until an attempt may be sent. If there is no error, the caller must release its place. The place comes before the
// rate limit: a request that waited for a place afterwards would be sent late, close to the one behind it.
func (p *pace) admit(ctx context.Context, lookUp bool) (permit, error) {
	p.mu.Lock()
	admitted, turn := permit{place: p.inFlight}, p.turn
	p.mu.Unlock()
	if lookUp {
		admitted.place, turn = p.lookUps, p.idle
	}
	if err := admitted.place.Acquire(ctx, 1); err != nil {
		return admitted, err
	}
	began := time.Now()
	err := turn(ctx)
	if err != nil {
		admitted.place.Release(1)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	admitted.throttled, admitted.lowered = time.Since(began), p.lowered
	return admitted, err
}

// turn waits for the gate and the limiter. The gate may have closed while the request waited for the limiter, so it is asked
// again.
func (p *pace) turn(ctx context.Context) error {
	if err := p.first.Acquire(ctx, 1); err != nil {
		return err
	}
	defer p.first.Release(1)
	if err := p.gate(ctx); err != nil {
		return err
	}
	if err := p.limiter.Wait(ctx); err != nil {
		return err
	}
	return p.gate(ctx)
}

// idle waits until the gate is open and no page waits for the limiter or would have to.
func (p *pace) idle(ctx context.Context) error {
	for {
		if err := p.gate(ctx); err != nil || p.limiter.Allow() {
			return err
		}
		seconds := (1 - p.limiter.Tokens()) / float64(p.limiter.Limit())
		if err := sleep(ctx, max(time.Millisecond, time.Duration(seconds*float64(time.Second)))); err != nil {
			return err
		}
	}
}

// gate waits while the service asks to wait.
func (p *pace) gate(ctx context.Context) error {
	for {
		p.mu.Lock()
		left := time.Until(p.opens)
		p.mu.Unlock()
		if left <= 0 {
			return nil
		}
		if err := sleep(ctx, left); err != nil {
			return err
		}
	}
}

// sleep waits. The error is that of the context.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// closedBy is the answer that closed the gate, nil if it is open.
func (p *pace) closedBy() *Error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Until(p.opens) <= 0 {
		return nil
	}
	return p.closer
}

// pages is how many pages have come so far.
func (p *pace) pages() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.came
}

// learn takes what came of an attempt for a page: the failure is nil if the page came. A 429 lowers the rate, once for all
// attempts that were under way, and each page raises it a little, up to the configured one. The gate is closed for as long as
// the service asks, or longer each time if it does not say, but never for longer than longest.
func (p *pace) learn(attempt permit, failure *Error, longest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	limit := p.limiter.Limit()
	if failure == nil {
		p.came++
		p.refused = 0
		p.limiter.SetLimit(min(p.fastest, limit+p.fastest*speedUp/limit))
		return
	}
	if failure.Status == http.StatusTooManyRequests && attempt.lowered == p.lowered {
		p.lowered++
		p.refused++
		p.limiter.SetLimit(max(p.fastest*slowest, limit*slowDown))
	}
	if failure.asksToWait() {
		wait := growing(max(0, p.refused-1), minRetryWait, longest)
		if asked := min(failure.Wait, longest); asked > 0 {
			wait = min(asked+rand.N(asked/10+1), longest) // others were told the same time
		}
		if opens := time.Now().Add(wait); opens.After(p.opens) { // an earlier, longer wait stands
			p.opens, p.closer = opens, failure
		}
	}
}
