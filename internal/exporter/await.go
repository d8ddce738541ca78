package exporter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

const (
	// fileTimeout bounds reading configuration files once the exporter serves. A FIFO or a file system that hangs can
	// keep a read for ever.
	fileTimeout = 10 * time.Second
	// fileReadTimeout bounds reading a small file that is read again and again, such as a key.
	fileReadTimeout = 2 * time.Second
	// refreshStopTimeout bounds the wait for refreshes that were told to stop.
	refreshStopTimeout = 3 * time.Second
)

// errTimeLimit is what [await] gives up with.
var errTimeLimit = errors.New("gave up waiting")

// panicError is a panic that was recovered. It does not tell the value, which may hold anything.
type panicError struct{ stack []byte }

func (p *panicError) Error() string { return fmt.Sprintf("internal error (panic):\n%s", p.stack) }

// await gives the result of f, or gives up on it when ctx ends or the limit is over; 0 is no limit. A function that was
// given up on goes on in its goroutine, for what cannot be interrupted, such as reading a file. A panic is an error.
func await[T any](ctx context.Context, limit time.Duration, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() { done <- r }()
		defer func() {
			if recover() != nil {
				r.err = &panicError{debug.Stack()}
			}
		}()
		r.value, r.err = f()
	}()
	var over <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		over = timer.C
	}
	var none T
	select {
	case r := <-done:
		return r.value, r.err
	case <-over:
		return none, fmt.Errorf("%w after %v", errTimeLimit, limit)
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// inTime gives a read that nobody waits for longer than fileReadTimeout after it began, because a file system can hang. Those
// who ask while a read is under way share it, so that one that hangs keeps one goroutine and no more.
func inTime[T any](read func() (T, error)) func() (T, error) {
	type underWay struct {
		ends  time.Time
		done  chan struct{}
		value T
		err   error
	}
	var mu sync.Mutex // guards shared
	var shared *underWay
	return func() (T, error) {
		mu.Lock()
		current := shared
		if current == nil {
			current = &underWay{ends: time.Now().Add(fileReadTimeout), done: make(chan struct{})}
			shared = current
			go func() {
				current.value, current.err = read()
				mu.Lock()
				defer mu.Unlock()
				shared = nil
				close(current.done)
			}()
		}
		mu.Unlock()
		timer := time.NewTimer(time.Until(current.ends))
		defer timer.Stop()
		select {
		case <-current.done:
			return current.value, current.err
		case <-timer.C:
			var none T
			return none, fmt.Errorf("the file cannot be read: %w", os.ErrDeadlineExceeded)
		}
	}
}
