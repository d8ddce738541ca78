package collector

import (
	"context"
	"errors"
	"sync"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// Source lists the sessions of one operation of one resource.
type Source interface {
	// Walk passes every listed session to the visitor. It makes up to this number of attempts, 0 for no limit: a list that
	// needs more is read in part, or whole if no part can stand for it. The result counts the attempts also with an error.
	Walk(ctx context.Context, attempts int, visitor facelist.Visitor) (facelist.Result, error)
	// CredentialChanged reports whether the secret differs from the one that the last walk used.
	CredentialChanged() bool
}

// Run carries out the refreshes that scrapes ask for, one at a time, and the look-ups after each, until ctx ends.
func (t *Target) Run(ctx context.Context) {
	for {
		select {
		case <-t.wanted:
			t.refresh(ctx)
		case <-ctx.Done():
			t.stop()
			return
		}
	}
}

// stop releases whoever waits, and lets no further refresh begin.
func (t *Target) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	if t.running != nil {
		t.finish(func(*State) {})
	}
}

// finish publishes what came of the refresh under way and releases whoever waits for it. The caller holds mu.
func (t *Target) finish(change func(*State)) {
	t.publish(func(s *State) {
		s.Health.Refreshing = false
		change(s)
	})
	close(t.running.done)
	t.running = nil
}

// refresh walks the list once, publishes what came of it, and then looks outcomes up.
func (t *Target) refresh(ctx context.Context) {
	settings := t.state.Load().Settings
	settings.Slots.take(ctx)
	release := sync.OnceFunc(settings.Slots.release)
	defer release()
	if ctx.Err() != nil {
		return // Run ends and releases whoever waits
	}
	began, errorsBefore := t.clock(), t.options.API.errorsSoFar(t.Operation())
	counted, err := t.walk(ctx, settings, began, release)
	release()
	code := ""
	if err != nil {
		code = t.options.API.countFailure(t.Operation(), faceclient.Code(err), errorsBefore)
	}
	before, after := t.conclude(settings, began, counted, err, code)
	if ctx.Err() == nil {
		t.report(ctx, before, after)
	}
	if counted != nil {
		t.lookUp(ctx, counted)
	}
}

// conclude publishes the outcome of a refresh. It returns the states before and after it.
func (t *Target) conclude(settings Settings, began Instant, counted *tally, err error, code string) (before, after *State) {
	now := t.clock()
	t.mu.Lock()
	defer t.mu.Unlock()
	before = t.state.Load()
	if err == nil {
		t.watermark = counted.after
	}
	t.finish(func(s *State) {
		health := &s.Health
		health.Refreshes++
		health.LastEnded, health.LastDuration = now.Wall, now.Monotonic-began.Monotonic
		health.LastError, health.ErrorCode, health.Up = err, code, err == nil
		s.retry = retry{}
		if err != nil {
			health.Failures++
			health.FailuresInRow++
			interval := t.options.Budget.intervalInForce(s.Operation, s.Settings.Interval)
			s.retry = retry{failed: now, delay: retryDelay(err, health.FailuresInRow, interval)}
			return
		}
		health.FailuresInRow = 0
		health.LastWalk = health.LastDuration
		health.Overspent = counted.overspent
		health.ClockHeldBack = 0
		if counted.heldBack > maxHeldBack {
			health.ClockHeldBack = counted.heldBack
		}
		s.LastFlows = Flows{}
		s.LastFlows.add(counted.flows, counted.snapshot.Coverage)
		s.Flows.add(counted.flows, counted.snapshot.Coverage)
		s.Snapshot = &counted.snapshot
		if !settings.Devices.namesAs(s.Settings.Devices) {
			s.Snapshot = s.Snapshot.withoutDevices()
		}
	})
	return before, t.state.Load()
}

// errStalled ends a walk that receives no page.
var errStalled = errors.New("no page arrived within the refresh time-out")

// walk counts the list. It gives the slot back early if pages take long. A panic fails the refresh and not the process.
func (t *Target) walk(ctx context.Context, settings Settings, began Instant, release func()) (counted *tally, err error) {
	defer func() {
		if value := recover(); value != nil {
			counted, err = nil, newPanicError(value)
		}
	}()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(settings.Timeout, func() { cancel(errStalled) })
	defer stalled.Stop()
	patience := time.AfterFunc(slotPatience, release)
	defer patience.Stop()
	t.mu.Lock()
	counted = newTally(t.watermark, t.clock, settings)
	t.mu.Unlock()
	allowed, some := t.options.Budget.grant(t.Operation(), true)
	if !some {
		allowed.attempts = 1 // the refresh was started for one
	}
	arrived := func() {
		stalled.Reset(settings.Timeout)
		patience.Reset(slotPatience)
	}
	walk, err := t.options.Source.Walk(ctx, allowed.attempts, guard{counted, arrived, cancel})
	t.options.Budget.spend(allowed, walk.Requests)
	if err != nil {
		return nil, whyEnded(ctx, err, settings.Timeout)
	}
	counted.overspent = t.options.Budget.learn(t.Operation(), allowed, walk)
	counted.finish(walk, began)
	return counted, nil
}

// whyEnded returns the reason if this package canceled the walk: a panic, or that no page arrived within the limit. If the
// service asked to wait for longer, that is the reason.
func whyEnded(ctx context.Context, err error, limit time.Duration) error {
	if panicked, is := errors.AsType[*panicError](context.Cause(ctx)); is {
		return panicked
	}
	failure := clientError(err)
	if errors.Is(context.Cause(ctx), errStalled) && failure.Code == faceclient.CodeCanceled {
		if before := failure.Before; before != nil && before.Wait >= limit {
			return before
		}
		return &faceclient.Error{Code: faceclient.CodeTimeout, Detail: faceclient.DetailNoPage, Before: failure.Before}
	}
	return err
}

// guard passes the pages on to the tally. It reports every page that arrives, and ends the walk if counting a page
// panics: it is called on a goroutine of the source.
type guard struct {
	facelist.Visitor
	arrived func()
	cancel  context.CancelCauseFunc
}

// Visit passes a page on.
func (g guard) Visit(batch facelist.Batch) { g.pass(func() { g.Visitor.Visit(batch) }) }

// Restart passes on that the walk begins again.
func (g guard) Restart() { g.pass(g.Visitor.Restart) }

func (g guard) pass(on func()) {
	defer func() {
		if value := recover(); value != nil {
			g.cancel(newPanicError(value))
		}
	}()
	g.arrived()
	on()
}
