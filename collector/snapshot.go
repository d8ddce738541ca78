package collector

import (
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// Snapshot is what one complete walk found. It never changes.
type Snapshot struct {
	// Began and Ended are when the walk did, by this machine's clocks.
	Began, Ended Instant
	// Pages is how many answers of the service the walk took.
	Pages int
	// Proofs is how many of the pages only proved that the list ends. Later walks do not need them.
	Proofs int
	// Coverage is the share of the key space that was walked; 1 means that every session was counted.
	Coverage float64

	// The counts below are of the sessions that the walk covered: see Estimate.

	// Sessions are listed; each is either active or Expired; Started and Abandoned (expired, never started) are among them.
	Sessions, Expired, Started, Abandoned uint64

	// TTL, RemainingTTL (of active sessions) and StartDelay (of started ones) are in seconds.
	TTL, RemainingTTL, StartDelay *Histogram

	// Devices is the number of distinct devices, TopDevices those to show and OtherDeviceSessions the sessions of all others.
	// DevicesCut says that there were too many to tell apart: those that came last are only in OtherDeviceSessions.
	Devices             uint64
	DevicesCut          bool
	TopDevices          []DeviceCount
	OtherDeviceSessions uint64
	// WithoutDevice is the number of sessions that name no device.
	WithoutDevice uint64
	// SessionsPerDevice has a value for each device.
	SessionsPerDevice *Histogram
}

// minSeen is how many sessions of a device must have been seen for their number to be estimated.
const minSeen = 20

// Took is how long the walk took.
func (s *Snapshot) Took() time.Duration { return s.Ended.Monotonic - s.Began.Monotonic }

// Complete reports whether every listed session was counted. If not, the counts are those of a part of the key space.
func (s *Snapshot) Complete() bool { return s.Coverage == 1 }

// Estimate scales a count up to the whole list.
func (s *Snapshot) Estimate(count uint64) float64 { return float64(count) / s.Coverage }

// Active is the number of sessions whose TTL has not ended; see Estimate.
func (s *Snapshot) Active() uint64 { return s.Sessions - s.Expired }

// DeviceCount is the number of distinct devices. It is known only if every session was counted, because it cannot be scaled up
// from a part of them, and if there were not too many devices.
func (s *Snapshot) DeviceCount() (n float64, known bool) {
	return float64(s.Devices), s.Complete() && !s.DevicesCut
}

// withoutDevices is the same snapshot without the names of devices.
func (s *Snapshot) withoutDevices() *Snapshot {
	nameless := *s
	for _, device := range s.TopDevices {
		nameless.OtherDeviceSessions += device.Sessions
	}
	nameless.TopDevices = nil
	return &nameless
}

// listed is the number of listed sessions, if need be estimated, for people.
func (s *Snapshot) listed() int64 { return int64(s.Estimate(s.Sessions)) }

// tally counts the sessions of a walk as they arrive, and keeps none of them. It is a facelist.Visitor.
type tally struct {
	before  watermark // as the last successful walk left it
	clock   Clock
	options Settings

	snapshot Snapshot
	devices  deviceTally
	flows    Flows
	window   window
	after    watermark     // as this walk will leave it; zero until the horizon is known
	heldBack time.Duration // see watermark.next
	sample   reservoir     // of the started sessions whose TTL ended in the window

	overspent bool // took more requests than the budget had
}

func newTally(before watermark, clock Clock, options Settings) *tally {
	t := &tally{before: before, clock: clock, options: options}
	t.Restart()
	return t
}

// Restart forgets what was counted.
func (t *tally) Restart() {
	t.snapshot = Snapshot{
		TTL:               NewHistogram([]float64{60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400}),
		RemainingTTL:      NewHistogram([]float64{30, 60, 120, 300, 600, 1800, 3600, 14400, 43200, 86400}),
		StartDelay:        NewHistogram([]float64{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600}),
		SessionsPerDevice: NewHistogram([]float64{1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000}),
	}
	t.devices = newDeviceTally(t.options.Devices)
	t.flows, t.window, t.after = Flows{}, window{}, watermark{}
	t.sample = reservoir{limit: t.options.Samples}
}

// openWindow fixes the window in which events count, once the walk's horizon is known.
func (t *tally) openWindow(horizon time.Time) {
	if t.after.at.IsZero() {
		t.window, t.after, t.heldBack = t.before.next(horizon, t.clock())
		t.flows.Window = t.window.to.Sub(t.window.from).Seconds()
	}
}

// Visit counts the sessions of a page.
func (t *tally) Visit(batch facelist.Batch) {
	t.openWindow(batch.Horizon)
	for i := range batch.Sessions {
		t.count(&batch.Sessions[i], batch.Date)
	}
}

func (t *tally) count(session *faceclient.Session, now time.Time) {
	ended := t.flows.count(session, t.window)
	s := &t.snapshot
	s.Sessions++
	s.TTL.Observe(session.TTL.Seconds())
	if session.HasStarted() {
		if ended {
			t.sample.offer(session.ID)
		}
		s.Started++
		s.StartDelay.Observe(max(0, session.Started.Sub(session.Created)).Seconds())
	}
	if session.Expired {
		s.Expired++
		if !session.HasStarted() {
			s.Abandoned++
		}
	} else {
		s.RemainingTTL.Observe(min(session.TTL, max(0, session.Expiry().Sub(now))).Seconds())
	}
	if len(session.DeviceID) == 0 {
		s.WithoutDevice++
	} else {
		t.devices.add(session.DeviceID)
	}
}

// finish completes the snapshot of a walk that ended. The tally counts nothing after it.
func (t *tally) finish(walk facelist.Result, began Instant) {
	t.openWindow(walk.Horizon) // an empty list has no batch
	s := &t.snapshot
	s.Began, s.Ended, s.Coverage = began, t.clock(), walk.Coverage
	s.Pages, s.Proofs = walk.Pages, walk.Proofs
	s.Devices, s.DevicesCut = uint64(t.devices.distinct()), t.devices.cut
	t.devices.spread(s.SessionsPerDevice)
	minimum := uint64(0)
	if !s.Complete() {
		minimum = minSeen
	}
	var shown uint64
	s.TopDevices, shown = t.devices.top(minimum)
	s.OtherDeviceSessions = s.Sessions - s.WithoutDevice - shown
	t.devices = deviceTally{}
}
