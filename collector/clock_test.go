package collector_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"face_liveness_exporter/collector"
)

// clock is a machine's two clocks.
type clock struct {
	mu  sync.Mutex
	now collector.Instant
}

func newClock() *clock {
	return &clock{now: collector.Instant{Wall: time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC), Monotonic: time.Hour}}
}

func (c *clock) read() collector.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// advance lets time pass.
func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now.Wall, c.now.Monotonic = c.now.Wall.Add(d), c.now.Monotonic+d
}

// leap moves the wall clock alone: the machine slept, or somebody set the clock.
func (c *clock) leap(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now.Wall = c.now.Wall.Add(d)
}

func clocked(c *clock) func(*collector.TargetOptions) {
	return func(options *collector.TargetOptions) { options.Clock = c.read }
}

func TestSnapshotAgesByTheClockThatSaysMore(t *testing.T) {
	for name, test := range map[string]struct {
		passes, leaps time.Duration
		shown         bool
	}{
		"young":                                 {0, 0, true},
		"slept for less than max_stale":         {0, 59 * time.Minute, true},
		"slept for more than max_stale":         {0, 61 * time.Minute, false},
		"wall clock set back":                   {0, -8 * time.Hour, true},
		"old, and the wall clock was set back":  {61 * time.Minute, -time.Hour, false},
		"old, and the wall clock set way ahead": {61 * time.Minute, 8 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			now := newClock()
			target := newTarget(walks(lists(page{sessions: lively()})), clocked(now))
			run(t, target)
			collector.EnsureFresh(context.Background(), target)
			now.advance(test.passes)
			now.leap(test.leaps)
			if state := target.State(); state.Shown != test.shown {
				t.Errorf("shown is %v at age %v", state.Shown, state.Age)
			}
		})
	}
}
