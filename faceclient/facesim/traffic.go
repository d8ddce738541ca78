package facesim

import (
	"cmp"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// TrafficOptions describe the traffic of a customer. Zero fields take the defaults; if zero itself is wanted, a negative value says
// so.
type TrafficOptions struct {
	Seed           uint64         // the same seed and clock give the same traffic
	PerDay         float64        // detectLiveness sessions created on a weekday; default 12,000. The other operation has 0.3 times as many
	AbandonedShare float64        // of the sessions outside spikes are never started; default 0.06
	DeletedShare   float64        // of the sessions the customer deletes, most of them after their TTL; default 0.8
	SpikesPerDay   float64        // of abandoned sessions, on average, 20 minutes each; default 3
	HammersPerDay  float64        // times that one device makes a session every 6 seconds for half an hour, on average; default 0
	Location       *time.Location // whose nights are quiet; default UTC
}

// traffic simulates a customer's resource in a server's two lists. Sessions are created by a daily rhythm, quiet at night and slower
// at the weekend; most are started within a minute, some never, all expire, and most are deleted by the customer some time later.
// With the defaults 3,000 to 6,000 detectLiveness sessions are listed at any time. A few minutes before it begins, the service gets
// a new model.
//
// It has no goroutine. It moves on when the server is asked for anything, up to the server's clock; what comes out does not depend on
// how often that is.
type traffic struct {
	options TrafficOptions

	mu      sync.Mutex // guards what follows
	now     time.Time  // how far it has come
	streams []*stream  // one an operation
	random  *rand.Rand // draws bursts
	bursts  []burst    // that have begun or will
	planned time.Time  // bursts that begin before are drawn
}

const (
	devicesOfACustomer = 20_000 // most of them are never seen in 48 hours
	verifyPart         = 0.3    // sessions with DetectLivenessWithVerify for each with DetectLiveness
	modelAge           = 4 * time.Minute
)

// burst is when more sessions are created than usual: clients fail to start, or one device goes round in a loop.
type burst struct {
	begin, end time.Time
	factor     float64 // times as many abandoned sessions
	device     string  // of a loop
}

// Simulate has the server simulate a customer: the 48 hours before its now at once, so that the lists are full, and all that follows.
// It is called once.
func (s *Server) Simulate(options TrafficOptions) {
	options.PerDay = cmp.Or(options.PerDay, 12_000)
	options.AbandonedShare = cmp.Or(options.AbandonedShare, 0.06)
	options.DeletedShare = cmp.Or(options.DeletedShare, 0.8)
	options.SpikesPerDay = cmp.Or(options.SpikesPerDay, 3)
	options.Location = cmp.Or(options.Location, time.UTC)
	now := s.options.Now()
	begin := now.Add(-Retention)
	t := &traffic{options: options, now: begin, planned: begin, random: rand.New(rand.NewPCG(options.Seed, 1))}
	for i, op := range Operations() {
		st := &stream{
			traffic: t, list: s.store(op), perDay: options.PerDay, loops: i == 0, next: begin, newModel: now.Add(-modelAge),
			people: NewPopulation(options.Seed+uint64(i), devicesOfACustomer),
		}
		st.people.abandoned = options.AbandonedShare
		if op == DetectLivenessWithVerify {
			st.perDay *= verifyPart
		}
		st.plan()
		t.streams = append(t.streams, st)
	}
	t.advance(now)
	s.traffic.Store(t)
}

// advance simulates everything up to now. A now before the last one does nothing.
func (t *traffic) advance(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !now.After(t.now) {
		return
	}
	t.now = now
	for _, st := range t.streams {
		st.run(now)
	}
}

// burst is what goes on at a time; nil if nothing does. It needs mu.
func (t *traffic) burst(at time.Time, loops bool) *burst {
	for ; !t.planned.After(at); t.planned = t.planned.Add(time.Minute) {
		const minutesPerDay = 24 * 60
		if t.random.Float64() < t.options.SpikesPerDay/minutesPerDay {
			t.bursts = append(t.bursts, burst{t.planned, t.planned.Add(20 * time.Minute), 8 + 8*t.random.Float64(), ""})
		}
		if t.random.Float64() < t.options.HammersPerDay/minutesPerDay {
			t.bursts = append(t.bursts, burst{t.planned, t.planned.Add(30 * time.Minute), 0, t.streams[0].people.newID()})
		}
	}
	for i := range t.bursts {
		if b := t.bursts[i]; !at.Before(b.begin) && at.Before(b.end) && (b.device == "" || loops) {
			return &b
		}
	}
	return nil
}

// stream creates the sessions of one operation. When a session is created, all that will happen to it is drawn, and the list shows what
// has happened by now.
type stream struct {
	traffic  *traffic
	list     *store
	people   *Population
	perDay   float64 // sessions on a weekday
	loops    bool    // devices may go round in a loop here
	newModel time.Time
	next     time.Time // when the next session is created
	burst    *burst    // that makes it; nil: it is an ordinary one
}

// run creates what is due.
func (st *stream) run(until time.Time) {
	var due []*Session
	for ; !st.next.After(until); st.plan() {
		due = append(due, st.draw())
	}
	if len(due) > 0 {
		st.list.add(until, due)
	}
}

// plan draws when the next session is created, and by what. Within a minute the rate counts as even.
func (st *stream) plan() {
	if st.perDay <= 0 {
		st.next = st.next.Add(365 * 24 * time.Hour)
		return
	}
	for {
		usual, more := st.rate(st.next), 0.0
		st.burst = st.traffic.burst(st.next, st.loops)
		switch {
		case st.burst != nil && st.burst.device != "":
			more = 1.0 / 6
		case st.burst != nil:
			more = usual * max(st.traffic.options.AbandonedShare, 0) * (st.burst.factor - 1)
		}
		gap := st.people.random.ExpFloat64() / (usual + more) * float64(time.Second)
		if gap < float64(time.Minute) {
			if st.people.random.Float64()*(usual+more) >= more {
				st.burst = nil
			}
			st.next = st.next.Add(max(time.Duration(gap), precision)).Truncate(precision)
			return
		}
		st.next = st.next.Add(time.Minute)
	}
}

// rate is how many sessions a second people make at a time: few at night, most during the day, fewer at the weekend.
func (st *stream) rate(at time.Time) float64 {
	local := at.In(st.traffic.options.Location)
	hour := float64(local.Hour()) + float64(local.Minute())/60
	share := 1 - 0.8*math.Cos((hour-2)/24*2*math.Pi)
	if day := local.Weekday(); day == time.Saturday || day == time.Sunday {
		share *= 0.65
	}
	return share * st.perDay / (24 * 60 * 60)
}

// draw makes the session that is due.
func (st *stream) draw() *Session {
	s, random := st.people.Session(st.next), st.people.random
	switch {
	case st.burst != nil && st.burst.device != "":
		s.DeviceID = st.burst.device
	case st.burst != nil: // the phones of many people fail
		s = Session{ID: s.ID, Created: s.Created, TTL: s.TTL, DeviceID: st.people.newID()}
	}
	if s.Finished.After(st.newModel) {
		s.Model = nextModel
	}
	s.store()
	if random.Float64() < st.traffic.options.DeletedShare {
		s.listed = min(s.listed, s.TimeToLive()+st.people.logNormal(20*time.Minute, 0.8))
		if s.HasStarted() && random.Float64() < 0.05 { // some applications delete a session as soon as they have its result
			s.listed = s.Started.Sub(s.Created) + 30*time.Second + time.Duration(random.Int64N(int64(2*time.Minute)))
		}
	}
	return &s
}
