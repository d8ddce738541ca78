package collector_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// Health says when the last refresh ended, whether one is under way, and how long a scrape waits with the next one.
func TestHealthSaysWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newTarget(walks(
			fails(unavailable(), page{after: 3 * time.Second, sessions: created(1)}),
			lists(page{after: 5 * time.Second, sessions: created(1)}),
		), every(time.Minute))
		run(t, target)
		if health := target.State().Health; health.Refreshing || !health.LastEnded.IsZero() || target.State().DueIn != 0 {
			t.Errorf("before the first refresh: %+v", health)
		}
		began := time.Now()
		scrape(inTime, target)
		failed := target.State().Health
		if failed.Refreshing || failed.LastEnded.Sub(began) != 3*time.Second {
			t.Errorf("after a failure that took 3 s: refreshing %v, ended %v after the start", failed.Refreshing, failed.LastEnded.Sub(began))
		}
		if wait := target.State().DueIn; wait < 15*time.Second || wait > 17*time.Second {
			t.Errorf("the next refresh waits for %v, want 15 s and a little", wait)
		}
		advance(20 * time.Second)
		if took := scrape(inTime, target); took != 0 {
			t.Errorf("a scrape after a failure waited %v", took)
		}
		if !target.State().Health.Refreshing {
			t.Error("a refresh under way is not said to be")
		}
		advance(5 * time.Second)
		if health := target.State().Health; health.Refreshing || health.LastEnded != time.Now() || target.State().DueIn != 54*time.Second {
			t.Errorf("after a success: %+v", health)
		}
	})
}
