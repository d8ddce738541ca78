package collector

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

const (
	// firstRetryDelay is the least time from a first failed refresh to the next one; it doubles with every failure.
	firstRetryDelay = 15 * time.Second
	month           = 30 * 24 * time.Hour
)

// Source lists the sessions of one operation of one resource.
type Source interface {
	// Walk gives every listed session to the visitor, or those of a random part of the key space where the list needs
	// more attempts than maxRequests; 0 is no bound. The Walk counts the attempts also where there is an error.
	Walk(ctx context.Context, maxRequests int, visitor facelist.Visitor) (facelist.Result, error)
	// CredentialChanged tells whether the secret of the credential is another one than the last request was sent with.
	CredentialChanged() bool
}

// TargetOptions say what is refreshed and when.
type TargetOptions struct {
	// Resource and Operation are the target's labels.
	Resource  string
	Operation faceclient.Operation
	// Source lists its sessions.
	Source Source
	// Interval is how old a snapshot may be before a scrape starts a refresh; above 0.
	Interval time.Duration
	// Timeout is how long a refresh may go on without a page; above 0.
	Timeout time.Duration
	// MaxStale is how long after its walk a snapshot's population is shown, or twice the interval where that is longer.
	MaxStale time.Duration
	// Budget bounds the requests; nil is no bound. The targets of a resource share one.
	Budget *Budget
	// Devices say which devices are shown.
	Devices DeviceOptions
	// Simulated targets cost nothing, so that nobody is warned of what they cost.
	Simulated bool
	// Slots hold an element for each refresh that is under way, over all targets that share the channel.
	Slots chan struct{}
	// Logger takes a line when a target's state changes.
	Logger *slog.Logger
}

// Target is one operation of one resource: its last good snapshot, its health, and the refresh that may be under way.
type Target struct {
	settings atomic.Pointer[TargetOptions]
	snapshot atomic.Pointer[Snapshot]
	wanted   chan *run // room for the one run that can be asked for

	mu        sync.Mutex // guards what follows and the changes of what is above; held over nothing slow
	running   *run
	stopped   bool
	health    Health
	flows     Flows
	counted   watermark
	notBefore time.Time // when the wait after a failure ends
}

// run is one refresh. Done is closed when it has ended, well or not.
type run struct{ done chan struct{} }

// Health says how refreshing goes. It is separate from the data: an old snapshot can be shown while refreshes fail.
type Health struct {
	// Up is whether the last finished refresh succeeded; false before the first.
	Up bool
	// Refreshes have finished, Failures of them without success, FailuresInRow since the last success.
	Refreshes, Failures uint64
	FailuresInRow       int
	// LastEnded is when the last finished refresh ended, LastDuration how long it took and LastWalk how long the last
	// successful one did.
	LastEnded              time.Time
	LastDuration, LastWalk time.Duration
	// Refreshing is whether a refresh is under way.
	Refreshing bool
	// RetryAt is from when on a scrape starts a refresh again after the last one failed; zero where none has to wait.
	RetryAt time.Time
	// Overspent is whether the last successful refresh took more requests than its budget had, because the list's ids are
	// not random and it can only be read as a whole.
	Overspent bool
	// LastError is why the last refresh failed, nil where it did not.
	LastError error
}

// NewTarget makes a target that nothing refreshes until Run is called.
func NewTarget(options TargetOptions) *Target {
	t := &Target{wanted: make(chan *run, 1)}
	t.settings.Store(&options)
	return t
}

// Update makes the next refresh follow other options and clears the wait after a failure. Snapshot, health and flows stay,
// so the options must be of the same list. A refresh that is under way goes on as it began, but devices that it or an earlier
// one named in another way are not shown: those of the next walk are.
func (t *Target) Update(options TargetOptions) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.settings.Swap(&options)
	if snapshot := t.snapshot.Load(); snapshot != nil && !before.Devices.namesAs(options.Devices) {
		t.snapshot.Store(snapshot.withoutDevices())
	}
	t.notBefore = time.Time{}
}

// options are in force now; they are not changed.
func (t *Target) options() *TargetOptions { return t.settings.Load() }

// Resource and Operation are the target's labels.
func (t *Target) Resource() string { return t.options().Resource }

// Operation is the list that the target is about.
func (t *Target) Operation() faceclient.Operation { return t.options().Operation }

// Interval is how old a snapshot may be before a scrape starts a refresh: as configured, or longer where the budget asks
// for it.
func (t *Target) Interval() time.Duration {
	return t.options().Budget.intervalInForce(t.options().Operation, t.options().Interval)
}

// Snapshot is what the last complete walk found, nil before the first, and whether its population is young enough to be
// shown.
func (t *Target) Snapshot(now time.Time) (snapshot *Snapshot, shown bool) {
	snapshot = t.snapshot.Load()
	return snapshot, snapshot != nil && snapshot.Age(now) <= max(t.options().MaxStale, 2*t.Interval())
}

// Health tells how refreshing goes.
func (t *Target) Health() Health {
	t.mu.Lock()
	defer t.mu.Unlock()
	health := t.health
	health.Refreshing, health.RetryAt = t.running != nil, t.notBefore
	return health
}

// Flows are what has happened since the target was made.
func (t *Target) Flows() Flows {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.flows
}

// Run carries out the refreshes that scrapes ask for, one at a time, until ctx ends.
func (t *Target) Run(ctx context.Context) {
	for {
		select {
		case refresh := <-t.wanted:
			t.refresh(ctx, refresh)
		case <-ctx.Done():
			t.stop()
			return
		}
	}
}

