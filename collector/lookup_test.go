package collector_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	facesim "face_liveness_exporter/faceclient/facetest"
)

// Look-ups that end early have asked for any of the sessions, not for those whose ids come first.
func TestTheOrderOfLookUpsIsRandom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &looker{answer: func(context.Context, string) (faceclient.Check, error) {
			return faceclient.Check{}, faceclient.ErrNoAttempts
		}}
		target := newTarget(walks(endsAt(func(int) []string { return ids("realface", 10) }, always1)), sampled(10, from))
		run(t, target)
		for range 101 {
			scrape(inTime, target)
			advance(10 * time.Minute)
		}
		times := map[string]int{}
		for _, id := range from.looked() {
			times[id]++
		}
		for _, id := range ids("realface", 10) { // 10 ± 3 of 100
			if n := times[id]; n < 1 || n > 30 {
				t.Errorf("%s was the first one %d times of 100", id, n)
			}
		}
	})
}

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
		list := walks(endsAt(func(walk int) []string { return ids("realface", 10) }, always1))
		var book logbook
		target := newTarget(list, sampled(10, from), every(time.Minute), logged(&book))
		stop := run(t, target)
		for refreshes := 1; refreshes <= 5; refreshes++ {
			if took := scrape(inTime, target); took != 0 {
				t.Errorf("scrape %d took %v", refreshes, took)
			}
			if state := target.State(); !state.Health.Up || state.Health.Refreshes != uint64(refreshes) || state.Age != 0 {
				t.Errorf("refresh %d: %+v, age %v", refreshes, state.Health, state.Age)
			}
			advance(time.Minute)
		}
		asking := time.Now()
		stop()
		if took := time.Since(asking); took != 0 {
			t.Errorf("the end took %v", took)
		}
		// Four walks had a sample. Two of each are answered, and stand for ten.
		outcomes := target.State().Outcomes
		if outcomes.Looked() != 8 || outcomes.Sessions[collector.RealFace] != 40 {
			t.Errorf("%+v, want 8 looked up for 40 sessions", outcomes)
		}
		for _, line := range book.take(t) {
			if line["level"] == "WARN" {
				t.Errorf("logged %v", line)
			}
		}
	})
}

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
		if asked := len(from.looked()); asked != 4*3 {
			t.Errorf("%d look-ups of 4 refreshes, want 3 each", asked)
		}
		if state := target.State(); !state.Health.Up || state.Outcomes.Looked() != 0 {
			t.Errorf("%+v", state)
		}
		works = true
		scrape(inTime, target)
		advance(time.Minute)
		var told []string
		for _, line := range book.take(t) {
			if line["level"] != "DEBUG" && strings.Contains(fmt.Sprint(line["msg"]), "look-ups") {
				told = append(told, fmt.Sprint(line["level"], " ", line["error_code"]))
			}
		}
		if want := []string{"WARN 403", "INFO <nil>"}; !slices.Equal(told, want) {
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
		service := facesim.New(facesim.Options{})
		defer service.Close()
		start := time.Now()
		for i := range 600 {
			ends := start.Add(time.Duration(i) * time.Second)
			service.Add(facesim.DetectLiveness, facesim.Session{
				ID: fmt.Sprintf("%08x-0000-4000-8000-000000000000", i*0x01000193), Created: ends.Add(-facesim.DefaultTTL), Started: ends.Add(-9 * time.Minute),
			})
		}
		service.Fail(facesim.RateLimited(facesim.ShapeCode, facesim.HintHeader, 30*time.Second).OnSessions())
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

// The list comes first: look-ups take what it leaves of a refresh's share of the budget.
func TestLookUpsTakeWhatTheListLeavesOfTheBudget(t *testing.T) {
	for _, test := range []struct {
		name           string
		pages, costs   int
		least, most    int // look-ups a refresh
		everythingRead bool
	}{
		{"the list needs little", 2, 1, 7, 8, true},
		{"look-ups that are retried", 2, 3, 2, 3, true},
		{"the list needs all", 10, 1, 0, 1, true},
		{"the list needs more", 40, 1, 0, 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// 10 requests a refresh.
				budget := collector.NewBudget(10*30*24*12, 5*time.Minute, []faceclient.Operation{faceclient.DetectLiveness}, nil)
				from := &looker{answer: decides, costs: test.costs}
				var list *source
				list = walks(func(_ context.Context, visitor facelist.Visitor) (facelist.Result, error) {
					used := min(test.pages, list.allowed[len(list.allowed)-1])
					page{sessions: ending(time.Now(), ids("realface", 100)...)}.visit(visitor)
					return facelist.Result{Requests: used, Pages: used, Coverage: float64(used) / float64(test.pages)}, nil
				})
				target := newTarget(list, sampled(100, from), func(options *collector.TargetOptions) { options.Budget = budget })
				run(t, target)
				for range 200 {
					scrape(inTime, target)
					advance(5 * time.Minute)
				}
				if walks := list.walks(); walks != 200 {
					t.Errorf("%d refreshes, want 200", walks)
				}
				for walk, allowed := range list.allowed {
					if full := allowed >= min(10, test.pages); !full {
						t.Fatalf("refresh %d may make %d requests", walk, allowed)
					}
				}
				if looked := len(from.looked()) / 199; looked < test.least || looked > test.most {
					t.Errorf("%d look-ups a refresh, want %d to %d", looked, test.least, test.most)
				}
				if complete := target.State().Snapshot.Complete(); complete != test.everythingRead {
					t.Errorf("complete: %v", complete)
				}
			})
		})
	}
}
