package faceclient

import (
	"testing"
	"time"
)

func TestRetryDecisions(t *testing.T) {
	status := func(status int) *Error { return &Error{Status: status} }
	renewed := &Error{Status: 401, renewed: true}
	type attempt struct {
		failure *Error
		pages   int64
		want    decision
		used    int
	}
	for _, test := range []struct {
		name     string
		begin    retries
		attempts []attempt
	}{
		{"what will not pass", retries{limit: 4}, []attempt{{failure: status(403)}}},
		{"TLS that is refused", retries{limit: 4}, []attempt{{failure: &Error{Code: CodeTLS}}}},
		{"no connection", retries{limit: 4}, []attempt{{failure: &Error{Code: CodeConnection}, want: retryLater, used: 1}}},
		{"a failure that may pass", retries{limit: 2}, []attempt{
			{failure: status(503), want: retryLater, used: 1},
			{failure: status(503), pages: 1, want: retryLater, used: 2},
			{failure: status(503), pages: 2, want: giveUp, used: 2},
		}},
		{"no retry is allowed", retries{}, []attempt{{failure: status(503)}}},
		{"a rate limit while others are answered", retries{}, []attempt{
			{failure: status(429), pages: 1, want: retryNow},
			{failure: status(429), pages: 2, want: retryNow},
			{failure: status(429), pages: 2},
		}},
		{"a rate limit while nobody is answered", retries{limit: 1}, []attempt{
			{failure: status(429), want: retryNow, used: 1},
			{failure: status(429), want: giveUp, used: 1},
		}},
		{"a rate limit of a look-up", retries{limit: 4, lookUp: true}, []attempt{{failure: status(429), pages: 1}}},
		{"a look-up that fails", retries{limit: 1, lookUp: true}, []attempt{{failure: status(503), want: retryLater, used: 1}}},
		{"a look-up that is asked to wait", retries{limit: 4, lookUp: true}, []attempt{{failure: &Error{Status: 503, Wait: time.Second}}}},
		{"the service names a time", retries{limit: 1}, []attempt{{failure: &Error{Status: 503, Wait: time.Second}, want: retryNow, used: 1}}},
		{"another credential", retries{}, []attempt{{failure: renewed, want: retryNow}, {failure: renewed}}},
		{"the same credential", retries{limit: 4}, []attempt{{failure: status(401)}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := test.begin
			for i, attempt := range test.attempts {
				r = r.next(attempt.failure, attempt.pages)
				if r.decision != attempt.want || r.used != attempt.used {
					t.Errorf("attempt %d: decision %d with %d retries used, want %d with %d", i+1, r.decision, r.used, attempt.want, attempt.used)
				}
			}
		})
	}
}

func TestWaitsGrowWithinTheirBound(t *testing.T) {
	for used := 1; used < 70; used++ {
		wait := retries{decision: retryLater, used: used}.wait(minRetryWait, 5*time.Second)
		longest := min(minRetryWait<<min(used-1, 20), 5*time.Second)
		if wait > longest || wait < min(minRetryWait<<min(used-1, 20)/2, 5*time.Second) {
			t.Errorf("wait %d: %v", used, wait)
		}
	}
	if wait := (retries{decision: retryNow, used: 1}).wait(minRetryWait, time.Second); wait != 0 {
		t.Errorf("waits %v when the gate holds it", wait)
	}
}
