package collector

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"face_liveness_exporter/faceclient"
)

// Settings say when a target is refreshed and what is shown of it. A reload can change them: see [Target.Apply].
type Settings struct {
	// Interval is how old a snapshot may be before a scrape starts a refresh; above 0.
	Interval time.Duration
	// Timeout ends a refresh that receives no page for this time; above 0.
	Timeout time.Duration
	// MaxStale is how long after its walk a snapshot's population is shown, or twice the interval in force if that is longer.
	MaxStale time.Duration
	// Devices say which devices are shown.
	Devices DeviceOptions
	// Samples is the maximum number of finished sessions that are looked up after a refresh; 0 means none.
	Samples int
	// CostInterval is what to work out the cost of a simulated list for, which costs nothing; 0 for a real one, whose cost
	// is that of the interval in force.
	CostInterval time.Duration
	// Slots bound how many refreshes run at once, over all targets that share them.
	Slots *Slots
}

// TargetOptions are what a target is made of. All but the settings stay the same for its life.
type TargetOptions struct {
	Settings
	// Resource and Operation are the target's labels.
	Resource  string
	Operation faceclient.Operation
	// Source lists its sessions.
	Source Source
	// Looker tells the outcomes of sessions; nil looks none up.
	Looker Looker
	// Budget limits the requests; nil means no limit. The targets of a resource share one.
	Budget *Budget
	// API counts the failed refreshes that no attempt has counted. It is the one of the resource; nil makes one.
	API *APIMetrics
	// Explain says in a line what an error means and what to do; nil repeats the error's text.
	Explain func(error) string
	// Logger gets a line when the target's state changes.
	Logger *slog.Logger
	// Clock tells the time; nil means [SystemClock].
	Clock Clock
}

// Target is one operation of one resource. It is refreshed while Run runs, one refresh at a time. What readers see of it
// is its [State].
type Target struct {
	options TargetOptions // without the settings, which are in the state
	clock   Clock
	created time.Time     // when its counters were 0
	wanted  chan struct{} // has room for the one refresh that can be requested
	state   atomic.Pointer[State]

	mu      sync.Mutex // guards the fields below, and replacing the state; never held over I/O
	running *run
	// endLookUps ends the look-ups under way; nil if there are none.
	endLookUps context.CancelFunc
	stopped    bool
	watermark  watermark

	reported reported // used only by the goroutine of Run
}

// State is what there is to say about a target at one moment. It never changes: a refresh replaces it as a whole, so that
// whoever reads one state never mixes two refreshes.
type State struct {
	Resource  string
	Operation faceclient.Operation
	// Settings are those in force.
	Settings Settings
	// Interval is the effective refresh interval: Settings.Interval, or longer if the budget requires it.
	Interval time.Duration
	// MonthlyBudget is what this operation gets of the budget, in requests in 30 days; 0 means no limit.
	MonthlyBudget float64
	// Snapshot is what the last complete walk found; nil before the first.
	Snapshot *Snapshot
	// Flows are what happened since the target was made, and LastFlows the part of it that the last successful refresh added.
	Flows, LastFlows Flows
	// Outcomes are those of the sessions since the target was made; all 0 if none are looked up.
	Outcomes Outcomes
	// Health tells how refreshes go.
	Health Health

	// Age is how long before State was called the snapshot's walk ended; 0 if there is no snapshot.
	Age time.Duration
	// Shown is whether there is a snapshot and it was young enough to show its population when State was called.
	Shown bool
	// DueIn is how long after State was called a scrape will start a refresh; 0 if the next one does.
	DueIn time.Duration

	retry retry
}