// stop releases whoever waits and lets no refresh begin any more.
func (t *Target) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	if t.running != nil {
		close(t.running.done)
		t.running = nil
	}
}

// Prepare brings targets up to date before a scrape: it starts every refresh that is due, and waits for those whose
// result the scrape can have before ctx ends. It never waits for one that an older snapshot can stand in for and that
// will take longer.
func Prepare(ctx context.Context, targets ...*Target) {
	now := time.Now()
	var awaited []*run
	for _, target := range targets {
		if refresh := target.ensure(now); refresh != nil && target.worthAwaiting(ctx, now) {
			awaited = append(awaited, refresh)
		}
	}
	for _, refresh := range awaited {
		select {
		case <-refresh.done:
		case <-ctx.Done():
			return
		}
	}
}

// ensure gives the refresh that is under way, after starting one where one is due; nil where there is none.
func (t *Target) ensure(now time.Time) *run {
	t.mu.Lock()
	waiting := now.Before(t.notBefore) && t.running == nil
	t.mu.Unlock()
	rotated := waiting && t.options().Source.CredentialChanged()

	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running != nil || t.stopped {
		return t.running
	}
	if now.Before(t.notBefore) && !rotated {
		return nil
	}
	if snapshot := t.snapshot.Load(); t.health.FailuresInRow == 0 && snapshot != nil && snapshot.Age(now) < t.Interval() {
		return nil
	}
	if attempts, bounded := t.options().Budget.allowance(t.options().Operation, now); bounded && attempts == 0 {
		return nil
	}
	t.running = &run{done: make(chan struct{})}
	t.wanted <- t.running
	return t.running
}

// worthAwaiting tells whether a scrape should wait for the refresh under way: where there is nothing to show yet, or
// where it will probably end before the scrape must.
func (t *Target) worthAwaiting(ctx context.Context, now time.Time) bool {
	if _, shown := t.Snapshot(now); !shown {
		return true
	}
	deadline, bounded := ctx.Deadline()
	return !bounded || t.Health().LastWalk < deadline.Sub(now)
}

// refresh walks the list once and publishes what came of it.
func (t *Target) refresh(ctx context.Context, refresh *run) {
	options := t.options()
	select {
	case options.Slots <- struct{}{}:
	case <-ctx.Done():
		return // Run tells those who wait
	}
	began := time.Now()
	counted, snapshot, err := t.walk(ctx, options, began)
	<-options.Slots
	took := time.Since(began)
	t.mu.Lock()
	if err == nil {
		if !options.Devices.namesAs(t.options().Devices) {
			snapshot = snapshot.withoutDevices()
		}
		t.snapshot.Store(snapshot)
	}
	before := t.health
	t.health.Refreshes++
	t.health.LastEnded, t.health.LastDuration = began.Add(took), took
	t.health.LastError = err
	t.health.Up = err == nil
	t.notBefore = time.Time{}
	if err == nil {
		t.flows.add(counted.flows, snapshot.Coverage)
		t.counted = counted.after
		t.health.LastWalk = took
		t.health.Overspent = counted.overspent
		t.health.FailuresInRow = 0
	} else {
		t.health.Failures++
		t.health.FailuresInRow++
		t.notBefore = began.Add(took + t.retryDelay(err, t.health.FailuresInRow))
	}
	t.running = nil
	t.mu.Unlock()
	close(refresh.done)
	if ctx.Err() == nil {
		t.report(ctx, options, before, snapshot, err)
	}
}

// errStalled is why a walk that brings no page is ended.
var errStalled = errors.New("no page came for the refresh time-out")

// walk counts the list. The snapshot is nil where there is an error.
func (t *Target) walk(ctx context.Context, options *TargetOptions, began time.Time) (*tally, *Snapshot, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(options.Timeout, func() { cancel(errStalled) })
	defer stalled.Stop()
	t.mu.Lock()
	counted := newTally(t.counted)
	t.mu.Unlock()
	attempts, bounded := options.Budget.allowance(options.Operation, began)
	if bounded {
		attempts = max(1, attempts) // the refresh was started for one
	}
	walk, err := options.Source.Walk(ctx, attempts, watched{counted, func() { stalled.Reset(options.Timeout) }})
	options.Budget.spend(options.Operation, time.Now(), walk, err)
	counted.overspent = bounded && walk.Requests > attempts
	if err != nil {
		var failure *faceclient.Error
		if errors.Is(context.Cause(ctx), errStalled) && errors.As(err, &failure) && failure.Code == faceclient.CodeCanceled {
			err = &faceclient.Error{
				Code: faceclient.CodeTimeout, Message: "no page came for as long as refresh.timeout", Before: failure.Before,
			}
		}
		return nil, nil, err
	}
	snapshot := counted.finish(walk, began, time.Now(), options.Devices)
	return counted, snapshot, nil
}

// watched tells of every page that comes.
type watched struct {
	facelist.Visitor
	came func()
}

// Visit is part of facelist.Visitor.
func (w watched) Visit(batch facelist.Batch) {
	w.came()
	w.Visitor.Visit(batch)
}

// Restart is part of facelist.Visitor.
func (w watched) Restart() {
	w.came()
	w.Visitor.Restart()
}

// retryDelay is the least time from the end of the n-th failure in a row to the next refresh.
func (t *Target) retryDelay(err error, n int) time.Duration {
	interval := t.Interval()
	delay := min(interval, firstRetryDelay<<min(n-1, 20))
	var failure *faceclient.Error
	if errors.As(err, &failure) && failure.Refused() {
		delay = interval
	}
	return delay + rand.N(delay/10+1)
}
