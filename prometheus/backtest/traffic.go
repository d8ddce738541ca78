package main

import (
	"math"
	"math/rand/v2"
)

// Times are minutes since the start of a simulation, a Monday at midnight.
const (
	hour = 60
	day  = 24 * hour
	kept = 48 * hour // how long the service lists a session
)

// What becomes of a session, and the exporter's label for one that was started.
const (
	passed = iota
	spoofed
	uncertain
	failed
	noResult
	neverStarted
)

var outcomes = [...]string{passed: "realface", spoofed: "spoofface", uncertain: "uncertain", failed: "failed", noResult: "no_result"}

// again is how many try again after that.
var again = [...]float64{passed: 0, spoofed: 0.6, uncertain: 0.5, failed: 0.5, noResult: 0.5, neverStarted: 0.3}

// effect changes the world from one minute up to another.
type effect struct {
	kind     kind
	from, to int
	value    float64
}

type kind int

const (
	rate        kind = iota // creations × value
	never                   // the share that is never started is value
	drift                   // that share moves to value within three days
	shortTTL                // sessions live for value minutes
	spoofs                  // the share of spoofs is value
	noResults               // the share without a result is value
	loop                    // the backend creates value sessions instead of one, and nobody starts
	hammer                  // one device makes value sessions a minute and starts none
	deletes                 // the application deletes this share of the sessions that have a result
	outage                  // the service is down for everybody
	unreachable             // the exporter gets no answer
	revoked                 // the exporter's key is refused
	throttled               // this share of the exporter's requests is answered 429
	restarts                // the exporter is not there
)

type effects []effect

// at is the value of the effect of a kind that is in force, or another value if there is none.
func (all effects) at(k kind, minute int, otherwise float64) float64 {
	for _, e := range all {
		if e.kind == k && minute >= e.from && minute < e.to {
			return e.value
		}
	}
	return otherwise
}

// Traffic over a day and a week: a tenth of the average at night, nearly twice as much before noon, half on weekends.
var (
	byHour = []float64{.17, .10, .07, .06, .07, .12, .29, .68, 1.16, 1.55, 1.74, 1.74, 1.65, 1.6, 1.55, 1.55, 1.6, 1.7, 1.74, 1.65, 1.36, .97, .58, .31}
	byDay  = []float64{1.15, 1.15, 1.15, 1.15, 1.15, .65, .58}
)

func rhythm(minute int) float64 {
	h, part := minute%day/hour, float64(minute%hour)/hour
	return (byHour[h]*(1-part) + byHour[(h+1)%24]*part) * byDay[minute/day%7]
}

// nearness is 1 at an hour of the day and -1 half a day from it.
func nearness(minute, h int) float64 { return math.Cos(2 * math.Pi * float64(minute%day-h*hour) / day) }

// counts are what happens in a minute, or in several, by column. The columns from `listed` on are what changes in the list: also by
// device, of which one is for the effect hammer, some are lent to customers by branches, and the last one stands for all others.
type counts [columns]int32

const (
	created = iota
	started
	expired
	results // of these, by what became of them
	listed  = results + neverStarted + 1
	short   = listed + 1 // of these, with a TTL of a minute
	hot     = short + 1
	others  = hot + 21
	columns = others + 1
)

func (c *counts) add(more counts) {
	for i, n := range more {
		c[i] += n
	}
}

// traffic makes sessions minute by minute. What will happen to each is noted in the minutes to come.
type traffic struct {
	size    float64 // sessions an hour, on average over a week
	effects effects

	rng                        rand.PCG
	noise, dayNoise, neverBias float64 // slow deviations of the rate, and of the share that is never started
	pushUntil                  int     // a message to all customers brings more of them
	minutes                    []counts
	sum                        counts // of the minutes so far
}

// note adds to columns of a minute.
func (t *traffic) note(minute int, n int32, in ...int) {
	for _, column := range in {
		t.minutes[minute][column] += n
	}
}