// Health tells how refreshes go. It is separate from the snapshot, because an old snapshot stays while refreshes fail.
type Health struct {
	// Up is whether the last finished refresh succeeded; false before the first.
	Up bool
	// Refreshes is how many refreshes finished, Failures how many of them failed, and FailuresInRow how many failed since
	// the last success.
	Refreshes, Failures uint64
	FailuresInRow       int
	// LastEnded is when the last refresh finished, LastDuration how long it took, and LastWalk how long the last successful
	// one took.
	LastEnded              time.Time
	LastDuration, LastWalk time.Duration
	// Refreshing is whether a refresh is under way.
	Refreshing bool
	// Overspent is whether the last successful refresh needed more requests than its budget had. That happens if ids are not
	// random, because such a list can only be read as a whole.
	Overspent bool
	// LastError is why the last refresh failed, and ErrorCode the label that it is counted under; nil and "" if it
	// succeeded.
	LastError error
	ErrorCode string
	// ClockHeldBack is how far counting is from the service's clock, if that is more than a minute, else 0. Then the service's
	// clock or this machine's was or is wrong.
	ClockHeldBack time.Duration
}

// NewTarget makes a target. Nothing refreshes it until Run is called.
func NewTarget(options TargetOptions) *Target {
	t := &Target{options: options, clock: options.Clock, wanted: make(chan struct{}, 1), reported: reported{at: map[string]Instant{}}}
	if t.clock == nil {
		t.clock = SystemClock()
	}
	if t.options.Budget == nil {
		t.options.Budget = NewBudget(0, options.Interval, []faceclient.Operation{options.Operation}, t.clock)
	}
	if t.options.API == nil {
		t.options.API = NewAPIMetrics(options.Resource, []faceclient.Operation{options.Operation}, 0)
	}
	t.created = t.clock().Wall
	t.options.Settings = Settings{}
	t.state.Store(&State{Resource: options.Resource, Operation: options.Operation, Outcomes: newOutcomes()})
	t.publish(func(s *State) { s.Settings = options.Settings })
	return t
}

// Resource is the label resource.
func (t *Target) Resource() string { return t.options.Resource }

// Operation is the label operation.
func (t *Target) Operation() faceclient.Operation { return t.options.Operation }

// State is what there is to say about the target now.
func (t *Target) State() State {
	state, now := *t.state.Load(), t.clock()
	if state.Snapshot != nil {
		state.Age = now.Since(state.Snapshot.Ended)
		state.Shown = state.Age <= max(state.Settings.MaxStale, 2*state.Interval)
	}
	state.DueIn = state.dueIn(now)
	return state
}

// Apply puts other settings in force and clears the wait after a failure. Call it after Budget.Apply. A refresh under way
// goes on as it began, except that the labels of its devices are not shown if the new settings name devices in another
// way.
func (t *Target) Apply(settings Settings) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.publish(func(s *State) {
		if s.Snapshot != nil && !s.Settings.Devices.namesAs(settings.Devices) {
			s.Snapshot = s.Snapshot.withoutDevices()
		}
		s.Settings = settings
		s.retry = retry{}
	})
}

// Demand is what the refreshes ask for as long as the list stays like it was at the last successful refresh; zero before the
// first.
func (s *State) Demand() Demand {
	if s.Snapshot == nil {
		return Demand{}
	}
	return Demand{
		Pages: float64(max(1, s.Snapshot.Pages-s.Snapshot.Proofs)), Started: s.Snapshot.Estimate(s.Snapshot.Started),
		Samples: float64(s.Settings.Samples), Budget: s.MonthlyBudget,
	}
}

// MonthlyRequests is how many requests that takes in 30 days: to read the list and to look sessions up.
func (s *State) MonthlyRequests() (list, lookUps float64) {
	return s.Demand().InMonth(s.CostInterval())
}

// CostInterval is the interval that MonthlyRequests is about.
func (s *State) CostInterval() time.Duration {
	if s.Settings.CostInterval > 0 {
		return s.Settings.CostInterval
	}
	return s.Interval
}

// publish replaces the state by a changed copy. If others know the target, the caller holds mu.
func (t *Target) publish(change func(*State)) {
	next := *t.state.Load()
	change(&next)
	next.Interval = t.options.Budget.intervalInForce(next.Operation, next.Settings.Interval)
	next.MonthlyBudget = t.options.Budget.monthly(next.Operation)
	t.state.Store(&next)
}
