package faceclient

import (
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	// minRetryWait is the first wait before a retry that the service does not time. It doubles with each retry.
	minRetryWait = 500 * time.Millisecond
)

// decision says what to do after an attempt has failed.
type decision int

const (
	giveUp     decision = iota
	retryNow            // the Retry-After gate holds the request back, or only the credential has changed
	retryLater          // after a wait that grows with each retry
)

// retries is how often a request has been tried again. It is a value: next returns the one that follows.
type retries struct {
	limit        int // Options.MaxRetries
	used         int
	reauthorized bool
	seen         int64 // answers of the resource at the last 429
}

// next decides about an attempt that has failed. The argument renewed says that another attempt would carry another
// credential.
//
// A 401 is tried again once, if the credential was renewed. A 429 costs no retry if the resource has answered any request
// since the last one.
func (r retries) next(failure *Error, answers int64, renewed bool) (retries, decision) {
	switch {
	case failure.Status == http.StatusUnauthorized && !r.reauthorized && renewed:
		r.reauthorized = true
		return r, retryNow
	case !failure.temporary():
		return r, giveUp
	case failure.Status == http.StatusTooManyRequests && answers != r.seen:
		r.seen = answers
	case r.used == r.limit:
		return r, giveUp
	default:
		r.used++
	}
	if failure.asksToWait() {
		return r, retryNow
	}
	return r, retryLater
}

// retryWait is the wait before a retry, after so many retries: what the service asked for, or else a random time from
// half of minRetryWait × 2ⁿ to the whole of it. In either case it is at most longest.
func retryWait(used int, asked, longest time.Duration) time.Duration {
	wait := minRetryWait << min(used, 20)
	wait = wait/2 + rand.N(wait/2)
	if asked > 0 {
		asked = min(asked, longest)       // before the sum, which could overflow
		wait = asked + rand.N(asked/10+1) // others were told the same time
	}
	return min(wait, longest)
}
