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
