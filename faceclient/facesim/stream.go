package facesim

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// stream simulates the traffic of one operation. When a session is created, everything that will happen to it is drawn and
// put into a queue of events, which is then processed in the order of time. So what is drawn depends on the sessions
// before, and never on how the clock advances.
type stream struct {
	opts     TrafficOptions
	rhythm   rhythm
	number   uint64 // of the operation; sets its random numbers apart
	random   *rand.Rand
	results  rand.PCG
	devices  devices
	list     *store
	history  history
	created  []*plan // of the last 48 hours, the oldest first
	filled   bool    // the list has them
	queue    queue
	sequence uint64
	begin    time.Time // nothing is created before
	next     time.Time // when the next ordinary session may be created
	day      int64     // the first day, counted from 1970, whose spikes are not planned yet
}

// devicePopulation is how many devices a customer has; most of them are never seen in 48 hours.
const devicePopulation = 20_000

func newStream(opts TrafficOptions, number uint64, rhythm rhythm, list *store, begin time.Time) *stream {
	random := rand.New(rand.NewPCG(opts.Seed, number))
	st := &stream{
		opts: opts, number: number, rhythm: rhythm, random: random, list: list,
		devices: newDevices(random, devicePopulation, 20),
		begin:   begin,
		next:    begin,
		day:     begin.Unix() / secondsPerDay,
	}
	st.next = st.drawNext()
	return st
}

// fill simulates everything up to and including now, which nobody can see, and then fills the list at once.
func (st *stream) fill(now time.Time) {
	st.run(now)
	var listed []*Session
	for _, p := range st.created {
		if !p.deleted {
			listed = append(listed, &p.Session)
		}
	}
	st.list.insert(listed...)
	st.filled = true
}

// run simulates everything up to and including until.
func (st *stream) run(until time.Time) {
	for !time.Unix(st.day*secondsPerDay, 0).After(until) {
		st.planSpikes()
	}
	for {
		switch {
		case len(st.queue) > 0 && st.queue[0].at <= min(until.UnixNano(), st.next.UnixNano()):
			st.happen(heap.Pop(&st.queue).(event))
		case !st.next.After(until):
			// Thinning: candidates come at the highest rate there is, and are taken in the ratio of the rate now to it.
			if st.random.Float64() < st.rhythm.rate(st.next)/st.rhythm.highest() {
				st.create(st.draw(st.next, st.random, st.devices.pick, false))
			}
			st.next = st.drawNext()
		default:
			return
		}
	}
}

func (st *stream) drawNext() time.Time { return after(st.next, st.rhythm.highest(), st.random) }

// after is the next point of a Poisson process, in steps of the wire's 100 ns; rate is a second's.
func after(at time.Time, rate float64, random *rand.Rand) time.Time {
	const never = 100 * 365 * 24 * time.Hour
	seconds := random.ExpFloat64() / rate
	if !(seconds < 1e9) { // no traffic at all
		return at.Add(never)
	}
	return at.Add(max(time.Duration(seconds*float64(time.Second)), 100)).Truncate(100)
}

// plan is a session and what will happen to it.
type plan struct {
	Session
	start  time.Time // zero: never
	remove time.Time // by the customer; zero: never
}

func (st *stream) draw(at time.Time, random *rand.Rand, device func() string, abandoned bool) *plan {
	p := &plan{Session: Session{
		ID:      newUUID(random),
		Created: at,
		TTL:     pickTTL(st.opts.Products, random),
		Wire: Wire{
			Zulu:        random.IntN(10) == 0,
			EmptyDevice: random.IntN(3) == 0,
			NullStart:   random.IntN(10) == 0,
			Order:       uint8(random.IntN(2)),
		},
	}.asWritten()}
	if random.Float64() > 0.12 {
		p.DeviceID = device() // a UUID, too
	}
	start := at.Add(startDelay(random)).Truncate(p.Wire.precision())
	if !abandoned && random.Float64() >= st.opts.AbandonedShare && start.Before(p.Expires()) {
		p.start = start
		p.drawResult(&st.results, st.opts.Seed, start)
	}
	if random.Float64() < st.opts.DeletedShare {
		p.remove = p.Expires().Add(logNormal(random, 20*time.Minute, 0.8))
		if !p.start.IsZero() && random.Float64() < 0.05 {
			// Some applications delete a session as soon as they have its result.
			p.remove = p.start.Add(30*time.Second + time.Duration(random.Int64N(int64(2*time.Minute))))
		}
	}
	return p
}

