package collector_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// looker answers for every session as its function says, and remembers which ones it was asked for.
type looker struct {
	answer func(ctx context.Context, id string) (faceclient.Check, error)
	costs  int // requests of each look-up; 0 means 1

	mu    sync.Mutex
	asked []string
}

func (l *looker) Session(ctx context.Context, id string, maxAttempts int) (faceclient.Check, int, error) {
	l.mu.Lock()
	l.asked = append(l.asked, id)
	l.mu.Unlock()
	costs := max(1, l.costs)
	if maxAttempts > 0 && costs > maxAttempts {
		return faceclient.Check{}, maxAttempts, fmt.Errorf("look up: %w", faceclient.ErrNoAttempts)
	}
	check, err := l.answer(ctx, id)
	return check, costs, err
}

func (l *looker) looked() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.asked)
}

// decides answers by the decision that stands in the id before its first "-".
func decides(_ context.Context, id string) (faceclient.Check, error) {
	decision, _, _ := strings.Cut(id, "-")
	return faceclient.Check{HasResult: true, StatusCode: 200, Decision: decision}, nil
}

func sampled(samples int, from collector.Looker) func(*collector.TargetOptions) {
	return func(options *collector.TargetOptions) { options.Samples, options.Looker = samples, from }
}

// ending are sessions that were started and whose TTL ends in the window of a walk that begins at this time.
func ending(at time.Time, ids ...string) []faceclient.Session {
	sessions := created(len(ids))
	for i, id := range ids {
		sessions[i] = faceclient.Session{
			ID: []byte(id), Created: at.Add(-11 * time.Minute), Started: at.Add(-10 * time.Minute), TTL: 10*time.Minute + 30*time.Second, Expired: true,
		}
	}
	return sessions
}

// ids makes so many ids with a decision.
func ids(decision string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s-%d", decision, i)
	}
	return all
}

// endsAt walks the sessions that end in each walk's window.
func endsAt(ids func(walk int) []string, coverage func(walk int) float64) script {
	walk := 0
	return func(_ context.Context, visitor facelist.Visitor) (facelist.Result, error) {
		page{sessions: ending(time.Now(), ids(walk)...)}.visit(visitor)
		share := coverage(walk)
		walk++
		return facelist.Result{Pages: 1, Coverage: share}, nil
	}
}

func always1(int) float64 { return 1 }

func TestEveryAnswerHasItsOutcome(t *testing.T) {
	yes, no := true, false
	answers := map[string]struct {
		check faceclient.Check
		err   error
	}{
		"realface":  {check: faceclient.Check{HasResult: true, StatusCode: 200, Decision: "realface", Identical: &yes}},
		"spoofface": {check: faceclient.Check{HasResult: true, StatusCode: 200, Decision: "spoofface", Identical: &no}},
		"uncertain": {check: faceclient.Check{HasResult: true, Decision: "uncertain"}},
		"failed":    {check: faceclient.Check{HasResult: true, StatusCode: 400, Decision: "realface"}},
		"failed 2":  {check: faceclient.Check{HasResult: true, StatusCode: 200}},
		"no_result": {},
		"deleted":   {err: fmt.Errorf("look up: %w", &faceclient.Error{Status: http.StatusNotFound, Code: "SessionNotFound"})},
		"other":     {check: faceclient.Check{HasResult: true, StatusCode: 200, Decision: "maybe"}},
		"broken":    {err: unavailable()},
	}
	synctest.Test(t, func(t *testing.T) {
		names := []string{"realface", "spoofface", "uncertain", "failed", "failed 2", "no_result", "deleted", "other", "broken"}
		from := &looker{answer: func(_ context.Context, id string) (faceclient.Check, error) {
			return answers[id].check, answers[id].err
		}}
		target := newTarget(walks(endsAt(func(int) []string { return names }, always1)), sampled(100, from), func(options *collector.TargetOptions) {
			options.Operation = faceclient.DetectLivenessWithVerify
		})
		zero := shown(t, target)
		run(t, target)
		scrape(inTime, target)
		advance(10 * time.Minute)
		scrape(inTime, target)
		synctest.Wait()
		values := shown(t, target)
		for outcome, samples := range map[string]float64{
			"realface": 1, "spoofface": 1, "uncertain": 1, "failed": 2, "no_result": 1, "deleted": 1, "other": 1,
		} {
			zero.want(t, fmt.Sprintf("session_outcomes_total{outcome=%q}", outcome), 0)
			zero.want(t, fmt.Sprintf("session_outcome_samples_total{outcome=%q}", outcome), 0)
			values.want(t, fmt.Sprintf("session_outcomes_total{outcome=%q}", outcome), samples*9/8)
			values.want(t, fmt.Sprintf("session_outcome_samples_total{outcome=%q}", outcome), samples)
		}
		for _, identical := range []string{"true", "false"} {
			zero.want(t, fmt.Sprintf("session_verifications_total{identical=%q}", identical), 0)
			values.want(t, fmt.Sprintf("session_verifications_total{identical=%q}", identical), 9./8)
			values.want(t, fmt.Sprintf("session_verification_samples_total{identical=%q}", identical), 1)
		}
		values.want(t, "up", 1)
		values.want(t, "refresh_failures_total", 0)
	})
}

