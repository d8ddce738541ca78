package collector_test

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient/facelist"
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

// Without Date the horizon is this machine's time, and the sessions' times can be compared with its wall clock alone.
func TestOurOwnClockThatLeapsIsNotBelievedAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		leaps             []time.Duration // before each walk
		windows, creation []float64       // after each walk; windows to the nearest second
	}{
		"asleep for an hour":   {[]time.Duration{0, time.Hour, 0}, []float64{0, 0, 3600}, []float64{0, 0, 1}},
		"set back and forward": {[]time.Duration{0, -time.Hour, 0, time.Hour, 0}, []float64{0, 0, 0, 0, 0}, []float64{0, 0, 0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			now := newClock()
			sessions := created(2)
			sessions[0].Created, sessions[1].Created = now.now.Wall.Add(-30*time.Minute), now.now.Wall.Add(30*time.Minute)
			target := newTarget(walks(func(_ context.Context, visitor facelist.Visitor) (facelist.Result, error) {
				horizon := now.read().Wall
				visitor.Visit(facelist.Batch{Sessions: sessions, Date: horizon, Horizon: horizon})
				return facelist.Result{Pages: 1, Coverage: 1, Horizon: horizon}, nil
			}), every(time.Millisecond), clocked(now))
			run(t, target)
			for walk, leap := range test.leaps {
				now.advance(time.Millisecond)
				now.leap(leap)
				collector.EnsureFresh(context.Background(), target)
				if got := target.State().Flows; math.Round(got.Window) != test.windows[walk] || got.Creations != test.creation[walk] {
					t.Errorf("after walk %d: %+v, want %vs and %v creations", walk+1, got, test.windows[walk], test.creation[walk])
				}
			}
		})
	}
}
