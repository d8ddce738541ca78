package collector

import "time"

// Instant is a reading of this machine's two clocks. Both are needed: the monotonic clock stands still while the machine
// sleeps, and the wall clock can be set.
type Instant struct {
	// Wall is the time of day.
	Wall time.Time
	// Monotonic is the time since some fixed moment. It never goes back.
	Monotonic time.Duration
}

// Since is the time from an earlier reading to this one, by the clock that says more. So a snapshot never looks younger
// than it is, neither after a sleep nor after the wall clock was set back.
func (i Instant) Since(earlier Instant) time.Duration {
	return max(i.Wall.Sub(earlier.Wall), i.Monotonic-earlier.Monotonic)
}

// Clock reads the time. All readings come from the same machine.
type Clock func() Instant

// SystemClock is this machine's clock.
func SystemClock() Clock {
	start := time.Now()
	return func() Instant {
		now := time.Now()
		return Instant{Wall: now.Round(0), Monotonic: now.Sub(start)}
	}
}
