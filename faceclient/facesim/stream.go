package facesim

import (
	"math/rand/v2"
	"slices"
	"time"
)

// stream simulates the traffic of one operation. When a session is created, everything that will happen to it is drawn, and
// the list and [Traffic.Truth] derive from it what has happened by now. So nothing depends on how the clock advances.
type stream struct {
	opts    TrafficOptions
	rhythm  rhythm
	number  uint64 // of the operation; sets its random numbers apart
	random  *rand.Rand
	results rand.PCG
	devices devices
	list    *store
	begin   time.Time // nothing is created before
	next    time.Time // when the next ordinary session may be created
	day     int64     // the first day, counted from 1970, whose spikes are not planned yet
	ahead   []*plan   // will be created, in no order
	plans   []*plan   // were created, about in this order
	past    Truth     // of the plans that are no longer kept
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

// run simulates everything up to and including until.
func (st *stream) run(until time.Time) {
	for !time.Unix(st.day*secondsPerDay, 0).After(until) {
		st.planSpikes()
	}
	for !st.next.After(until) {
		// Thinning: candidates come at the highest rate there is, and are taken in the ratio of the rate now to it.
		if st.random.Float64() < st.rhythm.rate(st.next)/st.rhythm.highest() {
			st.ahead = append(st.ahead, st.draw(st.next, st.random, st.devices.pick, false))
		}
		st.next = st.drawNext()
	}
	st.create(until)
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
	deleted time.Time // by the customer; zero: never
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
	}.stored()}
	if random.Float64() > 0.12 {
		p.DeviceID = device()
	}
	start := at.Add(startDelay(random)).Truncate(p.Wire.precision())
	if !abandoned && random.Float64() >= st.opts.AbandonedShare && start.Before(p.Expires()) {
		p.Started = start
		p.drawResult(&st.results, st.opts.Seed, start)
	}
	if random.Float64() < st.opts.DeletedShare {
		p.deleted = p.Expires().Add(logNormal(random, 20*time.Minute, 0.8))
		if p.HasStarted() && random.Float64() < 0.05 {
			// Some applications delete a session as soon as they have its result.
			p.deleted = p.Started.Add(30*time.Second + time.Duration(random.Int64N(int64(2*time.Minute))))
		}
		p.listed = min(p.listed, p.deleted.Sub(p.Created))
	}
	return p
}

// create puts the plans that are due into the list.
func (st *stream) create(until time.Time) {
	var due []*Session
	st.ahead = slices.DeleteFunc(st.ahead, func(p *plan) bool {
		if p.Created.After(until) {
			return false
		}
		st.plans, due = append(st.plans, p), append(due, &p.Session)
		return true
	})
	if len(due) > 0 {
		st.list.add(until, due)
	}
	// Everything happens to a session within 48 hours, and Between reaches back 48 hours. Once a day is often enough.
	if len(st.plans) > 0 && until.Sub(st.plans[0].Created) > 2*Retention+24*time.Hour {
		st.plans = slices.DeleteFunc(st.plans, func(p *plan) bool {
			old := until.Sub(p.Created) > 2*Retention
			if old {
				st.count(&st.past, p, time.Time{}, until)
			}
			return old
		})
	}
}

// between is what happened in (from, to].
func (st *stream) between(from, to time.Time) (t Truth) {
	st.list.mu.RLock()
	defer st.list.mu.RUnlock()
	if from.IsZero() {
		t = st.past
	}
	for _, p := range st.plans {
		st.count(&t, p, from, to)
	}
	return t
}

// count adds what happened to the session in (from, to], up to when it left the list.
func (st *stream) count(t *Truth, p *plan, from, to time.Time) {
	if gone := p.Created.Add(p.listed); gone.Before(to) {
		to = gone
	}
	happened := func(at time.Time) int {
		if at.After(from) && !at.After(to) {
			return 1
		}
		return 0
	}
	t.Created += happened(p.Created)
	t.Started += happened(p.Started)
	t.Deleted += happened(p.deleted)
	expired := happened(p.Expires())
	t.Expired += expired
	if !p.HasStarted() {
		t.Abandoned += expired
		return
	}
	t.Outcomes[p.Outcome] += expired
	switch {
	case st.number == 0 || p.Outcome == NoResult || p.Outcome == Failed: // no faces were compared
	case p.Identical:
		t.Identical += expired
	default:
		t.Different += expired
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
			st.ahead = append(st.ahead, p)
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
			st.ahead = append(st.ahead, st.draw(at, random, oneOff, true))
		}
	}
}
