package exporter

import (
	"bytes"
	"io"
	"sync/atomic"
	"time"
)

const (
	// queuedLines bounds the log lines that wait to be written.
	queuedLines = 1000
	// flushTimeout bounds the wait for them at the end.
	flushTimeout = 500 * time.Millisecond
)

// logQueue writes the log apart from those who log, so that a pipe that nobody reads holds up nothing. Lines that find no
// room are dropped and counted.
type logQueue struct {
	lines   chan []byte
	written chan struct{} // closed once all lines are
	dropped atomic.Uint64
}

// newLogQueue writes to out until close is called.
func newLogQueue(out io.Writer) *logQueue {
	q := &logQueue{lines: make(chan []byte, queuedLines), written: make(chan struct{})}
	go func() {
		defer close(q.written)
		for line := range q.lines {
			if line == nil {
				return
			}
			_, _ = out.Write(line) // there is nowhere to tell
		}
	}()
	return q
}

// Write is part of io.Writer. It never waits.
func (q *logQueue) Write(line []byte) (int, error) {
	select {
	case q.lines <- bytes.Clone(line):
	default:
		q.dropped.Add(1)
	}
	return len(line), nil
}

// close waits until all lines are written, or for flushTimeout. Lines that come later are not written.
func (q *logQueue) close() {
	timer := time.NewTimer(flushTimeout)
	defer timer.Stop()
	select {
	case q.lines <- nil:
	case <-timer.C:
		return
	}
	select {
	case <-q.written:
	case <-timer.C:
	}
}
