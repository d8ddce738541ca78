package faceclient

import (
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
	last         *Error // the last failure after which the request was tried again
}

// next decides after an attempt. The failure is nil if there was none, and pages is how many pages of the resource have come so
// far.
//
// A 401 is tried again once, if another attempt has another credential. A 429 costs no retry if a page of the resource has
// come since the last one. A look-up that is asked to wait is given up.
func (r retries) next(failure *Error, pages int64) retries {
	r.decision = giveUp
	switch {
	case failure == nil:
		return r
	case failure.Status == http.StatusUnauthorized && failure.renewed && !r.reauthorized:
		r.reauthorized = true
		r.decision = retryNow
	case !failure.temporary(), r.lookUp && failure.asksToWait():
		return r
	case failure.Status == http.StatusTooManyRequests && pages != r.pages:
		r.pages = pages
		r.decision = retryNow
	case r.used == r.limit:
		return r
	default:
		r.used++
		r.decision = retryLater
	}
	if failure.asksToWait() {
		r.decision = retryNow
	}
	r.last = failure
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
