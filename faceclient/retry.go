package faceclient

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

// minRetryWait is the first wait before a retry that the service does not time. It doubles with each retry.
const minRetryWait = 500 * time.Millisecond

// decision says what to do after an attempt has failed.
type decision int

const (
	giveUp     decision = iota
	retryNow            // the gate holds the request back, or only the credential has changed
	retryLater          // after a wait that grows with each retry
)

// retries is how often a request has been tried again. It is a value: next returns the one that follows.
type retries struct {
	limit        int  // Limits.MaxRetries
	lookUp       bool // the request asks for one session
	used         int
	reauthorized bool
	pages        int64 // of the resource, at the last 429
	decision     decision
}

// next decides about an attempt that has failed. The argument pages is how many pages of the resource have come so far.
//
// A 401 is tried again once, if another attempt has another credential. A 429 costs no retry if a page of the resource has
// come since the last one. A look-up that is asked to wait is given up.
func (r retries) next(failure *Error, pages int64) retries {
	waits := failure.asksToWait()
	r.decision = retryLater
	switch {
	case failure.Status == http.StatusUnauthorized && failure.renewed && !r.reauthorized:
		r.reauthorized, r.decision = true, retryNow
		return r
	case !failure.temporary() || r.lookUp && waits:
		r.decision = giveUp
		return r
	case failure.Status == http.StatusTooManyRequests && pages != r.pages:
		r.pages = pages
	case r.used == r.limit:
		r.decision = giveUp
		return r
	default:
		r.used++
	}
	if waits {
		r.decision = retryNow
	}
	return r
}

// wait is the wait before the attempt that was decided on.
func (r retries) wait(shortest, longest time.Duration) time.Duration {
	if r.decision == retryNow {
		return 0
	}
	return growing(r.used-1, shortest, longest)
}

// growing is a random wait from half of shortest × 2ⁿ to the whole of it, and not above longest.
func growing(n int, shortest, longest time.Duration) time.Duration {
	wait := shortest << min(n, 20)
	return min(wait/2+rand.N(wait/2), longest)
}

// retrier gives the answers of [retries] to go-retryablehttp.
type retrier struct {
	retries retries
	pace    *pace
	last    *Error // the last failure after which the request was tried again
}

// check is a retryablehttp.CheckRetry.
func (r *retrier) check(ctx context.Context, _ *http.Response, err error) (bool, error) {
	failure, failed := errors.AsType[*Error](err)
	if !failed || ctx.Err() != nil {
		r.retries.decision = giveUp
		return false, nil
	}
	r.retries = r.retries.next(failure, r.pace.pages())
	if r.retries.decision == giveUp {
		return false, nil
	}
	r.last = failure
	return true, nil
}

// backoff is a retryablehttp.Backoff.
func (r *retrier) backoff(shortest, longest time.Duration, _ int, _ *http.Response) time.Duration {
	return r.retries.wait(shortest, longest)
}
