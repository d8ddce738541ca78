package faceclient

import (
	"cmp"
	"context"
	"math"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

const (
	// slowDown is what is left of the rate after the service has refused a request for it.
	slowDown = 0.5
	// speedUp is the share of the configured rate that a second of answers gives back.
	speedUp = 0.01
	// slowest is the least share of the configured rate.
	slowest = 0.05
)

// pace bounds the requests to one resource, whatever operation and walk they are for. An attempt waits for a place among
// the requests in flight, for the Retry-After gate, and for the rate limit.
type pace struct {
	gate     *gate
	limiter  *rate.Limiter
	first    *semaphore.Weighted // of one request, which waits for gate and limiter, so that one reservation is made at a time
	inFlight *semaphore.Weighted // of math.MaxInt32, of which setLimits holds back all that is above the bound

	mu        sync.Mutex // guards what follows and the changes of limiter
	fastest   rate.Limit // as configured
	slowdowns int        // how often the rate was lowered
	places    int        // in flight, as configured
	owed      int        // places to hold back as soon as they are released
}

func newPace(requestsPerSecond float64, concurrent int) *pace {
	p := &pace{
		gate:     new(gate),
		limiter:  rate.NewLimiter(rate.Limit(requestsPerSecond), 1),
		fastest:  rate.Limit(requestsPerSecond),
		first:    semaphore.NewWeighted(1),
		inFlight: semaphore.NewWeighted(math.MaxInt32),
		places:   concurrent,
	}
	p.inFlight.TryAcquire(int64(math.MaxInt32 - concurrent))
	return p
}

// setLimits changes the bounds, also for requests that wait already. A rate that was lowered after a 429 stays as much lower.
func (p *pace) setLimits(requestsPerSecond float64, concurrent int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lowered := p.limiter.Limit() / p.fastest
	p.fastest = rate.Limit(requestsPerSecond)
	p.limiter.SetLimit(p.fastest * lowered)
	for ; p.places < concurrent; p.places++ {
		p.giveBack()
	}
	for ; p.places > concurrent; p.places-- {
		if !p.inFlight.TryAcquire(1) {
			p.owed++
		}
	}
}

// giveBack frees a place, unless the bound was lowered and one place too many is in use. It is called with mu held.
func (p *pace) giveBack() {
	if p.owed > 0 {
		p.owed--
		return
	}
	p.inFlight.Release(1)
}

// permit is what admit tells of an attempt.
type permit struct {
	throttled time.Duration // how long gate and limiter held it
	slowdowns int           // the pace's, when it was admitted
}

// admit waits until a request may be sent. The caller must release its place, unless there is an error. The place among the
// requests in flight comes before the rate limit: a request that waited for a place afterwards would be sent late, close to the
// one behind it.
func (p *pace) admit(ctx context.Context) (permit, error) {
	if p.inFlight.Acquire(ctx, 1) != nil {
		return permit{}, context.Cause(ctx)
	}
	began := time.Now()
	err := p.waitForRate(ctx)
	admitted := permit{throttled: time.Since(began)}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.giveBack()
	}
	admitted.slowdowns = p.slowdowns
	return admitted, err
}

// waitForRate waits for the gate and the limiter. The gate may have closed while the request waited for the limiter, so it is
// asked again.
func (p *pace) waitForRate(ctx context.Context) error {
	if p.first.Acquire(ctx, 1) != nil {
		return context.Cause(ctx)
	}
	defer p.first.Release(1)
	if err := p.gate.wait(ctx); err != nil {
		return err
	}
	if p.limiter.Wait(ctx) != nil {
		// Wait fails at once where the context's deadline comes before the request's turn; then there is no cause yet.
		return cmp.Or(context.Cause(ctx), context.Canceled)
	}
	return p.gate.wait(ctx)
}

func (p *pace) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.giveBack()
}

// repeated counts requests that were sent without waiting for the limiter: those that follow wait longer.
func (p *pace) repeated(times int) {
	for range times {
		p.limiter.Reserve()
	}
}

// refused lowers the rate after the service refused an attempt for it: once for all attempts that were under way.
func (p *pace) refused(attempt permit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if attempt.slowdowns == p.slowdowns {
		p.slowdowns++
		p.limiter.SetLimit(max(p.fastest*slowest, p.limiter.Limit()*slowDown))
	}
}

// answered raises the rate a little after an answer, up to the configured one.
func (p *pace) answered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if limit := p.limiter.Limit(); limit < p.fastest {
		p.limiter.SetLimit(min(p.fastest, limit+p.fastest*speedUp/limit))
	}
}

// gate is closed while a Retry-After lasts.
type gate struct {
	mu    sync.Mutex
	until time.Time
	why   *Error // the answer that asked to wait until then
}

// closeFor keeps the gate closed for d from now. An earlier, longer wait stands.
func (g *gate) closeFor(d time.Duration, why *Error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.until) {
		g.until, g.why = until, why
	}
}

// closedBy is the answer that closed the gate, nil where it is open.
func (g *gate) closedBy() *Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Until(g.until) <= 0 {
		return nil
	}
	return g.why
}

// left is how long the gate stays closed; it is open where that is not above 0.
func (g *gate) left() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Until(g.until)
}

func (g *gate) wait(ctx context.Context) error {
	for left := g.left(); left > 0; left = g.left() {
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
	return nil
}
