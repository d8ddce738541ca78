package faceclient

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// pace bounds the requests to one resource, whatever operation and walk they are for. An attempt passes, in this order,
// the gate, the limiter and the bound on requests in flight.
type pace struct {
	gate     gate
	limiter  *rate.Limiter
	turn     chan struct{} // holds an element while somebody waits for the limiter: one reservation at a time
	inFlight chan struct{} // holds an element a request in flight
}

func newPace(requestsPerSecond float64, concurrent int) *pace {
	return &pace{
		limiter:  rate.NewLimiter(rate.Limit(requestsPerSecond), 1),
		turn:     make(chan struct{}, 1),
		inFlight: make(chan struct{}, concurrent),
	}
}

// enter waits until a request may be sent and tells how long gate and limiter held it. Who has entered must leave.
func (p *pace) enter(ctx context.Context) (throttled time.Duration, err error) {
	began := time.Now()
	if err = p.takeTurn(ctx); err != nil {
		return time.Since(began), err
	}
	throttled = time.Since(began)
	select {
	case p.inFlight <- struct{}{}:
	case <-ctx.Done():
		return throttled, context.Cause(ctx)
	}
	// The service may have asked to wait while all places were taken.
	began = time.Now()
	if err = p.gate.wait(ctx); err != nil {
		p.leave()
	}
	return throttled + time.Since(began), err
}

func (p *pace) leave() { <-p.inFlight }

// takeTurn passes gate and limiter. Who waited for the limiter looks at the gate again.
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
	if err := p.limiter.Wait(ctx); err != nil {
		return context.Cause(ctx)
	}
	return p.gate.wait(ctx)
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

func (g *gate) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		left := time.Until(g.until)
		g.mu.Unlock()
		if left <= 0 {
			return nil
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}
