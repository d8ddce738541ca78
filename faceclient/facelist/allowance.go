package facelist

import "sync"

// allowance is how many attempts a walk may make, and how many it has made. It is safe for use by many goroutines.
type allowance struct {
	mu      sync.Mutex // guards what follows
	bounded bool
	left    int // attempts, where bounded
	used    int
}

// newAllowance allows so many attempts; any number where that is 0.
func newAllowance(attempts int) *allowance { return &allowance{bounded: attempts > 0, left: attempts} }

func (a *allowance) budget() budget {
	a.mu.Lock()
	defer a.mu.Unlock()
	return budget{left: a.left, bounded: a.bounded}
}

// lift takes the bound away.
func (a *allowance) lift() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bounded = false
}

// take takes an attempt, and says how many a request may make: 0 is any number. It is false if none is left.
func (a *allowance) take() (attempts int, some bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !a.bounded:
		return 0, true
	case a.left == 0:
		return 0, false
	}
	a.left--
	return 1, true
}

// book counts the attempts of a request that has taken so many.
func (a *allowance) book(taken, attempts int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left = max(0, a.left+taken-attempts)
	a.used += attempts
}
