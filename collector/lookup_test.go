package collector_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/faceclient/facetest"
)

// A look-up that hangs holds up neither scrapes nor refreshes, and what was answered before counts.
func TestLookUpsYieldToTheNextRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		from := &looker{answer: func(ctx context.Context, id string) (faceclient.Check, error) {
			if asked++; asked%3 != 0 {
				return decides(ctx, id)
			}
			<-ctx.Done()
			return faceclient.Check{}, canceled(ctx)
		}}
		var book logbook
		target := newTarget(walks(endsAt(func(int) []string { return ids("realface", 10) }, always1)), sampled(10, from), every(time.Minute), logged(&book))
		stop := run(t, target)
		for refreshes := 1; refreshes <= 5; refreshes++ {
			took := scrape(inTime, target)
			if state := target.State(); took != 0 || !state.Health.Up || state.Health.Refreshes != uint64(refreshes) || state.Age != 0 {
				t.Errorf("refresh %d took %v: %+v, age %v", refreshes, took, state.Health, state.Age)
			}
			advance(time.Minute)
		}
		asking := time.Now()
		if stop(); time.Since(asking) != 0 {
			t.Errorf("the end took %v", time.Since(asking))
		}
		// Four walks had a sample. Two of each are answered, and stand for ten.
		outcomes := target.State().Outcomes
		if outcomes.Looked() != 8 || outcomes.Sessions[collector.RealFace] != 40 {
			t.Errorf("%+v, want 8 looked up for 40 sessions", outcomes)
		}
		if levels := levels(book.take(t)); slices.Contains(levels, "WARN") {
			t.Errorf("logged %v", levels)
		}
	})
}

// Three failures in a row end the look-ups of a refresh. The log says when that begins and when it ends.
func TestLookUpsThatFailForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		works := false
		from := &looker{answer: func(ctx context.Context, id string) (faceclient.Check, error) {
			if works {
				return decides(ctx, id)
			}
			return faceclient.Check{}, answered(http.StatusForbidden, "403")
		}}
		var book logbook
		target := newTarget(walks(endsAt(func(int) []string { return ids("realface", 50) }, always1)), sampled(50, from), logged(&book))
		run(t, target)
		for range 5 {
			scrape(inTime, target)
			advance(10 * time.Minute)
		}
		if state := target.State(); !state.Health.Up || state.Outcomes.Looked() != 0 || len(from.looked()) != 4*3 {
			t.Errorf("%d look-ups of 4 refreshes, want 3 each: %+v", len(from.looked()), state)
		}
		works = true
		scrape(inTime, target)
		advance(time.Minute)
		told := slices.DeleteFunc(levels(book.take(t)), func(level string) bool { return level == "DEBUG" })
		if want := []string{"WARN", "INFO"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}

func TestAPanicOfALookUpEndsTheLookUps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &looker{answer: func(context.Context, string) (faceclient.Check, error) { panic("bug") }}
		target := newTarget(walks(endsAt(func(int) []string { return ids("realface", 5) }, always1)), sampled(5, from))
		run(t, target)
		for range 3 {
			scrape(inTime, target)
			advance(10 * time.Minute)
		}
		if state := target.State(); !state.Health.Up || state.Health.Refreshes != 3 || len(from.looked()) != 2 {
			t.Errorf("%d looked up, %+v", len(from.looked()), state.Health)
		}
	})
}

// Look-ups that the service wants to wait hold up neither the lists nor the next refresh.
func TestRateLimitedLookUpsDelayNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := facetest.New(facetest.Options{})
		defer service.Close()
		start := time.Now()
		for i := range 600 {
			ends := start.Add(time.Duration(i) * time.Second)
			service.Add(facetest.DetectLiveness, facetest.Session{
				ID: fmt.Sprintf("%08x-0000-4000-8000-000000000000", i*0x01000193), Created: ends.Add(-facetest.DefaultTTL), Started: ends.Add(-9 * time.Minute),
			})
		}
		service.Fail(facetest.RateLimited(facetest.ShapeCode, facetest.HintHeader, 30*time.Second).OnSessions())
		transport := service.Transport()
		defer transport.CloseIdleConnections()
		api := collector.NewAPIMetrics("contoso-prod", faceclient.Operations(), 0)
		list := listOf(t, service, faceclient.DetectLiveness, facelist.Limits{PageSize: 1000, MaxPages: 20, Workers: 1}, api, func(options *faceclient.Options) {
			options.MaxRetries, options.Transport = 4, transport
		})
		target := newTarget(list, sampled(20, list), every(10*time.Second), func(options *collector.TargetOptions) {
			options.API, options.Timeout = api, 3*time.Second
		})
		defer run(t, target)()
		for range 300 {
			scrape(inTime, target)
			advance(time.Until(start.Add(time.Since(start).Truncate(time.Second) + time.Second)))
			if state := target.State(); !state.Health.Up || state.Age > 12*time.Second {
				t.Fatalf("after %v: up %v, age %v: %v", time.Since(start), state.Health.Up, state.Age, state.Health.LastError)
			}
		}
		if refreshes := target.State().Health.Refreshes; refreshes < 30 {
			t.Errorf("%v refreshes in five minutes, want one every ten seconds", refreshes)
		}
	})
}

// The list comes first: look-ups take what it leaves of a refresh's share of the budget, 10 requests.
func TestLookUpsTakeWhatTheListLeavesOfTheBudget(t *testing.T) {
	for name, test := range map[string]struct {
		pages, costs  int
		least, most   int // look-ups a refresh
		wholeListRead bool
	}{
		"the list needs little":     {2, 1, 7, 8, true},
		"look-ups that are retried": {2, 3, 2, 3, true},
		"the list needs all":        {10, 1, 0, 1, true},
		"the list needs more":       {40, 1, 0, 1, false},
	} {
		bubble(t, name, func(t *testing.T) {
			from := &looker{answer: decides, costs: test.costs}
			var list *source
			list = walks(func(_ context.Context, visitor facelist.Visitor) (facelist.Result, error) {
				allowed := list.allowed[len(list.allowed)-1]
				if allowed < min(10, test.pages) {
					t.Errorf("refresh %d may make %d requests", len(list.allowed), allowed)
				}
				used := min(test.pages, allowed)
				page{sessions: ending(time.Now(), ids("realface", 100)...)}.visit(visitor)
				return facelist.Result{Requests: used, Pages: used, Coverage: float64(used) / float64(test.pages)}, nil
			})
			target := newTarget(list, sampled(100, from), func(options *collector.TargetOptions) {
				options.Budget = collector.NewBudget(perRefresh(10), 5*time.Minute, []faceclient.Operation{faceclient.DetectLiveness}, nil)
			})
			run(t, target)
			for range 200 {
				scrape(inTime, target)
				advance(5 * time.Minute)
			}
			if looked := len(from.looked()) / 199; list.walks() != 200 || looked < test.least || looked > test.most {
				t.Errorf("%d refreshes with %d look-ups each, want 200 with %d to %d", list.walks(), looked, test.least, test.most)
			}
			if complete := target.State().Snapshot.Complete(); complete != test.wholeListRead {
				t.Errorf("complete: %v", complete)
			}
		})
	}
}
