package collector_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
)

func TestRefreshWithoutAPageTimesOut(t *testing.T) {
	slow := slices.Repeat([]page{{after: 119 * time.Second, sessions: created(2)}}, 30)
	for name, test := range map[string]struct {
		walk script
		took time.Duration
		up   float64
	}{
		"no page at all":              {hangs(), 2 * time.Minute, 0},
		"a page, and then no more":    {hangs(page{after: 30 * time.Second, sessions: created(3)}), 150 * time.Second, 0},
		"a page that comes too late":  {hangs(page{after: 2*time.Minute + 1, sessions: created(3)}), 2 * time.Minute, 0},
		"slow, but pages keep coming": {lists(slow...), 30 * 119 * time.Second, 1},
	} {
		bubble(t, name, func(t *testing.T) {
			target := newTarget(walks(test.walk))
			run(t, target)
			if took := scrape(2*time.Hour, target); took != test.took {
				t.Errorf("the refresh took %v, want %v", took, test.took)
			}
			shown(t, target).want(t, "up", test.up)
			if code := faceclient.Code(target.State().Health.LastError); test.up == 0 && code != faceclient.CodeTimeout {
				t.Errorf("code %q, want %q", code, faceclient.CodeTimeout)
			}
		})
	}
}

func TestOneTargetNeverOverlapsItsOwnWalks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := walks(lists(page{after: 90 * time.Second, sessions: created(1)}))
		target := newTarget(from, every(time.Second))
		run(t, target)
		for range 1000 {
			scrape(100*time.Millisecond, target)
			advance(time.Second)
		}
		if from.most.Load() != 1 || from.walks() < 5 {
			t.Errorf("%d walks, %d of them at once", from.walks(), from.most.Load())
		}
	})
}

func TestRunEndsPromptly(t *testing.T) {
	for name, test := range map[string]struct {
		walk    script
		busy    bool // all slots are held by others
		scraped bool
	}{
		"idle":                  {lists(page{}), false, false},
		"after a walk":          {lists(page{}), false, true},
		"before the first page": {hangs(), false, true},
		"between pages":         {hangs(page{sessions: created(2)}), false, true},
		"waiting for a slot":    {lists(page{}), true, true},
	} {
		bubble(t, name, func(t *testing.T) {
			slots := collector.NewSlots(1)
			other := newTarget(walks(reads(60)), within(slots))
			stopOther := run(t, other)
			if test.busy {
				released(other)
				synctest.Wait()
			}
			target := newTarget(walks(test.walk), within(slots))
			stop := run(t, target)
			var waiting []<-chan struct{}
			if test.scraped {
				waiting = append(waiting, released(target), released(target))
			}
			advance(time.Second)
			asked := time.Now()
			stop()
			for _, done := range waiting {
				<-done
			}
			if took := time.Since(asked); took != 0 {
				t.Errorf("it took %v to end", took)
			}
			if took := scrape(inTime, target); took != 0 {
				t.Errorf("a scrape after the end took %v", took)
			}
			stopOther()
			next := newTarget(walks(lists(page{})), within(slots))
			run(t, next)
			if took := scrape(inTime, next); took != 0 {
				t.Errorf("a slot is still held: the next refresh took %v", took)
			}
		})
	}
}

func TestRunThatBeginsAfterItsEnd(t *testing.T) {
	for range 50 { // the end and the scrape's wish come at once
		synctest.Test(t, func(t *testing.T) {
			target := newTarget(walks(hangs()))
			waiting := released(target)
			synctest.Wait()
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			target.Run(ctx)
			<-waiting
			<-released(target)
		})
	}
}
