package faceclient

import (
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	// minRetryWait is the first wait before a retry that the service does not time. It doubles with each retry.
	minRetryWait = 500 * time.Millisecond
	// freePerRetry is how many failures of a request, for each retry it has, cost no retry while other answers arrive.
	freePerRetry = 3
)

// decision says what to do after an attempt has failed.
type decision int

const (
	giveUp     decision = iota
	retryNow            // the Retry-After gate holds the request back, or only the credential has changed
	retryLater          // after a wait that grows with each retry
)

// progress is how much has arrived elsewhere.
type progress struct {
	answers    int   // to requests of the same allowance
	ofResource int64 // to all requests of the resource
}

// retries is how often a request has been tried again. It is a value: next returns the one that follows.
type retries struct {
	limit        int // Options.MaxRetries
	used         int
	free         int // failures that cost no retry
	reauthorized bool
	seen         progress // at the last failure that cost no retry
}

// next decides about an attempt that has failed. The argument renewed says that another attempt would carry another
// credential.
//
// A 401 is tried again once, if the credential was renewed. A 429 costs no retry if the resource has answered any request
// since the last one. Any other failure costs none if an answer for the same allowance has arrived since the last one, up
// to freePerRetry times for each retry: in a service that fails every second request, one of many workers may always meet
// the second.
func (r retries) next(failure *Error, now progress, renewed bool) (retries, decision) {
	switch {
	case failure.Status == http.StatusUnauthorized && !r.reauthorized && renewed:
		r.reauthorized = true
		return r, retryNow
	case !failure.temporary():
		return r, giveUp
	case failure.Status == http.StatusTooManyRequests && now.ofResource != r.seen.ofResource:
		r.seen.ofResource = now.ofResource
	case now.answers != r.seen.answers && r.free < freePerRetry*r.limit:
		r.seen.answers = now.answers
		r.free++
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
