package faceclient

import (
	"cmp"
	"context"
	"sync"
	"time"

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

// pace bounds the requests to one resource, whatever operation and walk they are for. An attempt passes, in this order,
// the gate, the limiter and the bound on requests in flight.
type pace struct {
	gate     *gate
	limiter  *rate.Limiter
	turn     chan struct{} // holds an element while somebody waits for gate and limiter: one reservation at a time
	inFlight chan struct{} // holds an element a request in flight

	mu       sync.Mutex // guards what follows and the changes of limiter
	fastest  rate.Limit // as configured
	slowdown int        // how often the rate was lowered
}

func newPace(requestsPerSecond float64, concurrent int) *pace {
	return &pace{
		gate:     new(gate),
		limiter:  rate.NewLimiter(rate.Limit(requestsPerSecond), 1),
		fastest:  rate.Limit(requestsPerSecond),
		turn:     make(chan struct{}, 1),
		inFlight: make(chan struct{}, concurrent),
	}
}

// inherit goes on where another pace of the same resource is: behind the same gate, and as much below its rate. It must come
// before the first enter.
func (p *pace) inherit(from *pace) {
	from.mu.Lock()
	left := from.limiter.Limit() / from.fastest
	from.mu.Unlock()
	p.gate = from.gate
	p.limiter.SetLimit(p.fastest * left)
}

// pass is what an attempt was let in with.
type pass struct {
	throttled time.Duration // how long gate and limiter held it
	slowdown  int           // the pace's, when it was let in
}

// enter waits until a request may be sent. Who has entered must leave; where there is an error nobody has.
func (p *pace) enter(ctx context.Context) (pass, error) {
	var admitted pass
	for {
		began := time.Now()
		err := p.takeTurn(ctx)
		admitted.throttled += time.Since(began)
		if err != nil {
			return admitted, err
		}
		select {
		case p.inFlight <- struct{}{}:
		case <-ctx.Done():
			return admitted, context.Cause(ctx)
		}
		if p.gate.left() <= 0 {
			admitted.slowdown = p.slowdowns()
			return admitted, nil
		}
		p.leave() // the gate was closed while all places were taken: back to the end of the queue
	}
}

// takeTurn passes gate and limiter, one after the other. Who waited for the limiter looks at the gate again.
func (p *pace) takeTurn(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := p.gate.wait(ctx); err != nil {
		return err
	}
	if p.limiter.Wait(ctx) != nil {
		// Wait refuses at once where the context's deadline is before the turn; then there is no cause yet.
		return cmp.Or(context.Cause(ctx), context.Canceled)
	}
	return p.gate.wait(ctx)
}

func (p *pace) leave() { <-p.inFlight }

// repeated takes a turn of the limiter that was used without waiting for it: those that follow wait longer.
func (p *pace) repeated() { p.limiter.Reserve() }

func (p *pace) slowdowns() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.slowdown
}

// refused lowers the rate after the service refused an attempt for it: once for all attempts that were under way.
func (p *pace) refused(attempt pass) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if attempt.slowdown == p.slowdown {
		p.slowdown++
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

// gate is closed while the service asks to wait.
type gate struct {
	mu    sync.Mutex
	until time.Time
}

// closeFor keeps the gate closed for d from now; an earlier, longer wait stands.
func (g *gate) closeFor(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.until) {
		g.until = until
	}
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
