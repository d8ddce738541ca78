package collector_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// settled is how long before a walk's horizon its window ends.
const settled = 30 * time.Second

// wantFlows compares creations, starts, expirations, abandonments and the window in seconds.
func wantFlows(t *testing.T, target *collector.Target, want ...float64) {
	t.Helper()
	values := shown(t, target)
	for i, name := range []string{
		"session_creations_total", "session_starts_total", "session_expirations_total", "session_abandonments_total", "flow_window_seconds_total",
	} {
		values.want(t, name, want[i])
	}
}

func TestFlowsCountAWindowFromWalkToWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		first, second := start.Add(-settled), start.Add(10*time.Minute-settled)
		var sessions []faceclient.Session
		for _, at := range []time.Time{
			first.Add(-time.Hour), first, first.Add(1), second.Add(-time.Minute), second, second.Add(1), second.Add(time.Minute), second.Add(time.Hour),
		} {
			sessions = append(sessions,
				faceclient.Session{ID: []byte("created"), Created: at, TTL: 1000 * time.Hour},
				faceclient.Session{ID: []byte("started"), Created: at.Add(-1000 * time.Hour), Started: at, TTL: 5000 * time.Hour},
				faceclient.Session{ID: []byte("expired"), Created: at.Add(-1000 * time.Hour), Started: at.Add(-999 * time.Hour), TTL: 1000 * time.Hour},
				faceclient.Session{ID: []byte("abandoned"), Created: at.Add(-1000 * time.Hour), TTL: 1000 * time.Hour, Expired: true},
			)
		}
		slow := page{after: time.Minute, sessions: sessions} // the horizon is when a walk begins
		again := func(ctx context.Context, attempts int, visitor facelist.Visitor) (facelist.Result, error) {
			page{sessions: sessions}.visit(visitor)
			visitor.Restart()
			return lists(slow)(ctx, attempts, visitor)
		}
		target := newTarget(walks([]script{lists(slow), again, fails(unavailable(), slow), lists(slow)}...))
		run(t, target)
		wantFlows(t, target, 0, 0, 0, 0, 0)
		scrape(time.Hour, target)
		wantFlows(t, target, 0, 0, 0, 0, 0)
		advance(9 * time.Minute)
		scrape(time.Hour, target)
		wantFlows(t, target, 3, 3, 6, 3, 600)
		advance(9 * time.Minute)
		scrape(time.Hour, target)
		wantFlows(t, target, 3, 3, 6, 3, 600)
		advance(9 * time.Minute) // what the failed walk missed is caught up
		scrape(time.Hour, target)
		advance(time.Minute) // no scrape waits after a failure
		wantFlows(t, target, 5, 5, 10, 5, 1800)
	})
}

// While the service's clock is wrong, counting waits: State and log say so, the log once an hour.
func TestAWrongClockIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logbook
		began, wrong := time.Now(), 0*time.Second
		target := newTarget(walks(func(_ context.Context, _ int, visitor facelist.Visitor) (facelist.Result, error) {
			horizon := time.Now().Add(wrong)
			visitor.Visit(facelist.Batch{Sessions: lively(), Date: horizon, Horizon: horizon})
			return facelist.Result{Pages: 1, Coverage: 1, Horizon: horizon}, nil
		}), logged(&book))
		run(t, target)
		var told []time.Duration
		for _, step := range []struct{ wrong, heldBack, window time.Duration }{ // walks are 10 minutes apart
			{0, 0, 0},
			{time.Minute, 0, 10*time.Minute + 6*time.Second},
			{0, 0, 20 * time.Minute}, // within a minute nobody is told
			{2 * time.Hour, 2*time.Hour - 6*time.Second, 30*time.Minute + 6*time.Second},
			{0, 0, 40 * time.Minute},
			{-2 * time.Hour, 2*time.Hour - 10*time.Minute, 40 * time.Minute},
			{-2 * time.Hour, 2*time.Hour - 20*time.Minute, 40 * time.Minute},
			{0, 0, 70 * time.Minute},
			{-time.Hour, 50 * time.Minute, 70 * time.Minute},
			{-time.Hour, 40 * time.Minute, 70 * time.Minute},
			{-time.Hour, 30 * time.Minute, 70 * time.Minute},
			{-time.Hour, 20 * time.Minute, 70 * time.Minute},
		} {
			wrong = step.wrong
			scrape(inTime, target)
			state := target.State()
			if window := time.Duration(state.Flows.Window * float64(time.Second)).Round(time.Second); window != step.window || state.Health.ClockHeldBack != step.heldBack {
				t.Errorf("after %v with a clock off by %v: windows of %v, held back by %v, want %v and %v",
					time.Since(began), step.wrong, window, state.Health.ClockHeldBack, step.window, step.heldBack)
			}
			for _, line := range book.take(t) {
				if line["held_back"] != nil {
					told = append(told, time.Since(began))
				}
			}
			advance(10 * time.Minute)
		}
		if !slices.Equal(told, []time.Duration{30 * time.Minute, 90 * time.Minute}) {
			t.Errorf("told after %v, want once an hour", told)
		}
	})
}

