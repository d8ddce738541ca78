package collector

import (
	"time"

	"face_liveness_exporter/faceclient"
)

const (
	// lag is how long before a walk's horizon an event must be to be in the list for certain: sessions reach the list late,
	// and clocks differ.
	lag = 30 * time.Second
	// maxApart is how far the service's clock and the one of this machine may be apart when counting begins: one of them that is
	// years off does not stop the counting for years.
	maxApart = 24 * time.Hour
	// maxHeldBack is how far counting may be from the service's clock before people are told.
	maxHeldBack = time.Minute
)

// Flows count what happened since the exporter started, by the times that the sessions themselves have. They never go down.
// If walks cover a part of the list they are estimates, and not whole numbers.
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
// empty if they are equal.
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

// watermark is the time, by the service's clock, up to which events were counted. It never goes back, so that nothing is
// counted twice. A failed walk does not move it, so that the next walk catches up.
type watermark struct {
	at    time.Time     // zero before the first walk
	moved time.Duration // when it was last moved, by the monotonic clock
}

// next returns the window that a walk with this horizon counts, and the watermark to keep if the walk succeeds. The watermark
// follows the horizon at a distance, and moves no further than time has passed since it was last moved, plus 1 %: so a clock
// that is wrong delays counting and never adds to it. The third result is how far that keeps the watermark from the horizon, or
// how far the clocks are apart if counting cannot begin.
func (w watermark) next(horizon time.Time, now Instant) (window, watermark, time.Duration) {
	due := horizon.Round(0).Add(-lag) // sessions' times are compared with wall clocks
	if w.at.IsZero() {
		if apart := due.Sub(now.Wall).Abs(); apart > maxApart {
			return window{}, w, apart
		}
		return window{due, due}, watermark{due, now.Monotonic}, 0
	}
	passed := now.Monotonic - w.moved
	to := earlier(due, w.at.Add(passed+passed/100))
	if !to.After(w.at) {
		return window{w.at, w.at}, w, due.Sub(w.at).Abs()
	}
	return window{w.at, to}, watermark{to, now.Monotonic}, due.Sub(to)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
