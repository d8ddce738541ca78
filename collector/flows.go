package collector

import (
	"time"

	"face_liveness_exporter/faceclient"
)

const (
	// settling is how long before a walk's horizon an event must be to be in the list for certain.
	settling = 5 * time.Second
	// maxClockDrift is how much further than our own clock the service's may go between two walks and be believed.
	maxClockDrift = time.Minute
	// jitter is how much earlier than the last walk's a horizon may be though the clock did not go back: a Date has whole
	// seconds, and less is known of it the longer the answer takes.
	jitter = 2 * time.Second
	// maxBehind bounds how long counting waits for a clock that went back to catch up. Beyond it, the time that was counted
	// before was wrong.
	maxBehind = time.Hour
)

// Flows count what happened since the exporter started, by the times that the sessions themselves have. They never go down.
// Where walks cover a part of the list they are estimates, and not whole numbers.
type Flows struct {
	Creations, Starts, Expirations, Abandonments float64
	// Window is the time in which all that happened, in seconds.
	Window float64
}

// add adds what a walk found in its window, scaled up from the share of the sessions that it counted.
func (f *Flows) add(found Flows, coverage float64) {
	f.Creations += found.Creations / coverage
	f.Starts += found.Starts / coverage
	f.Expirations += found.Expirations / coverage
	f.Abandonments += found.Abandonments / coverage
	f.Window += found.Window
}

// window is the time span, by the service's clock, whose events a walk counts: after from, up to and including to. It is
// empty where they are equal.
type window struct{ from, to time.Time }

func (w window) holds(t time.Time) bool { return t.After(w.from) && !t.After(w.to) }

// count adds a session's events in the window, and reports whether its TTL ended there.
func (f *Flows) count(session *faceclient.Session, w window) (ended bool) {
	if w.holds(session.Created) {
		f.Creations++
	}
	if session.HasStarted() && w.holds(session.Started) {
		f.Starts++
	}
	if ended = w.holds(session.Expiry()); ended {
		f.Expirations++
		if !session.HasStarted() {
			f.Abandonments++
		}
	}
	return ended
}

// watermark is the time, by the service's clock, up to which events were counted. A failed walk leaves it where it is, so
// that the next walk catches up.
type watermark struct {
	counted time.Time // the end of the last window; zero before the first walk
	// horizon is the last walk's, and heard when it was known, by the monotonic clock.
	horizon time.Time
	heard   time.Duration
}

// clockVerdict is whether a walk believes the service's clock.
type clockVerdict int

const (
	// clockSteady: the window reaches up to the walk's horizon.
	clockSteady clockVerdict = iota
	// clockLeapt: the clock moved otherwise than ours. Nothing is counted until another walk agrees with it.
	clockLeapt
	// clockBehind: the clock went back. Nothing is counted until it caught up, so that nothing is counted twice.
	clockBehind
	// clockReset: the clock went back so far that counting starts again from it.
	clockReset
)

// next returns the window that a walk with this horizon counts, and the watermark to keep if the walk succeeds.
func (w watermark) next(horizon time.Time, now Instant) (window, watermark, clockVerdict) {
	horizon = horizon.Round(0) // sessions' times are compared with wall clocks
	to := horizon.Add(-settling)
	after := watermark{counted: to, horizon: horizon, heard: now.Monotonic}
	if w.counted.IsZero() {
		return window{to, to}, after, clockSteady
	}
	drift := horizon.Sub(w.horizon) - (now.Monotonic - w.heard)
	verdict := clockSteady
	behind := w.counted.Sub(to)
	switch {
	case drift.Abs() > maxClockDrift:
		verdict = clockLeapt
	case behind > maxBehind:
		return window{to, to}, after, clockReset
	case behind > jitter:
		verdict = clockBehind
	}
	if verdict != clockSteady || behind > 0 {
		after.counted = w.counted
		to = w.counted
	}
	return window{w.counted, to}, after, verdict
}