func TestOutcomesAreShownWhereTheyAreSampled(t *testing.T) {
	for _, test := range []struct {
		samples   int
		operation faceclient.Operation
		outcomes  int
		verified  int
	}{
		{0, faceclient.DetectLivenessWithVerify, 0, 0},
		{1, faceclient.DetectLiveness, 14, 0},
		{1, faceclient.DetectLivenessWithVerify, 14, 4},
	} {
		target := newTarget(walks(lists(page{sessions: lively()})), sampled(test.samples, nil), func(options *collector.TargetOptions) {
			options.Operation = test.operation
		})
		outcomes, verified := 0, 0
		for name := range shown(t, target) {
			if strings.HasPrefix(name, "face_liveness_session_outcome") {
				outcomes++
			}
			if strings.HasPrefix(name, "face_liveness_session_verification") {
				verified++
			}
		}
		if outcomes != test.outcomes || verified != test.verified {
			t.Errorf("%d samples of %s: %d and %d series, want %d and %d", test.samples, test.operation, outcomes, verified, test.outcomes, test.verified)
		}
	}
}

// Only sessions that were started and ended in the window are looked up, each once, and none that a restarted or failed
// walk saw.
func TestWhichSessionsAreLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &looker{answer: decides}
		walk := 0
		target := newTarget(walks(func(_ context.Context, visitor facelist.Visitor) (facelist.Result, error) {
			walk++
			now := time.Now()
			never := ending(now, "never-started")
			never[0].Started = time.Time{}
			before, after := ending(now.Add(-time.Hour), fmt.Sprint("before-", walk)), ending(now.Add(time.Hour), fmt.Sprint("after-", walk))
			page{sessions: ending(now, fmt.Sprint("restarted-", walk))}.visit(visitor)
			visitor.Restart()
			page{sessions: slices.Concat(never, before, after, ending(now, fmt.Sprint("right-", walk)))}.visit(visitor)
			if walk == 3 {
				return facelist.Result{Requests: 1}, unavailable()
			}
			return whole(1), nil
		}), sampled(10, from))
		run(t, target)
		for range 4 {
			scrape(inTime, target)
			advance(10 * time.Minute)
		}
		if got, want := from.looked(), []string{"right-2", "right-4"}; !slices.Equal(got, want) {
			t.Errorf("looked up %q, want %q", got, want)
		}
	})
}

