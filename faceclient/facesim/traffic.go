package facesim

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// TrafficOptions describe the traffic of a customer. Zero fields take the defaults; where zero itself is wanted, a
// negative value says so.
type TrafficOptions struct {
	Seed           uint64         // the same seed and clock give the same traffic
	PerDay         float64        // detectLiveness sessions created on a weekday; default 12,000. The other operation has 0.3 times as many
	AbandonedShare float64        // of the sessions outside spikes are never started; default 0.06
	DeletedShare   float64        // of the sessions the customer deletes, most of them after their TTL; default 0.8
	SpikesPerDay   float64        // of abandoned sessions, on average, 20 minutes each; default 3
	ThrottledShare float64        // of the requests get 429; default 0.01
	HammeringDays  float64        // part of the days on which one device makes 300 detectLiveness sessions in half an hour; default 0
	Products       []Product      // TTLs; default 300, 600, 1800 and few 86400 seconds, some of the 600 left unsaid
	Location       *time.Location // whose nights are quiet; default UTC
}

// Traffic simulates a customer's resource in a server's two lists. Sessions are created by a daily rhythm, quiet at night
// and slower at the weekend; most are started within a minute, some never, all expire, and most are deleted by
// the customer some time later. With the defaults 3,000 to 6,000 detectLiveness sessions are listed at any time.
//
// It has no goroutine. It moves on when the server is asked for anything, up to the server's clock, or by Advance; what
// comes out does not depend on how often that is.
type Traffic struct {
	server     *Server
	unthrottle func() // switches the 429s off

	mu      sync.Mutex // guards what follows
	streams []*stream  // one an operation
	now     time.Time  // how far it has come
	spikes  int        // how often Spike was called
}

// verifyPart is how many sessions there are with DetectLivenessWithVerify for each with DetectLiveness.
const verifyPart = 0.3

// NewTraffic simulates the 48 hours before the server's now at once, so that the lists are full, and goes on from there. A
// server has one Traffic: a second one takes the place of the first, which then creates no more sessions.
func NewTraffic(s *Server, opts TrafficOptions) *Traffic {
	opts.PerDay = cmp.Or(opts.PerDay, 12_000)
	opts.AbandonedShare = cmp.Or(opts.AbandonedShare, 0.06)
	opts.DeletedShare = cmp.Or(opts.DeletedShare, 0.8)
	opts.SpikesPerDay = cmp.Or(opts.SpikesPerDay, 3)
	opts.ThrottledShare = cmp.Or(opts.ThrottledShare, 0.01)
	if len(opts.Products) == 0 {
		opts.Products = defaultProducts()
	}
	if opts.Location == nil {
		opts.Location = time.UTC
	}

	now := s.now()
	t := &Traffic{server: s, now: now, unthrottle: func() {}}
	for i, op := range operations() {
		perDay := max(opts.PerDay, 0)
		if op == DetectLivenessWithVerify {
			perDay *= verifyPart
		}
		st := newStream(opts, uint64(i), rhythm{perDay: perDay, location: opts.Location}, s.store(op), now.Add(-Retention))
		st.run(now)
		t.streams = append(t.streams, st)
	}
	if opts.ThrottledShare > 0 {
		share := opts.ThrottledShare / 3 // three shapes, each its share
		t.unthrottle = s.Fail(
			RateLimited(ShapeCode, HintHeader, time.Second).Share(share),
			RateLimited(ShapeStatusCode, HintMessage, 2*time.Second).Share(share),
			RateLimited(ShapeFlat, HintNone, time.Second).Share(share),
		)
	}
	if old := s.traffic.Swap(t); old != nil {
		old.unthrottle()
	}
	return t
}

// Advance simulates everything up to now. A now before the last one does nothing.
func (t *Traffic) Advance(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(now)
}

// advance needs mu.
func (t *Traffic) advance(now time.Time) {
	if !now.After(t.now) {
		return
	}
	t.now = now
	for _, st := range t.streams {
		st.run(now)
	}
}

// Spike multiplies the number of sessions that are created and never started by factor, in both operations, from the
// server's now for that long: clients are failing. They show as abandoned one TTL after their creation.
func (t *Traffic) Spike(duration time.Duration, factor float64) {
	now := t.server.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(now)
	t.spikes++
	for _, st := range t.streams {
		// Numbers above 2^32 are no days, so that these spikes never repeat the random numbers of those that are planned.
		st.spike(1<<32+uint64(t.spikes), t.now, duration, factor)
	}
}

// Truth is what really happened. An event counts if the session was listed at that time: a session that was deleted before
// its TTL ended never expires.
type Truth struct {
	Created   int
	Started   int
	Expired   int
	Abandoned int // expired and never started
	Deleted   int // by the customer; what the service removes after 48 hours is not counted

	// Of the sessions that expired and were started. Identical and Different count those of DetectLivenessWithVerify whose
	// faces were compared.
	Outcomes             [Deleted]int
	Identical, Different int
}

// Truth is what happened in the operation since 48 hours before NewTraffic, until now.
func (t *Traffic) Truth(op string) Truth { return t.Between(op, time.Time{}, t.server.now()) }

// Between is what happened in (from, to], the window a watermark counts. It reaches back 48 hours from now, no further,
// unless from is zero: then it reaches back to the beginning.
func (t *Traffic) Between(op string, from, to time.Time) Truth {
	t.server.store(op) // panics for an operation that does not exist
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(t.server.now())
	return t.streams[slices.Index(operations(), op)].between(from, to)
}
