package collector_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
)

// within has a target share slots.
func within(slots *collector.Slots) func(*collector.TargetOptions) {
	return func(options *collector.TargetOptions) { options.Slots = slots }
}

// sharing makes targets of one source that share slots.
func sharing(n int, slots *collector.Slots, from collector.Source) []*collector.Target {
	targets := make([]*collector.Target, n)
	for i := range targets {
		targets[i] = newTarget(from, within(slots))
	}
	return targets
}

// reads lists pages for a number of seconds, one each second.
func reads(seconds int) script {
	return lists(slices.Repeat([]page{{after: time.Second, sessions: created(1)}}, seconds)...)
}

// However the others hold their slots, a resource that answers is read within a minute, and sooner if the others wait for the
// service: at the start, when nothing has failed yet, and later.
func TestAGoodResourceIsReadWhateverTheOthersDo(t *testing.T) {
	every := func(pause time.Duration, n int) []page {
		return slices.Repeat([]page{{after: pause, sessions: created(1)}}, n)
	}
	for name, test := range map[string]struct {
		others script
		within time.Duration
	}{
		"they never answer":             {hangs(), 20 * time.Second},
		"they stop after a page":        {hangs(every(time.Second, 1)...), 30 * time.Second},
		"they stop after many pages":    {hangs(every(time.Second, 50)...), 35 * time.Second},
		"they have very long lists":     {reads(600), 35 * time.Second},
		"their pages take seconds":      {lists(every(5*time.Second, 100)...), 20 * time.Second},
		"they fail after half a minute": {fails(unavailable(), every(30*time.Second, 1)...), 20 * time.Second},
	} {
		bubble(t, name, func(t *testing.T) {
			slots := collector.NewSlots(8)
			bad := sharing(54, slots, walks(test.others))
			run(t, bad...)
			released(bad...)
			synctest.Wait()
			good := sharing(6, slots, walks(reads(3)))
			run(t, good...)
			for range 3 {
				if took := scrape(time.Hour, good...); took > test.within {
					t.Errorf("6 good resources took %v, want %v", took, test.within)
				}
				for range 10 {
					advance(30 * time.Second)
					released(bad...)
				}
			}
		})
	}
}

// More slots help those who already wait, and fewer are in force as soon as refreshes have ended.
func TestSlotsAreResized(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slots, from := collector.NewSlots(1), walks(reads(9))
		targets := sharing(6, slots, from)
		run(t, targets...)
		all := released(targets...)
		advance(time.Second)
		if from.open.Load() != 1 {
			t.Errorf("%d refreshes in one slot", from.open.Load())
		}
		slots.Resize(4)
		if synctest.Wait(); from.open.Load() != 4 {
			t.Errorf("%d refreshes in 4 slots", from.open.Load())
		}
		slots.Resize(2)
		if advance(9500 * time.Millisecond); from.open.Load() != 2 {
			t.Errorf("%d refreshes in 2 slots", from.open.Load())
		}
		<-all
		advance(time.Hour)
		from.most.Store(0)
		if took := scrape(time.Hour, targets...); took != 27*time.Second || from.most.Load() != 2 {
			t.Errorf("6 refreshes of 9s in 2 slots took %v, %d at once", took, from.most.Load())
		}
		for _, target := range targets {
			shown(t, target).want(t, "refresh_duration_seconds", 9) // without the wait for a slot
		}
	})
}

// released prepares the targets without a deadline, and says when that is over.
func released(targets ...*collector.Target) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		collector.EnsureFresh(context.Background(), targets...)
	}()
	return done
}