// The mean of each counter is the truth and its spread is that of a sample without replacement, over many runs: with fewer
// sessions than samples and with many more, with a part of the list, and with look-ups that fail.
func TestOutcomesAreEstimatedWithoutBias(t *testing.T) {
	const runs, windows, samples = 400, 6, 20
	sizes := []int{0, 400, 3, 60, 1000, 10} // sessions in each walk's window; the first walk counts nothing
	for _, test := range []struct {
		name     string
		coverage float64
		failing  float64 // share of the look-ups
		answers  int     // after which the look-ups of a walk end
	}{
		{"whole lists", 1, 0, samples},
		{"whole lists, and look-ups that fail", 1, 0.2, samples},
		{"whole lists, and look-ups that end early", 1, 0, 5},
		{"a part of the list", 0.25, 0, samples},
	} {
		t.Run(test.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(19, 20))
			var estimates []float64
			total, spoofs, variance := 0.0, 0.0, 0.0
			for walk := 1; walk < windows; walk++ {
				n := float64(sizes[walk])
				share := math.Round(n*float64(walk)/20) / n // grows from walk to walk
				total += n / test.coverage
				spoofs += n * share / test.coverage
				k := min(float64(test.answers), n) * (1 - test.failing)
				if k < n {
					variance += n * n * share * (1 - share) / k * (n - k) / (n - 1) / test.coverage / test.coverage
				}
			}
			for range runs {
				synctest.Test(t, func(t *testing.T) {
					failures, answers := 0, 0
					from := &looker{answer: func(ctx context.Context, id string) (faceclient.Check, error) {
						// Two in a row at the most, as three end the look-ups.
						if failures < 2 && random.Float64() < test.failing {
							failures++
							return faceclient.Check{}, unavailable()
						}
						failures = 0
						if answers++; answers > test.answers {
							return faceclient.Check{}, faceclient.ErrNoAttempts
						}
						return decides(ctx, id)
					}}
					target := newTarget(walks(endsAt(func(walk int) []string {
						n := sizes[walk]
						spoof := int(math.Round(float64(n*walk) / 20))
						return slices.Concat(ids("spoofface", spoof), ids("realface", n-spoof))
					}, func(int) float64 { return test.coverage })), sampled(samples, from))
					run(t, target)
					for range windows {
						answers = 0
						scrape(inTime, target)
						advance(10 * time.Minute)
					}
					got := target.State().Outcomes
					if sum := got.Sessions[collector.SpoofFace] + got.Sessions[collector.RealFace]; math.Abs(sum-total) > 0.02*total {
						t.Errorf("%v sessions in all, want %v", sum, total)
					}
					if most := uint64(samples*3 + 3 + 10); got.Looked() > most {
						t.Errorf("%d look-ups, want %d at most", got.Looked(), most)
					}
					estimates = append(estimates, got.Sessions[collector.SpoofFace])
				})
			}
			mean, spread := 0.0, 0.0
			for _, estimate := range estimates {
				mean += estimate / runs
			}
			for _, estimate := range estimates {
				spread += (estimate - mean) * (estimate - mean) / (runs - 1)
			}
			if off := math.Abs(mean - spoofs); off > 4.5*math.Sqrt(variance/runs) {
				t.Errorf("the mean of %d estimates is %.1f, want %.1f ± %.1f", runs, mean, spoofs, math.Sqrt(variance/runs))
			}
			if ratio := spread / variance; ratio < 0.65 || ratio > 1.5 {
				t.Errorf("the estimates spread by %.1f, want %.1f", math.Sqrt(spread), math.Sqrt(variance))
			}
		})
	}
}

// BenchmarkSample counts pages whose sessions are all to be sampled, which is more than any real list has. No samples are
// the baseline.
func BenchmarkSample(b *testing.B) {
	for _, samples := range []int{0, 100} {
		b.Run(fmt.Sprintf("samples=%d", samples), func(b *testing.B) {
			sessions := pageOf(1000)
			now := newClock()
			target := newTarget(walks(lists(), func(_ context.Context, visitor facelist.Visitor) (facelist.Result, error) {
				horizon := now.read().Wall
				for i := range sessions {
					sessions[i].Created, sessions[i].Started, sessions[i].TTL = horizon.Add(-11*time.Minute), horizon.Add(-10*time.Minute), 10*time.Minute+30*time.Second
				}
				pages := 0
				for b.Loop() {
					visitor.Visit(facelist.Batch{Sessions: sessions, Date: horizon, Horizon: horizon})
					pages++
				}
				return facelist.Result{Pages: pages, Coverage: 1, Horizon: horizon}, nil
			}), sampled(samples, &looker{answer: decides}), clocked(now))
			b.ReportAllocs()
			run(b, target)
			collector.EnsureFresh(context.Background(), target)
			now.advance(10 * time.Minute)
			collector.EnsureFresh(context.Background(), target)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/session")
		})
	}
}
