package exporter

import (
	"compress/gzip"
	"context"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"
)

const (
	// answerTimeout is how long a client may take to read its answer.
	answerTimeout = 30 * time.Second
	// turnTimeout is how long a request without a deadline of its own waits for its turn.
	turnTimeout = 3 * time.Second
	// maxUnread bounds what the answers that clients have not read yet take in memory, in bytes.
	maxUnread = 16 << 20
)

// answers makes and writes everything whose size depends on the number of resources. An answer is made in memory and
// then written, so that a slow reader holds only its bytes, and these for answerTimeout at most.
type answers struct {
	making *semaphore.Weighted // of one: it waits for nothing, and takes several times the size of the answer in memory
	gzip   *gzip.Writer        // used while an answer is made
	unread *unread
}

func newAnswers() *answers {
	compressor, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // a known level is no error
	return &answers{making: semaphore.NewWeighted(1), gzip: compressor, unread: &unread{most: maxUnread}}
}

// give answers with what answer makes, and answers 503 with the reason where ctx ends before it has what it needs. One of
// the permits, nil for none, is only taken while the answer is made: clients that do not read what they asked for must not
// keep others from theirs.
func (a *answers) give(ctx context.Context, w http.ResponseWriter, r *http.Request, permits *semaphore.Weighted, reason string, answer http.Handler) {
	recorded, release, reason := a.prepare(ctx, w, r, permits, reason, answer)
	if reason != "" {
		writeLine(w, http.StatusServiceUnavailable, reason)
		return
	}
	defer release()
	recorded.replay(w)
}

// prepare makes an answer and holds it among the unread ones until release is called.
func (a *answers) prepare(ctx context.Context, w http.ResponseWriter, r *http.Request, permits *semaphore.Weighted, reason string, answer http.Handler) (
	recorded *recorder, release func(), _ string,
) {
	if permits != nil {
		if !acquire(ctx, permits, 1) {
			return nil, nil, reason
		}
		defer permits.Release(1)
	}
	if !acquire(ctx, a.making, 1) {
		return nil, nil, "too many answers are being made at once"
	}
	defer a.making.Release(1)
	recorded = record(r, answer, a.gzip)
	return recorded, a.unread.hold(w, recorded.memory()), ""
}

// acquire also succeeds after ctx has ended where there is no need to wait.
func acquire(ctx context.Context, s *semaphore.Weighted, n int64) bool {
	return s.TryAcquire(n) || s.Acquire(ctx, n) == nil
}

// setWriteDeadline cuts an answer off that is not read in time. What cannot take a deadline, such as a test's recorder,
// needs none.
func setWriteDeadline(w http.ResponseWriter, timeout time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(timeout))
}

// withoutBody answers a request without waiting for its body, which no path wants, and gives every answer a time limit.
// It stands before basic auth. Without it, net/http waits for the body before it writes the header of the answer.
func withoutBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setWriteDeadline(w, answerTimeout)
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now())
			r.Body = http.NoBody
			if r.ProtoMajor == 1 {
				w.Header().Set("Connection", "close")
			}
		}
		next.ServeHTTP(w, r)
	})
}

// bounded answers so many requests at once, and 503 to others. That has no body, which a client of HTTP/2 could let wait.
func bounded(most int64, next http.Handler) http.Handler {
	places := semaphore.NewWeighted(most)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !places.TryAcquire(1) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		defer places.Release(1)
		next.ServeHTTP(w, r)
	})
}

// recovered answers 500 where a handler panics, and counts it. The process goes on.
func recovered(panics prometheus.Counter, log *serverLog, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer recoverRequest(w, r, panics, log)
		next.ServeHTTP(w, r)
	})
}

// recoverRequest must be deferred itself: recover works nowhere else.
func recoverRequest(w http.ResponseWriter, r *http.Request, panics prometheus.Counter, log *serverLog) {
	switch value := recover(); value {
	case nil:
	case http.ErrAbortHandler:
		panic(value)
	default:
		panics.Inc()
		log.warn(r.Context(), "a request ended with a panic", string(debug.Stack()))
		writeLine(w, http.StatusInternalServerError, "internal error; see the log")
	}
}

func writeLine(w http.ResponseWriter, status int, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(line + "\n")) // a client that has left needs no answer
}