func (st *stream) create(p *plan) {
	st.removeOld(p.Created)
	st.created = append(st.created, p)
	if st.filled {
		st.list.insert(&p.Session)
	}
	st.history.note(eventCreated, p.Created)
	st.schedule(p.Expires(), eventExpired, p)
	if !p.start.IsZero() {
		st.schedule(p.start, eventStarted, p)
	}
	if !p.remove.IsZero() {
		st.schedule(p.remove, eventDeleted, p)
	}
}

// removeOld takes the sessions out of the list that the service has removed by now, because of their age.
func (st *stream) removeOld(now time.Time) {
	for len(st.created) > 0 && st.created[0].removed(now) {
		st.list.remove(now, st.created[0].ID)
		st.created = st.created[1:]
	}
}

func (st *stream) schedule(at time.Time, kind eventKind, p *plan) {
	st.sequence++
	heap.Push(&st.queue, event{at: at.UnixNano(), sequence: st.sequence, kind: kind, plan: p})
}

func (st *stream) happen(e event) {
	at, session := time.Unix(0, e.at).UTC(), &e.plan.Session
	switch e.kind {
	case eventCreated:
		st.create(e.plan)
	case eventStarted:
		st.list.update(at, session, func() {
			session.Started = at
			st.history.note(eventStarted, at)
		})
	case eventExpired:
		// Nothing changes in the list, which derives expiry from the clock.
		st.list.update(at, session, func() { st.noteEnd(session, at) })
	case eventDeleted:
		st.list.update(at, session, func() {
			st.list.drop(at, session)
			st.history.note(eventDeleted, at)
		})
	}
}

func (st *stream) noteEnd(s *Session, at time.Time) {
	st.history.note(eventExpired, at)
	if !s.HasStarted() {
		st.history.note(eventAbandoned, at)
		return
	}
	st.history.note(eventOutcome+eventKind(s.Outcome), at)
	switch {
	case st.number == 0 || s.Outcome == NoResult || s.Outcome == Failed: // no faces were compared
	case s.Identical:
		st.history.note(eventIdentical, at)
	default:
		st.history.note(eventDifferent, at)
	}
}

const (
	spikeDuration = 20 * time.Minute
	spikeLowest   = 8.0 // times as many abandoned sessions
	spikeHighest  = 16.0
)

// planSpikes draws the spikes of the next day (UTC), with random numbers of that day's own.
func (st *stream) planSpikes() {
	begin := time.Unix(st.day*secondsPerDay, 0).UTC()
	random := rand.New(rand.NewPCG(st.opts.Seed^0x9e3779b97f4a7c15, uint64(st.day)))
	st.day++
	st.planHammering(begin)
	// The random numbers are the same for both operations, because what breaks at the customer's site breaks both.
	at := begin
	for n := uint64(0); ; n++ {
		at = after(at, max(st.opts.SpikesPerDay, 0)/secondsPerDay, random)
		if !at.Before(begin.Add(24 * time.Hour)) {
			return
		}
		factor := spikeLowest + random.Float64()*(spikeHighest-spikeLowest)
		st.spike(uint64(st.day)<<8+n, at, spikeDuration, factor)
	}
}

// planHammering lets one device of the first operation make very many sessions on some days.
func (st *stream) planHammering(day time.Time) {
	const sessions, pause = 300, 6 * time.Second
	random := rand.New(rand.NewPCG(st.opts.Seed^0x2545f4914f6cdd1d, uint64(day.UnixNano())))
	if st.number != 0 || random.Float64() >= st.opts.HammeringDays {
		return
	}
	device := newUUID(random)
	at := day.Add(time.Duration(random.Int64N(int64(24 * time.Hour)))).Truncate(100)
	for range sessions {
		p := st.draw(at, random, func() string { return device }, false)
		p.DeviceID = device
		if at.After(st.begin) {
			st.schedule(p.Created, eventCreated, p)
		}
		at = at.Add(pause)
	}
}

// spike draws the sessions that one spike adds. number gives it random numbers of its own.
func (st *stream) spike(number uint64, begin time.Time, duration time.Duration, factor float64) {
	random := rand.New(rand.NewPCG(st.opts.Seed+number, st.number+2))
	rate := max(st.opts.AbandonedShare, 0) * max(factor-1, 0) * st.rhythm.highest()
	// The phones of many people fail: every session has a device of its own.
	oneOff := func() string { return newUUID(random) }
	end := begin.Add(duration)
	for at := after(begin, rate, random); at.Before(end); at = after(at, rate, random) {
		if random.Float64() < st.rhythm.rate(at)/st.rhythm.highest() && at.After(st.begin) { // the first day's spikes may lie before the beginning
			st.schedule(at, eventCreated, st.draw(at, random, oneOff, true))
		}
	}
}
