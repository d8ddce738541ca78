package faceclient

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrAllowance says that an [Allowance] has no attempt left.
var ErrAllowance = errors.New("no attempt is left in the allowance")

// Allowance is how many attempts some requests may make together, such as those of one walk. It also counts what they did.
// It is safe for use by many goroutines.
type Allowance struct {
	mu        sync.Mutex      // guards what follows
	stopped   context.Context // ends with Stop
	stop      context.CancelFunc
	bounded   bool
	left      int // attempts, where bounded
	used      int // attempts
	answers   int // that were read whole
	firstSent time.Time
}

// NewAllowance allows so many attempts, retries included.
func NewAllowance(attempts int) *Allowance {
	a := Unbounded()
	a.bounded, a.left = true, attempts
	return a
}

// Unbounded allows any number of attempts, and counts them.
func Unbounded() *Allowance {
	a := new(Allowance)
	a.Resume()
	return a
}

// Left is how many attempts may still be made, and whether that is bounded at all.
func (a *Allowance) Left() (attempts int, bounded bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.left, a.bounded
}

// Used is how many attempts were made.
func (a *Allowance) Used() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.used
}

// FirstSent is when the first attempt was sent; the zero time where none was.
func (a *Allowance) FirstSent() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.firstSent
}

// Lift takes the bound away.
func (a *Allowance) Lift() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bounded = false
}

// Stop lets no further attempt begin. An attempt that was sent comes to its end, because it is paid for and its connection
// can be used again.
func (a *Allowance) Stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stop()
}

// Resume undoes Stop. No request of the allowance may be under way.
func (a *Allowance) Resume() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped, a.stop = context.WithCancel(context.Background())
}

// Waiting is a context for all that comes before an attempt is sent. It ends with ctx and with Stop.
func (a *Allowance) Waiting(ctx context.Context) (context.Context, context.CancelFunc) {
	waiting, cancel := context.WithCancel(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopped.Err() != nil {
		cancel() // AfterFunc would do so a moment later
	}
	release := context.AfterFunc(a.stopped, cancel)
	return waiting, func() {
		release()
		cancel()
	}
}

// Take takes an attempt and reports whether one was left.
func (a *Allowance) Take() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.bounded && a.left == 0 {
		return false
	}
	a.left--
	a.used++
	return true
}

// Return undoes a Take whose attempt was not sent.
func (a *Allowance) Return() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left++
	a.used--
}

// Sent notes that an attempt is sent now.
func (a *Allowance) Sent() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.firstSent.IsZero() {
		a.firstSent = time.Now()
	}
}

// book counts what came of an attempt: whether an answer did, and how often Go's transport repeated it without a Take.
func (a *Allowance) book(answered bool, repeats int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if answered {
		a.answers++
	}
	a.left = max(0, a.left-repeats)
	a.used += repeats
}

// answered is how many answers have come.
func (a *Allowance) answered() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.answers
}
