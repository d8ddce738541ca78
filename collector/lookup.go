package collector

import (
	"context"
	"errors"
	"math/rand/v2"

	"face_liveness_exporter/faceclient"
)

// maxLookUpFailures in a row end the look-ups after a refresh: the others would probably fail as well.
const maxLookUpFailures = 3

// lookUp asks for the outcomes of a walk's sample, one session after the other, and publishes what they say. It ends when
// a refresh becomes due, whose requests come first. What was answered by then counts.
func (t *Target) lookUp(ctx context.Context, counted *tally) {
	sample := counted.sample
	if len(sample.ids) == 0 || t.options.Looker == nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.mu.Lock()
	if t.running != nil {
		t.mu.Unlock()
		return
	}
	t.endLookUps = cancel
	t.mu.Unlock()
	// The look-ups can end early, and what was looked up by then must be a random sample too.
	rand.Shuffle(len(sample.ids), func(i, j int) { sample.ids[i], sample.ids[j] = sample.ids[j], sample.ids[i] })
	answers, err := t.ask(ctx, sample.ids)
	t.mu.Lock()
	t.endLookUps = nil
	t.publish(func(s *State) { s.Outcomes = s.Outcomes.with(answers, sample.offered, counted.snapshot.Coverage) })
	t.mu.Unlock()
	if ctx.Err() == nil {
		t.reportLookUps(ctx, err)
	}
}

// ask looks sessions up. The error is why the last look-up failed; nil if it did not.
func (t *Target) ask(ctx context.Context, ids []string) (answers []answer, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = newPanicError(value)
		}
	}()
	failures := 0
	for _, id := range ids {
		allowed, some := t.options.Budget.grant(t.Operation(), false)
		if ctx.Err() != nil || failures == maxLookUpFailures || !some {
			break
		}
		check, attempts, failure := t.options.Looker.Session(ctx, id, allowed.attempts)
		t.options.Budget.spend(allowed, attempts)
		outcome, known := outcomeOf(check, failure)
		switch {
		case known:
			answers = append(answers, answer{check, outcome})
			failures, err = 0, nil
		case errors.Is(failure, faceclient.ErrNoAttempts):
			return answers, err
		default:
			failures, err = failures+1, failure
		}
	}
	return answers, err
}
