package faceclient

import (
	"errors"
	"time"
)

// Limits say how hard a client may try.
type Limits struct {
	// MaxRequestsPerSecond bounds the rate of attempts, above 0 and finite; below 1 is usual for the free tier.
	MaxRequestsPerSecond float64
	// MaxConcurrentRequests bounds the attempts in flight, 1 or more.
	MaxConcurrentRequests int
	// RequestTimeout bounds one attempt, from sending to the end of the body; above 0. Waits before it do not count.
	RequestTimeout time.Duration
	// MaxRetries is how often a request is tried again after its first attempt, 0 or more. A 429 costs no retry while
	// other requests are answered.
	MaxRetries int
	// MaxRetryWait bounds every wait before a retry, those that the service asks for included; 0 or more.
	MaxRetryWait time.Duration
}

func (l Limits) check() error {
	switch {
	case l.MaxRequestsPerSecond <= 0 || l.MaxConcurrentRequests < 1:
		return errors.New("requests per second and concurrent requests must be above 0")
	case l.RequestTimeout <= 0 || l.MaxRetries < 0 || l.MaxRetryWait < 0:
		return errors.New("request timeout must be above 0, retries and their wait not below")
	}
	return nil
}
