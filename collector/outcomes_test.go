package collector_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
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
	asked  []string
}

func (l *looker) Session(ctx context.Context, id string, maxAttempts int) (faceclient.Check, int, error) {
	l.asked = append(l.asked, id)
	costs := max(1, l.costs)
	if maxAttempts > 0 && costs > maxAttempts {
		return faceclient.Check{}, maxAttempts, fmt.Errorf("look up: %w", faceclient.ErrNoAttempts)
	}
	check, err := l.answer(ctx, id)
	return check, costs, err
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

// endsAt walks a share of the sessions, which end in each walk's window.
func endsAt(coverage float64, ids func(walk int) []string) script {
	walk := 0
	return func(_ context.Context, _ int, visitor facelist.Visitor) (facelist.Result, error) {
		page{sessions: ending(time.Now(), ids(walk)...)}.visit(visitor)
		walk++
		return facelist.Result{Pages: 1, Coverage: coverage}, nil
	}
}

func TestEveryAnswerHasItsOutcome(t *testing.T) {
	yes, no := true, false
	answers := map[string]struct {
		check faceclient.Check
		err   error
	}{
		"realface":  {check: faceclient.Check{HasResult: true, StatusCode: 200, Decision: "realface", Identical: &yes, Latency: time.Second, ModelVersion: "2024"}},
		"spoofface": {check: faceclient.Check{HasResult: true, StatusCode: 200, Decision: "spoofface", Identical: &no}},
		"uncertain": {check: faceclient.Check{HasResult: true, Decision: "uncertain"}},
		"failed":    {check: faceclient.Check{HasResult: true, StatusCode: 400, ErrorCode: "VideoTooLong", Decision: "realface"}},
		"failed 2":  {check: faceclient.Check{HasResult: true, StatusCode: 200}},
		"no_result": {},
		"deleted":   {err: fmt.Errorf("look up: %w", &faceclient.Error{Status: http.StatusNotFound, Code: "SessionNotFound"})},
		"other":     {check: faceclient.Check{HasResult: true, StatusCode: 200, Decision: "maybe"}},
		"broken":    {err: unavailable()}, // not counted
	}
	synctest.Test(t, func(t *testing.T) {
		from := &looker{answer: func(_ context.Context, id string) (faceclient.Check, error) {
			return answers[id].check, answers[id].err
		}}
		target := newTarget(walks(endsAt(1, func(int) []string { return slices.Sorted(maps.Keys(answers)) })), sampled(100, from), func(options *collector.TargetOptions) {
			options.Operation = faceclient.DetectLivenessWithVerify
		})
		zero, none := shown(t, target), shown(t, newTarget(walks(lists())))
		run(t, target)
		scrape(inTime, target)
		advance(10 * time.Minute)
		scrape(inTime, target)
		synctest.Wait()
		values := shown(t, target)
		for label, samples := range map[string]float64{
			`outcome%s{outcome="realface"}`: 1, `outcome%s{outcome="spoofface"}`: 1, `outcome%s{outcome="uncertain"}`: 1, `outcome%s{outcome="failed"}`: 2,
			`outcome%s{outcome="no_result"}`: 1, `outcome%s{outcome="deleted"}`: 1, `outcome%s{outcome="other"}`: 1,
			`verification%s{identical="true"}`: 1, `verification%s{identical="false"}`: 1,
		} {
			estimate, sample := "session_"+fmt.Sprintf(label, "s_total"), "session_"+fmt.Sprintf(label, "_samples_total")
			zero.want(t, estimate, 0)
			zero.want(t, sample, 0)
			none.wantAbsent(t, estimate) // where none are sampled
			none.wantAbsent(t, sample)
			values.want(t, estimate, samples*9/8)
			values.want(t, sample, samples)
		}
		values.want(t, "up", 1)
		values.want(t, `session_failures_total{reason="VideoTooLong"}`, 9./8)
		values.want(t, `session_failure_samples_total{reason="VideoTooLong"}`, 1)
		values.want(t, `session_model_samples_total{model_version="2024"}`, 1)
		values.want(t, `session_check_duration_seconds_bucket{le="1"}`, 1)
	})
}

// Only sessions that were started and ended in the window are looked up, each once, and none that a restarted or failed
// walk saw.
func TestWhichSessionsAreLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &looker{answer: decides}
		walk := 0
		target := newTarget(walks(func(_ context.Context, _ int, visitor facelist.Visitor) (facelist.Result, error) {
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
		if got, want := from.asked, []string{"right-2", "right-4"}; !slices.Equal(got, want) {
			t.Errorf("looked up %q, want %q", got, want)
		}
	})
}

// The mean of many estimates is the truth and their spread is that of a sample without replacement: with fewer sessions than
// samples and with many more, with a part of the list, and with look-ups that fail or end early.
func TestOutcomesAreEstimatedWithoutBias(t *testing.T) {
	const runs, samples = 400, 20
	sizes := []int{0, 100, 3, 60, 12, 10} // sessions in each walk's window; the first walk counts nothing
	spoofs := func(walk int) int { return int(math.Round(float64(sizes[walk]*walk) / 20)) }
	for name, test := range map[string]struct {
		coverage, failing float64 // failing is the share of the look-ups
		answers           int     // after which the look-ups of a walk end
	}{
		"whole lists":                         {1, 0, samples},
		"whole lists, and look-ups that fail": {1, 0.2, samples},
		"a part of lists, and look-ups end":   {0.25, 0, 5},
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(19, 20))
			truth, variance := 0.0, 0.0
			for walk := 1; walk < len(sizes); walk++ {
				n, k := float64(sizes[walk]), min(float64(test.answers), float64(sizes[walk]))*(1-test.failing)
				share := float64(spoofs(walk)) / n
				truth += n * share / test.coverage
				if k < n {
					variance += n * n * share * (1 - share) / k * (n - k) / (n - 1) / test.coverage / test.coverage
				}
			}
			sum, squares := 0.0, 0.0
			for range runs {
				synctest.Test(t, func(t *testing.T) {
					failures, answers := 0, 0
					from := &looker{answer: func(ctx context.Context, id string) (faceclient.Check, error) {
						if failures < 2 && random.Float64() < test.failing { // three in a row would end the look-ups
							failures++
							return faceclient.Check{}, unavailable()
						}
						failures = 0
						if answers++; answers > test.answers {
							return faceclient.Check{}, faceclient.ErrNoAttempts
						}
						return decides(ctx, id)
					}}
					target := newTarget(walks(endsAt(test.coverage, func(walk int) []string {
						return slices.Concat(ids("spoofface", spoofs(walk)), ids("realface", sizes[walk]-spoofs(walk)))
					})), sampled(samples, from))
					run(t, target)
					for range sizes {
						answers = 0
						scrape(inTime, target)
						advance(10 * time.Minute)
					}
					estimate := target.State().Outcomes.Sessions[collector.SpoofFace]
					sum += estimate
					squares += (estimate - truth) * (estimate - truth)
				})
			}
			if off := math.Abs(sum/runs - truth); off > 4.5*math.Sqrt(variance/runs) {
				t.Errorf("the mean of %d estimates is %.1f, want %.1f ± %.1f", runs, sum/runs, truth, math.Sqrt(variance/runs))
			}
			if ratio := squares / runs / variance; ratio < 0.65 || ratio > 1.5 {
				t.Errorf("the variance of the estimates is %.2f of what it should be", ratio)
			}
		})
	}
}
