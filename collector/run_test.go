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

// A refresh under way is no failure when Run ends.
func TestRunEndsPromptly(t *testing.T) {
	for name, test := range map[string]struct {
		walk script
		busy bool // all slots are held by others
	}{
		"before the first page": {hangs(), false},
		"between pages":         {hangs(page{sessions: created(2)}), false},
		"waiting for a slot":    {lists(page{}), true},
	} {
		bubble(t, name, func(t *testing.T) {
			var book logbook
			slots := collector.NewSlots(1)
			other := newTarget(walks(reads(60)), within(slots))
			stopOther := run(t, other)
			if test.busy {
				released(other)
				synctest.Wait()
			}
			target := newTarget(walks(test.walk), within(slots), logged(&book))
			stop := run(t, target)
			waiting := []<-chan struct{}{released(target), released(target)}
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
			if lines := book.take(t); len(lines) != 0 {
				t.Errorf("the end logs %v", lines)
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
