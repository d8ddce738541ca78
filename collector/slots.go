package collector

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// Slots bound how many refreshes run at once, over all targets that share them. Those of targets whose last refresh has
// failed get half of the slots at most. So resources that do not answer leave room for the others.
type Slots struct {
	all, failing *semaphore.Weighted
}

// NewSlots makes so many slots, 1 or more.
func NewSlots(n int) *Slots {
	return &Slots{all: semaphore.NewWeighted(int64(n)), failing: semaphore.NewWeighted(max(1, int64(n)/2))}
}

// acquire waits for a slot. The error is that of ctx.
func (s *Slots) acquire(ctx context.Context, failing bool) (release func(), err error) {
	if !failing {
		return func() { s.all.Release(1) }, s.all.Acquire(ctx, 1)
	}
	if err := s.failing.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	if err := s.all.Acquire(ctx, 1); err != nil {
		s.failing.Release(1)
		return nil, err
	}
	return func() {
		s.all.Release(1)
		s.failing.Release(1)
	}, nil
}
