package exporter

import (
	"net/http"
	"slices"
	"sync"
)

// unread are the answers that their clients have not read to the end. A new one always has room: where they take too much
// memory, the oldest are cut off. So slow readers keep nobody else from an answer.
type unread struct {
	most int64 // bytes

	mu      sync.Mutex // guards what follows
	bytes   int64
	answers []*unreadAnswer // the oldest first
}

type unreadAnswer struct {
	w    http.ResponseWriter // not used after the answer has left the list
	size int64
}

// hold gives an answer of so many bytes the usual time to be read, and a place until release is called.
func (u *unread) hold(w http.ResponseWriter, size int64) (release func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.answers) > 0 && u.bytes+size > u.most {
		setWriteDeadline(u.answers[0].w, 0)
		u.leave(0)
	}
	setWriteDeadline(w, answerTimeout)
	one := &unreadAnswer{w, size}
	u.answers = append(u.answers, one)
	u.bytes += size
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if i := slices.Index(u.answers, one); i >= 0 {
			u.leave(i)
		}
	}
}

// leave is called with u.mu held.
func (u *unread) leave(i int) {
	u.bytes -= u.answers[i].size
	u.answers = slices.Delete(u.answers, i, i+1)
}
