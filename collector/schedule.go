package collector

import (
	"context"
	"math/rand/v2"
	"time"

	"face_liveness_exporter/faceclient"
)

const (
	// firstRetryDelay is the minimum time from a first failed refresh to the next one. It doubles with every failure.
	firstRetryDelay = 15 * time.Second
	// quotaDelay is that time after the service refused because a quota is used up, unless it named a shorter one.
	quotaDelay = time.Hour
)

// tolerance is how much before the end of an interval a refresh is due. Scrapes at a whole fraction of the interval come a
// little early or late, and one that comes early must not skip a refresh.
func tolerance(interval time.Duration) time.Duration { return min(time.Second, interval/20) }

// run is one refresh.
type run struct {
	done chan struct{} // closed when it ended, successful or not
	// retries: it follows a failed refresh, and neither the key nor the settings changed in between.
	retries bool
}

// retry is the wait after a failed refresh. The zero value is no wait.
type retry struct {
	failed Instant
	delay  time.Duration
}

// dueIn is how long after now a refresh is due: after the wait that follows a failure, or when the snapshot is old.
func (s *State) dueIn(now Instant) time.Duration {
	switch {
	case s.retry.delay > 0:
		return max(0, s.retry.delay-now.Since(s.retry.failed))
	case s.Snapshot == nil || s.Health.FailuresInRow > 0:
		return 0
	default:
		return max(0, s.Interval-tolerance(s.Interval)-now.Since(s.Snapshot.Began))
	}
}

// EnsureFresh brings targets up to date before a scrape. It starts every refresh that is due, and waits for those whose
// result the scrape can have before ctx ends. It does not wait for a refresh that probably takes longer while an older
// snapshot can be shown, nor for one that only tries again what failed: a resource that does not answer must not slow down
// the scrape of the others.
func EnsureFresh(ctx context.Context, targets ...*Target) {
	var awaited []*run
	for _, target := range targets {
		if refresh := target.ensure(); refresh != nil && !refresh.retries && target.worthAwaiting(ctx) {
			awaited = append(awaited, refresh)
		}
	}
	for _, refresh := range awaited {
		select {
		case <-refresh.done:
		case <-ctx.Done():
			return
		}
	}
}

// ensure returns the refresh under way, after starting it if one is due; nil if there is none.
func (t *Target) ensure() *run {
	now := t.clock()
	state := t.state.Load()
	waiting := !state.Health.Refreshing && state.retry.delay > 0 && state.dueIn(now) > 0
	// Asked outside the lock, because it can read a file.
	changed := waiting && t.options.Source.CredentialChanged()

	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running != nil || t.stopped {
		return t.running
	}
	state = t.state.Load()
	if state.dueIn(now) > 0 && !changed {
		return nil
	}
	if _, some := t.options.Budget.grant(t.Operation(), true); !some {
		return nil
	}
	t.running = &run{done: make(chan struct{}), retries: state.retry.delay > 0 && !changed}
	if t.endLookUps != nil {
		t.endLookUps()
	}
	t.publish(func(s *State) { s.Health.Refreshing = true })
	t.wanted <- struct{}{}
	return t.running
}

// worthAwaiting reports whether a scrape should wait for the refresh under way: if there is nothing to show yet, or if the
// refresh will probably end before the scrape must.
func (t *Target) worthAwaiting(ctx context.Context) bool {
	state := t.State()
	deadline, bounded := ctx.Deadline()
	return !state.Shown || !bounded || state.Health.LastWalk < time.Until(deadline)
}

// retryDelay is the minimum time from the end of the n-th failure in a row to the next refresh.
func retryDelay(err error, n int, interval time.Duration) time.Duration {
	delay := min(interval, firstRetryDelay<<min(n-1, 20))
	switch failure := clientError(err); {
	case failure.Code == faceclient.CodeQuotaExceeded:
		delay = quotaDelay
		if failure.Wait > 0 {
			delay = min(quotaDelay, failure.Wait)
		}
		delay = max(interval, delay)
	case failure.Refused(), failure.Code == faceclient.CodePagination: // asking soon again brings the same answer
		delay = interval
	}
	return delay + rand.N(delay/10+1)
}
