package faceclient_test

import (
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
)

func TestRetryDecisions(t *testing.T) {
	status := func(status int) *faceclient.Error { return &faceclient.Error{Status: status} }
	type attempt struct {
		failure  *faceclient.Error
		answered int64
		renewed  bool
		want     faceclient.Decision
		used     int
	}
	for _, test := range []struct {
		name     string
		limit    int
		attempts []attempt
	}{
		{"what will not pass", 4, []attempt{{failure: status(403), want: faceclient.GiveUp}}},
		{"TLS that is refused", 4, []attempt{{failure: &faceclient.Error{Code: faceclient.CodeTLS}, want: faceclient.GiveUp}}},
		{"no connection", 4, []attempt{{failure: &faceclient.Error{Code: faceclient.CodeConnection}, want: faceclient.RetryLater, used: 1}}},
		{"a failure that may pass", 2, []attempt{
			{failure: status(503), want: faceclient.RetryLater, used: 1},
			{failure: status(503), want: faceclient.RetryLater, used: 2},
			{failure: status(503), want: faceclient.GiveUp, used: 2},
		}},
		{"no retry is allowed", 0, []attempt{{failure: status(503), want: faceclient.GiveUp}}},
		{"a rate limit while others are answered", 0, []attempt{
			{failure: status(429), answered: 1, want: faceclient.RetryNow},
			{failure: status(429), answered: 2, want: faceclient.RetryNow},
			{failure: status(429), answered: 2, want: faceclient.GiveUp},
		}},
		{"a rate limit while nobody is answered", 1, []attempt{
			{failure: status(429), want: faceclient.RetryNow, used: 1},
			{failure: status(429), want: faceclient.GiveUp, used: 1},
		}},
		{"the service names a time", 1, []attempt{
			{failure: &faceclient.Error{Status: 503, Wait: time.Second}, want: faceclient.RetryNow, used: 1},
		}},
		{"another credential", 0, []attempt{
			{failure: status(401), renewed: true, want: faceclient.RetryNow},
			{failure: status(401), renewed: true, want: faceclient.GiveUp},
		}},
		{"the same credential", 4, []attempt{{failure: status(401), want: faceclient.GiveUp}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := faceclient.NewRetries(test.limit)
			for i, attempt := range test.attempts {
				var got faceclient.Decision
				r, got = r.Next(attempt.failure, attempt.answered, attempt.renewed)
				if got != attempt.want || r.Used() != attempt.used {
					t.Errorf("attempt %d: decision %d with %d retries used, want %d with %d", i+1, got, r.Used(), attempt.want, attempt.used)
				}
			}
		})
	}
}