// A first Date that is years ahead or behind stops the counting for one walk, and not for years. An empty list moves the window,
// too.
func TestAFirstDateThatIsWrong(t *testing.T) {
	for _, years := range []int{75, -100} {
		synctest.Test(t, func(t *testing.T) {
			walk := 0
			target := newTarget(walks(func(context.Context, int, facelist.Visitor) (facelist.Result, error) {
				horizon := time.Now()
				if walk++; walk == 1 {
					horizon = horizon.AddDate(years, 0, 0)
				}
				return facelist.Result{Pages: 1, Coverage: 1, Horizon: horizon}, nil
			}), every(time.Hour))
			run(t, target)
			scrape(inTime, target)
			if target.State().Health.ClockHeldBack < 24*time.Hour {
				t.Errorf("a Date off by %d years is not told", years)
			}
			for range 3 {
				advance(time.Hour)
				scrape(inTime, target)
			}
			if window := target.State().Flows.Window; window != 2*3600 {
				t.Errorf("windows of %vs after a Date off by %d years, want those of the last two hours", window, years)
			}
		})
	}
}

func TestPartOfTheKeySpaceIsScaledUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sessions := times(map[string]int{"many": 20, "few": 19, "": 6})
		sessions = append(sessions, lively()[2:]...) // one of "tablet", started; one abandoned
		share := 0.3
		target := newTarget(walks(func(_ context.Context, _ int, visitor facelist.Visitor) (facelist.Result, error) {
			page{sessions: sessions}.visit(visitor)
			return facelist.Result{Pages: 1, Coverage: share}, nil
		}))
		run(t, target)
		scrape(inTime, target)
		values := shown(t, target)
		values.want(t, "snapshot_coverage_ratio", share)
		values.want(t, "sessions", 47/share)
		values.want(t, "sessions_expired", 2/share)
		values.want(t, "sessions_active", 45/share)
		values.want(t, "sessions_started", 1/share)
		values.want(t, "sessions_abandoned", 1/share)
		values.want(t, "sessions_without_device", 7/share)
		values.want(t, `device_sessions{device_correlation_id="many"}`, 20/share)
		values.wantAbsent(t, `device_sessions{device_correlation_id="few"}`)
		values.want(t, "device_sessions_other", 20/share)
		values.wantAbsent(t, "devices")
		values.wantAbsent(t, "sessions_per_device_count")
		values.want(t, "session_ttl_seconds_count", 157) // 156.67, rounded
		values.want(t, `session_ttl_seconds_bucket{le="60"}`, 7)
		values.want(t, `session_ttl_seconds_bucket{le="86400"}`, 157)

		advance(10 * time.Minute)
		scrape(inTime, target)
		if got := target.State().Flows; got.Expirations != 0 || got.Creations < 45/share-1e-6 || got.Creations > 45/share+1e-6 || got.Window != 600 {
			t.Errorf("flows %+v, want 45 creations ÷ 0.3 and a window of 600 s", got)
		}
	})
}
