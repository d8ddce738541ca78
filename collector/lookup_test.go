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
		target := newTarget(walks(endsAt(1, func(int) []string { return ids("realface", 10) })), sampled(10, from), every(time.Minute), logged(&book))
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
		if told := levels(book.take(t), "DEBUG"); len(told) > 0 {
			t.Errorf("logged %v", told)
		}
	})
}

// Three failures in a row, or a panic, end the look-ups of a refresh. The log says when that begins and when it ends.
func TestLookUpsThatFailForGood(t *testing.T) {
	for name, test := range map[string]struct {
		fails   func(context.Context, string) (faceclient.Check, error)
		lookUps int // of each refresh
	}{
		"refused": {func(context.Context, string) (faceclient.Check, error) {
			return faceclient.Check{}, answered(http.StatusForbidden, "403")
		}, 3},
		"a panic": {func(context.Context, string) (faceclient.Check, error) { panic("bug") }, 1},
	} {
		bubble(t, name, func(t *testing.T) {
			var book logbook
			from := &looker{answer: test.fails}
			target := newTarget(walks(endsAt(1, func(int) []string { return ids("realface", 50) })), sampled(50, from), logged(&book))
			run(t, target)
			for range 5 {
				scrape(inTime, target)
				advance(10 * time.Minute)
			}
			if state := target.State(); !state.Health.Up || state.Outcomes.Looked() != 0 || len(from.asked) != 4*test.lookUps {
				t.Errorf("%d look-ups of 4 refreshes, want %d each: %+v", len(from.asked), test.lookUps, state)
			}
			from.answer = decides
			scrape(inTime, target)
			advance(time.Minute)
			if told, want := levels(book.take(t), "DEBUG"), []string{"WARN", "INFO"}; !slices.Equal(told, want) {
				t.Errorf("told %q, want %q", told, want)
			}
		})
	}
}

// endEvery has a session of the service end again and again, from now on.
func endEvery(gap time.Duration, n int, service *facetest.Server) {
	for i := range n {
		ends := time.Now().Add(time.Duration(i) * gap)
		service.Add(facetest.DetectLiveness, facetest.Session{
			ID: fmt.Sprintf("%08x-0000-4000-8000-000000000000", i*0x01000193), Created: ends.Add(-facetest.DefaultTTL), Started: ends.Add(-9 * time.Minute),
		})
	}
}

// Look-ups that the service wants to wait hold up neither the lists nor the next refresh.
func TestRateLimitedLookUpsDelayNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service, start := facetest.New(facetest.Options{}), time.Now()
		endEvery(time.Second, 600, service)
		service.Fail(facetest.RateLimited(30 * time.Second).OnSessions())
		target, _ := simulated(t, service, asking{2, 1000, 4}, every(10*time.Second), func(options *collector.TargetOptions) {
			options.Samples, options.Timeout = 20, 3*time.Second
		})
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
			list := walks(func(_ context.Context, attempts int, visitor facelist.Visitor) (facelist.Result, error) {
				if attempts < min(10, test.pages) {
					t.Errorf("a refresh may make %d requests", attempts)
				}
				page{sessions: ending(time.Now(), ids("realface", 100)...)}.visit(visitor)
				return part(test.pages, attempts), nil
			})
			budget := collector.NewBudget(perRefresh(10), 5*time.Minute, []faceclient.Operation{faceclient.DetectLiveness}, nil)
			target := newTarget(list, sampled(100, from), paid(budget))
			run(t, target)
			for range 200 {
				scrape(inTime, target)
				advance(5 * time.Minute)
			}
			if looked := len(from.asked) / 199; list.walks() != 200 || looked < test.least || looked > test.most {
				t.Errorf("%d refreshes with %d look-ups each, want 200 with %d to %d", list.walks(), looked, test.least, test.most)
			}
			if complete := target.State().Snapshot.Complete(); complete != test.wholeListRead {
				t.Errorf("complete: %v", complete)
			}
		})
	}
}
