package faceclient

import (
	"errors"
	"sync"
	"time"
)

// errAllowance says that a walk has sent all the requests that it may.
var errAllowance = errors.New("the requests of this walk are used up")

// ledger counts the attempts of one walk, and the pages that came of them.
type ledger struct {
	mu        sync.Mutex // guards what follows
	bounded   bool
	left      int // attempts, where bounded
	used      int
	came      int // pages
	firstSent time.Time
}

// reserve takes an attempt from the allowance and tells whether there was one.
func (l *ledger) reserve() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bounded && l.left == 0 {
		return false
	}
	l.left--
	l.used++
	return true
}

// giveBack undoes a reserve whose attempt was not sent.
func (l *ledger) giveBack() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left++
	l.used--
}

// repeated counts an attempt that nobody could reserve.
func (l *ledger) repeated() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = max(0, l.left-1)
	l.used++
}

// sent notes that an attempt is sent now.
func (l *ledger) sent() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.firstSent.IsZero() {
		l.firstSent = time.Now()
	}
}

// answered counts a page that came.
func (l *ledger) answered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.came++
}

// pages is how many pages have come.
func (l *ledger) pages() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.came
}

// lift lets the walk go on for as long as it must.
func (l *ledger) lift() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bounded = false
}

// allowance is how many attempts are left, and whether that is bounded at all.
func (l *ledger) allowance() (left int, bounded bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left, l.bounded
}

func (l *ledger) attempts() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.used
}

// sinceFirst is how long ago the walk's first attempt was sent.
func (l *ledger) sinceFirst() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(l.firstSent)
}
