package collector

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// slotPatience is how long a refresh keeps its slot without a page. Resources that do not answer leave room for others.
	slotPatience = 2 * time.Second
	// maxSlotWait is how long a refresh waits for a slot. After that it begins all the same: however long the others take, no
	// resource is kept out.
	maxSlotWait = 30 * time.Second
)

// Slots bound how many refreshes run at once, over all targets that share them, in the order in which they come. A refresh
// that waits for the service does not count, and none waits for a slot for long.
type Slots struct {
	mu      sync.Mutex // guards the fields below
	size    int
	free    int             // below 0 while more are held than there are
	waiting []chan struct{} // closed when they get a slot
}

// NewSlots makes a number of slots, 1 or more.
func NewSlots(n int) *Slots { return &Slots{size: n, free: n} }

// Resize changes the number of slots, to 1 or more. Those who wait get the new ones at once.
func (s *Slots) Resize(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free += n - s.size
	s.size = n
	s.serve()
}

// serve gives free slots to those who wait. The caller holds mu.
func (s *Slots) serve() {
	for ; s.free > 0 && len(s.waiting) > 0; s.free-- {
		close(s.waiting[0])
		s.waiting = s.waiting[1:]
	}
}

// take waits for a slot, until ctx ends and no longer than maxSlotWait, and takes one in any case.
func (s *Slots) take(ctx context.Context) {
	turn := make(chan struct{})
	s.mu.Lock()
	s.waiting = append(s.waiting, turn)
	s.serve()
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, maxSlotWait)
	defer cancel()
	select {
	case <-turn:
		return
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := slices.Index(s.waiting, turn); at >= 0 {
		s.waiting = slices.Delete(s.waiting, at, at+1)
		s.free--
	}
}

func (s *Slots) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free++
	s.serve()
}
