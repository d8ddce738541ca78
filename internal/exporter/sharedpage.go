package exporter

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// maxPagesInMemory bounds the status pages that slow readers keep in memory. Above it, all get the last one, which is at
// most answerTimeout old: no reader may take longer.
const maxPagesInMemory = 3

// sharedPage makes one status page for all clients that ask for it at the same time: with thousands of resources a page is
// several megabytes.
type sharedPage struct {
	page   http.Handler
	making *semaphore.Weighted // of one

	mu       sync.Mutex // guards what follows and the readers of every copy
	last     *pageCopy
	inMemory int // copies that have readers, and the last one
}

// pageCopy is a page as it was at some time.
type pageCopy struct {
	*recorder
	began   time.Time // to be made
	readers int
}

func newSharedPage(page http.Handler) *sharedPage {
	return &sharedPage{page: page, making: semaphore.NewWeighted(1)}
}

// get gives the page; put must follow. It is nil where ctx ends before the page is made.
func (s *sharedPage) get(ctx context.Context, r *http.Request) *pageCopy {
	arrived := time.Now()
	if !acquire(ctx, s.making, 1) {
		return nil
	}
	defer s.making.Release(1)
	if shown := s.reuse(arrived); shown != nil {
		return shown
	}
	made := &pageCopy{began: time.Now(), readers: 1}
	made.recorder = record(r, s.page)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil && s.last.readers == 0 {
		s.inMemory--
	}
	s.last = made
	s.inMemory++
	return made
}

// reuse gives the last page where it is new enough for a request that arrived then, or memory has no room for another;
// else nil.
func (s *sharedPage) reuse(arrived time.Time) *pageCopy {
	s.mu.Lock()
	defer s.mu.Unlock()
	full := s.inMemory >= maxPagesInMemory && s.last != nil && s.last.readers > 0
	if s.last == nil || s.last.began.Before(arrived) && !full {
		return nil
	}
	s.last.readers++
	return s.last
}

// put says that a reader of the page is done.
func (s *sharedPage) put(page *pageCopy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page.readers--
	if page.readers == 0 && page != s.last {
		s.inMemory--
	}
}
