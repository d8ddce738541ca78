package facesim

import (
	"math"
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
	devices  devices
	list     sessionList
	history  history
	queue    queue
	sequence uint64
	spoofs   spoofs
	begin    int64 // nothing is created before
	next     int64 // when the next ordinary session may be created
	day      int64 // the first day, counted from 1970, whose spikes are not planned yet
}

// spoofs is a share of spoofs other than the usual one, for sessions created before a time.
type spoofs struct {
	until int64
	share float64
}

// sessionList is where sessions are kept: the server's list, or a map while the past is simulated.
type sessionList interface {
	add(records []record)
	update(now int64, id string, change func(*record)) bool
	remove(now int64, ids ...string) int
}

// devicePopulation is how many devices a customer has; most of them are never seen in 48 hours.
const devicePopulation = 20_000

func newStream(opts TrafficOptions, number uint64, rhythm rhythm, begin time.Time) *stream {
	random := rand.New(rand.NewPCG(opts.Seed, number))
	st := &stream{
		opts: opts, number: number, rhythm: rhythm, random: random,
		devices: newDevices(random, devicePopulation, 20),
		begin:   begin.UnixNano(),
		next:    begin.UnixNano(),
		day:     floor(begin.UnixNano(), int64(24*time.Hour)) / int64(24*time.Hour),
	}
	st.next = st.drawNext()
	return st
}

