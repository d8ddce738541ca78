package facesim

import (
	"math"
	"sync"
	"time"
)

// RateLimit is what a resource allows, as a bucket of tokens by the service's clock. What goes beyond gets 429.
type RateLimit struct {
	PerSecond float64 // requests; 0: no limit. S0 has 10; F0 has 20 a minute, so a third
	Burst     int     // requests at once after a pause; default 1
	Shape     Shape   // of the 429's body
	Hint      Hint    // where the 429 says how long to wait
}

type limiter struct {
	mu     sync.Mutex // guards all
	limit  RateLimit
	tokens float64
	filled time.Time // when tokens was right; zero: the bucket is full
}

func (l *limiter) set(limit RateLimit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit.Burst = max(limit.Burst, 1)
	l.limit, l.filled = limit, time.Time{}
}

// take lets a request through, wait 0, or says how long until the next one may come.
func (l *limiter) take(now time.Time) (wait time.Duration, shape Shape, hint Hint) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit.PerSecond <= 0 {
		return 0, 0, 0
	}
	if l.filled.IsZero() {
		l.tokens = float64(l.limit.Burst)
	} else if passed := now.Sub(l.filled).Seconds(); passed > 0 {
		l.tokens = math.Min(float64(l.limit.Burst), l.tokens+passed*l.limit.PerSecond)
	}
	l.filled = now
	// A client that waits for exactly one token's time must get it, whatever the floating point leaves.
	const rounding = 1e-6
	if l.tokens >= 1-rounding {
		l.tokens--
		return 0, 0, 0
	}
	missing := (1 - l.tokens) / l.limit.PerSecond
	return time.Duration(missing * float64(time.Second)), l.limit.Shape, l.limit.Hint
}
