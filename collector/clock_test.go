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

// move moves the wall clock and the other one. They differ if the machine slept, or somebody set the clock.
func (c *clock) move(wall, monotonic time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now.Wall, c.now.Monotonic = c.now.Wall.Add(wall), c.now.Monotonic+monotonic
}

// set gives a target this clock.
func (c *clock) set(options *collector.TargetOptions) { options.Clock = c.read }

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
			target := newTarget(walks(lists(page{sessions: lively()})), now.set)
			run(t, target)
			collector.EnsureFresh(context.Background(), target)
			now.move(test.passes+test.leaps, test.passes)
			if state := target.State(); state.Shown != test.shown {
				t.Errorf("shown is %v at age %v", state.Shown, state.Age)
			}
		})
	}
}
