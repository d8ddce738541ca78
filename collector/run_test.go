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
	tests := []struct {
		name  string
		pages []page
		after time.Duration
	}{
		{"no page at all", nil, 2 * time.Minute},
		{"a page, and then no more", []page{{after: 30 * time.Second, sessions: created(3)}}, 150 * time.Second},
		{"a page that comes too late", []page{{after: 2*time.Minute + 1, sessions: created(3)}}, 2 * time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				from := walks(hangs(test.pages...))
				target := newTarget(from)
				run(t, target)
				scrape(time.Hour, target)
				begun, ended := from.times()
				if took := ended[0].Sub(begun[0]); took != test.after {
					t.Errorf("the refresh was given up after %v, want %v", took, test.after)
				}
				health := target.State().Health
				if code := faceclient.Code(health.LastError); code != faceclient.CodeTimeout || health.Up || health.Failures != 1 {
					t.Errorf("code %q, want %q; health %+v", code, faceclient.CodeTimeout, health)
				}
				shown(t, target).wantAbsent(t, "sessions")
			})
		})
	}
}

func TestSlowWalkWithPagesGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages := slices.Repeat([]page{{after: 119 * time.Second, sessions: created(2)}}, 30)
		target := newTarget(walks(lists(pages...)))
		run(t, target)
		if took, want := scrape(2*time.Hour, target), 30*119*time.Second; took != want {
			t.Errorf("the walk took %v, want %v", took, want)
		}
		values := shown(t, target)
		values.want(t, "up", 1)
		values.want(t, "sessions", 60)
		values.want(t, "refresh_duration_seconds", 30*119)
	})
}

func TestSlotsBoundRefreshesOfAllTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := walks(lists(page{after: 100 * time.Second, sessions: created(1)}))
		slots := collector.NewSlots(2)
		targets := make([]*collector.Target, 5)
		for i := range targets {
			targets[i] = newTarget(from, within(slots))
		}
		run(t, targets...)
		// The last one waits for longer than the refresh time-out, which must not count.
		if took := scrape(time.Hour, targets...); took != 300*time.Second {
			t.Errorf("5 refreshes of 100s in 2 slots took %v, want 300s", took)
		}
		if from.most != 2 {
			t.Errorf("%d refreshes at once, want 2", from.most)
		}
		for _, target := range targets {
			values := shown(t, target)
			values.want(t, "up", 1)
			values.want(t, "refresh_duration_seconds", 100)
		}
		advance(time.Hour)
		if took := scrape(time.Hour, targets...); took != 300*time.Second {
			t.Errorf("the next time they took %v: a slot is still held", took)
		}
	})
}

// Resources that do not answer get half of the slots, so that one that does need not wait for them, but only the first time.
func TestTargetsThatFailLeaveSlotsToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slots := collector.NewSlots(4)
		failing := walks(hangs())
		var targets []*collector.Target
		for range 20 {
			targets = append(targets, newTarget(failing, within(slots)))
		}
		run(t, targets...)
		released(targets...)
		advance(time.Hour) // all have failed
		well := walks(lists(page{after: time.Second, sessions: created(1)}))
		good := newTarget(well, within(slots))
		run(t, good)
		failing.most = 0
		for range 100 {
			released(targets...)
			if took := scrape(time.Minute, good); took > time.Second {
				t.Fatalf("a refresh of 1s took %v", took)
			}
			advance(30 * time.Second)
		}
		if failing.most != 2 || well.walks() < 8 {
			t.Errorf("%d of the failing refreshes at once, want 2; %d others", failing.most, well.walks())
		}
	})
}

// within has a target share slots.
func within(slots *collector.Slots) func(*collector.TargetOptions) {
	return func(options *collector.TargetOptions) { options.Slots = slots }
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
		if from.most != 1 || from.walks() < 5 {
			t.Errorf("%d walks, %d of them at once", from.walks(), from.most)
		}
	})
}

func TestAHangingTargetDoesNotHoldUpTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck, well := walks(hangs()), walks(lists(page{after: time.Second, sessions: created(3)}))
		hanging := newTarget(stuck, func(options *collector.TargetOptions) { options.Operation = faceclient.DetectLivenessWithVerify })
		other := newTarget(well)
		run(t, hanging, other)
		if took := scrape(inTime, hanging, other); took != inTime {
			t.Errorf("the scrape took %v, want its %v", took, inTime)
		}
		shown(t, other).want(t, "sessions", 3)
		if _, ended := well.times(); time.Since(ended[0]) != inTime-time.Second {
			t.Errorf("the other's walk ended %v ago, want %v", time.Since(ended[0]), inTime-time.Second)
		}
		shown(t, hanging).want(t, "up", 0)
		for range 120 {
			scrape(inTime, hanging, other)
			advance(time.Second)
			if snapshot := other.State().Snapshot; time.Since(snapshot.Ended.Wall) > 5*time.Minute+15*time.Second {
				t.Fatalf("the other's snapshot is %v old", time.Since(snapshot.Ended.Wall))
			}
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

func TestRunEndsPromptly(t *testing.T) {
	tests := []struct {
		name    string
		scripts []script
		busy    bool // all slots are held by others
		scraped bool
	}{
		{"idle", []script{lists(page{})}, false, false},
		{"after a walk", []script{lists(page{})}, false, true},
		{"before the first page", []script{hangs()}, false, true},
		{"between pages", []script{hangs(page{sessions: created(2)})}, false, true},
		{"waiting for a slot", []script{lists(page{})}, true, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slots := collector.NewSlots(1)
				other := newTarget(walks(hangs()), within(slots))
				stopOther := run(t, other)
				if test.busy {
					released(other)
					synctest.Wait()
				}
				target := newTarget(walks(test.scripts...), within(slots))
				stop := run(t, target)
				var waiting []<-chan struct{}
				if test.scraped {
					for range 3 {
						waiting = append(waiting, released(target))
					}
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
				<-released(target)
				if took := scrape(inTime, target); took != 0 {
					t.Errorf("a scrape after the end took %v", took)
				}
				stopOther()
				next := newTarget(walks(lists(page{})), within(slots))
				run(t, next)
				if scrape(inTime, next); !next.State().Shown {
					t.Error("a slot is still held")
				}
			})
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

func TestScrapeBeforeRunIsServedOnceItBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newTarget(walks(lists(page{sessions: created(3)})))
		if took := scrape(time.Second, target); took != time.Second {
			t.Errorf("a scrape that nobody serves took %v, want its 1s", took)
		}
		waiting := released(target)
		advance(time.Minute)
		run(t, target)
		<-waiting
		shown(t, target).want(t, "sessions", 3)
	})
}

func TestEndDuringARefreshIsNoFailureOfTheResource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newTarget(walks(lists(page{sessions: created(3)}), hangs(page{sessions: created(1)})))
		stop := run(t, target)
		scrape(inTime, target)
		advance(6 * time.Minute)
		scrape(time.Second, target)
		stop()
		shown(t, target).want(t, "sessions", 3)
	})
}

func TestPrepareWithoutTargets(t *testing.T) {
	collector.EnsureFresh(context.Background())
}