// run simulates everything up to and including until.
func (st *stream) run(until int64) {
	for st.day*int64(24*time.Hour) <= until {
		st.planSpikes()
	}
	for {
		at, queued := st.queue.due()
		switch {
		case queued && at <= min(until, st.next):
			st.happen(st.queue.take())
		case st.next <= until:
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

func (st *stream) drawNext() int64 { return after(st.next, st.rhythm.highest(), st.random) }

// after is the next point of a Poisson process, in steps of the wire's 100 ns; rate is a second's.
func after(at int64, rate float64, random *rand.Rand) int64 {
	const never = math.MaxInt64 / 2
	seconds := random.ExpFloat64() / rate
	if !(seconds < 1e9) { // no traffic at all
		return never
	}
	return floor(at+max(int64(seconds*float64(time.Second)), 100), 100)
}

// plan is a session and what will happen to it.
type plan struct {
	record
	start  int64 // notStarted: never
	remove int64 // by the customer; 0: never
}

func (st *stream) draw(at int64, random *rand.Rand, device func() string, abandoned bool) *plan {
	p := &plan{start: notStarted, record: newRecord(Session{
		ID:      newUUID(random),
		Created: time.Unix(0, at),
		TTL:     pickTTL(st.opts.Products, random),
		Wire: Wire{
			Zulu:        random.IntN(10) == 0,
			EmptyDevice: random.IntN(3) == 0,
			NullStart:   random.IntN(10) == 0,
			Order:       uint8(random.IntN(2)),
		},
	})}
	if random.Float64() > 0.12 {
		p.device = device()
	}
	delay := int64(startDelay(random))
	if !abandoned && random.Float64() >= st.opts.AbandonedShare && at+delay < p.expires() {
		p.start = floor(at+delay, 100)
	}
	st.decide(p)
	if random.Float64() < st.opts.DeletedShare {
		p.remove = p.expires() + int64(logNormal(random, 20*time.Minute, 0.8))
		if p.start != notStarted && random.Float64() < 0.05 {
			// Some applications delete a session as soon as they have its result.
			p.remove = p.start + int64(30*time.Second) + random.Int64N(int64(2*time.Minute))
		}
	}
	return p
}

// decide draws the result of a session that will be started. It shows some seconds after the start.
func (st *stream) decide(p *plan) {
	if p.start == notStarted {
		return
	}
	share := st.opts.SpoofShare
	if p.created < st.spoofs.until {
		share = st.spoofs.share
	}
	drawn := drawResult(st.opts.Seed, p.id, time.Unix(0, p.start), time.Unix(0, p.expires()), share)
	if drawn.outcome == NoResult {
		return
	}
	p.outcome, p.finished = drawn.outcome, floor(drawn.finished.UnixNano(), 100)
	p.flags.set(identical, drawn.identical)
}

func (st *stream) create(p *plan) {
	st.list.add([]record{p.record})
	st.history.note(eventCreated, p.created)
	st.schedule(p.expires(), eventExpired, p)
	if p.start != notStarted {
		st.schedule(p.start, eventStarted, p)
	}
	if p.remove != 0 {
		st.schedule(p.remove, eventDeleted, p)
	}
	st.schedule(p.created+int64(Retention), eventRemoved, p)
}

func (st *stream) schedule(at int64, kind eventKind, p *plan) {
	st.sequence++
	st.queue.schedule(at, kind, p, st.sequence)
}

func (st *stream) happen(e event) {
	switch e.kind {
	case eventCreated:
		st.create(e.plan)
	case eventStarted:
		if st.list.update(e.at, e.plan.id, func(r *record) { r.started = e.at }) {
			st.history.note(eventStarted, e.at)
		}
	case eventExpired:
		// Nothing changes in the list, which derives expiry from the clock; the look-up tells whether it is still there.
		var ended record
		if st.list.update(e.at, e.plan.id, func(r *record) { ended = *r }) {
			st.noteEnd(&ended, e.at)
		}
	case eventDeleted:
		if st.list.remove(e.at, e.plan.id) == 1 {
			st.history.note(eventDeleted, e.at)
		}
	case eventRemoved:
		st.list.remove(e.at, e.plan.id)
	}
}

func (st *stream) noteEnd(r *record, at int64) {
	st.history.note(eventExpired, at)
	if r.started == notStarted {
		st.history.note(eventAbandoned, at)
		return
	}
	st.history.note(eventOutcome+eventKind(r.outcome), at)
	switch {
	case st.number == 0 || r.outcome == NoResult || r.outcome == Failed: // no faces were compared
	case r.flags.has(identical):
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
	begin := st.day * int64(24*time.Hour)
	random := rand.New(rand.NewPCG(st.opts.Seed^0x9e3779b97f4a7c15, uint64(st.day)))
	st.day++
	st.planHammering(begin)
	// The random numbers are the same for both operations, because what breaks at the customer's site breaks both.
	at := begin
	for n := uint64(0); ; n++ {
		at = after(at, max(st.opts.SpikesPerDay, 0)/(24*60*60), random)
		if at >= begin+int64(24*time.Hour) {
			return
		}
		factor := spikeLowest + random.Float64()*(spikeHighest-spikeLowest)
		st.spike(uint64(st.day)<<8+n, at, spikeDuration, factor)
	}
}

// planHammering lets one device of the first operation make very many sessions on some days.
func (st *stream) planHammering(day int64) {
	const sessions, pause = 300, 6 * time.Second
	random := rand.New(rand.NewPCG(st.opts.Seed^0x2545f4914f6cdd1d, uint64(day)))
	if st.number != 0 || random.Float64() >= st.opts.HammeringDays {
		return
	}
	device := newUUID(random)
	at := day + random.Int64N(int64(24*time.Hour))
	for range sessions {
		p := st.draw(floor(at, 100), random, func() string { return device }, false)
		p.device = device
		if at > st.begin {
			st.schedule(p.created, eventCreated, p)
		}
		at += int64(pause)
	}
}

// spike draws the sessions that one spike adds. number gives it random numbers of its own.
func (st *stream) spike(number uint64, begin int64, duration time.Duration, factor float64) {
	random := rand.New(rand.NewPCG(st.opts.Seed+number, st.number+2))
	rate := max(st.opts.AbandonedShare, 0) * max(factor-1, 0) * st.rhythm.highest()
	// The phones of many people fail: every session has a device of its own.
	oneOff := func() string { return newUUID(random) }
	end := begin + int64(duration)
	for at := after(begin, rate, random); at < end; at = after(at, rate, random) {
		wanted := random.Float64() < st.rhythm.rate(at)/st.rhythm.highest()
		if wanted && at > st.begin { // the first day's spikes may lie before the beginning
			st.schedule(at, eventCreated, st.draw(at, random, oneOff, true))
		}
	}
}