// step lets a minute happen.
func (t *traffic) step(minute int) {
	r := rand.New(&t.rng)
	t.noise = t.noise*(1-1.0/45) + r.NormFloat64()*0.08*math.Sqrt(2.0/45)
	t.neverBias = t.neverBias*(1-1.0/360) + r.NormFloat64()*0.012*math.Sqrt(2.0/360)
	if minute%day == 0 {
		t.dayNoise = 0.05 * r.NormFloat64()
	}
	h := minute % day / hour
	if h >= 8 && h < 21 && r.Float64() < 2.0/7/13/hour {
		t.pushUntil = minute + 20 + r.IntN(40)
	}
	mean := t.size / hour * rhythm(minute) * math.Exp(t.noise+t.dayNoise) * t.effects.at(rate, minute, 1)
	if minute < t.pushUntil {
		mean *= 1.6
	}
	for range poisson(r, mean/1.075) { // the rest tries again
		device := others
		if phones := min(20, t.size/40); r.Float64() < 0.03 && h >= 8 && h < 20 && phones >= 1 {
			device = hot + 1 + int(phones*r.Float64()*r.Float64()) // some branches are busier than others
		}
		t.person(r, minute, device)
	}
	for range poisson(r, t.effects.at(hammer, minute, 0)) {
		t.session(r, minute, hot, 1, false)
	}
	t.sum.add(t.minutes[minute])
}

// neverShare is the share that is never started: 8 to 15 %, a little more at night, moving slowly.
func (t *traffic) neverShare(minute int) float64 {
	share := min(0.15, max(0.08, 0.108+t.neverBias+0.012*nearness(minute, 3)))
	for _, e := range t.effects {
		if e.kind == drift {
			share += (e.value - share) * min(1, float64(minute-e.from)/(3*day))
		}
	}
	if t.effects.at(loop, minute, 0) > 0 {
		return 1
	}
	return t.effects.at(never, minute, share)
}

// person tries to pass, up to five times. Who cheats does so again.
func (t *traffic) person(r *rand.Rand, minute, device int) {
	cheats := false
	for range 5 {
		outcome := t.session(r, minute, device, t.neverShare(minute), cheats)
		for i := 1; i < int(t.effects.at(loop, minute, 1)); i++ {
			t.session(r, minute+1+i/30, device, 1, false)
		}
		if r.Float64() >= again[outcome] {
			return
		}
		cheats = cheats || outcome == spoofed
		minute += 1 + int(r.ExpFloat64())
	}
}

// session creates a session and says what becomes of it.
func (t *traffic) session(r *rand.Rand, minute, device int, neverShare float64, cheats bool) int {
	if t.effects.at(outage, minute, 0) > 0 || t.effects.at(rate, minute, 1) == 0 {
		return passed
	}
	ttl := t.effects.at(shortTTL, minute, 10)
	begin := float64(minute) + r.Float64()
	start, end := begin+math.Exp(math.Log(25.0/60)+r.NormFloat64()), begin+ttl
	outcome := t.outcome(r, minute, cheats)
	if r.Float64() < neverShare || start >= end || t.effects.at(outage, int(start), 0) > 0 {
		outcome = neverStarted
	}
	gone := minute + kept
	if outcome < noResult && r.Float64() < t.effects.at(deletes, minute, 0) {
		gone = int(start + 0.5 + r.ExpFloat64()/2)
	}
	t.note(minute, 1, created, listed, device)
	t.note(gone, -1, listed, device)
	if ttl < 5 {
		t.note(minute, 1, short)
		t.note(gone, -1, short)
	}
	if outcome != neverStarted {
		t.note(int(start), 1, started)
	}
	if gone > int(end) {
		t.note(int(end), 1, expired, results+outcome)
	}
	return outcome
}

// outcome is what becomes of the session if it is started.
func (t *traffic) outcome(r *rand.Rand, minute int, cheats bool) int {
	spoof := t.effects.at(spoofs, minute, 0.01) / 1.75 // attempts of a person who cheats
	if cheats {
		spoof = 0.8
	}
	dark := 0.03 + 0.015*max(0, nearness(minute, 2))
	x := r.Float64()
	for outcome, share := range []float64{spoofed: spoof, uncertain: dark, failed: 0.01, noResult: t.effects.at(noResults, minute, 0.03)} {
		if x -= share; x < 0 {
			return outcome
		}
	}
	return passed
}

func poisson(r *rand.Rand, mean float64) (n int) {
	if mean > 60 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*r.NormFloat64())))
	}
	for left := mean - r.ExpFloat64(); left > 0; left -= r.ExpFloat64() {
		n++
	}
	return n
}
