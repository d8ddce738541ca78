package facesim_test

import (
	"maps"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

// clock is a service's clock that a test moves by hand, from one goroutine.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newTraffic(opts facesim.TrafficOptions, begin time.Time) (*clock, *facesim.Server, *facesim.Traffic) {
	c := &clock{now: begin}
	srv := facesim.New(facesim.Options{Now: c.Now})
	return c, srv, facesim.NewTraffic(srv, opts)
}

// quiet leaves out what a test of something else does not want.
func quiet(opts facesim.TrafficOptions) facesim.TrafficOptions {
	opts.SpikesPerDay, opts.ThrottledShare = -1, -1
	return opts
}

func TestTrafficBeginsFullAndStaysSo(t *testing.T) {
	for day := range 7 {
		begin := noon().Add(time.Duration(day) * 27 * time.Hour) // another day of the week and hour of the day
		c, srv, _ := newTraffic(facesim.TrafficOptions{Seed: uint64(day)}, begin)
		for range 2 {
			main, verify := srv.Len(facesim.DetectLiveness), srv.Len(facesim.DetectLivenessWithVerify)
			if main < 3000 || main > 6000 || verify < 700 || verify > 2500 {
				t.Errorf("%v: %d and %d listed", c.now, main, verify)
			}
			c.now = c.now.Add(6 * time.Hour)
		}
	}
}

func TestTrafficMovesEveryFiveSeconds(t *testing.T) {
	c, _, traffic := newTraffic(quiet(facesim.TrafficOptions{Seed: 3}), noon())
	still := 0
	before := traffic.Truth(facesim.DetectLiveness)
	for range 720 { // an hour of the day
		c.now = c.now.Add(5 * time.Second)
		after := traffic.Truth(facesim.DetectLiveness)
		if after == before {
			still++
		}
		before = after
	}
	if still > 720/5 {
		t.Errorf("nothing happened in %d of 720 steps", still)
	}
}

func TestTrafficDoesNotDependOnTheSteps(t *testing.T) {
	opts := facesim.TrafficOptions{Seed: 4, PerDay: 2000}
	until := noon().Add(150 * time.Hour) // some sessions are so old that they are only counted
	oneStep, srv, inOne := newTraffic(opts, noon())
	oneStep.now = until
	inOne.Advance(until)

	manySteps, other, inMany := newTraffic(opts, noon())
	for manySteps.now.Before(until) {
		manySteps.now = manySteps.now.Add(7 * time.Minute)
		if manySteps.now.After(until) {
			manySteps.now = until
		}
		other.Len(facesim.DetectLiveness)
	}
	for _, op := range []string{facesim.DetectLiveness, facesim.DetectLivenessWithVerify} {
		if !slices.Equal(srv.Sessions(op), other.Sessions(op)) || inOne.Truth(op) != inMany.Truth(op) {
			t.Errorf("%s: %d and %d sessions, %+v and %+v", op, srv.Len(op), other.Len(op), inOne.Truth(op), inMany.Truth(op))
		}
	}
	inMany.Advance(noon())
	if inOne.Truth(facesim.DetectLiveness) != inMany.Truth(facesim.DetectLiveness) {
		t.Error("an earlier now changed something")
	}
	_, third, _ := newTraffic(facesim.TrafficOptions{Seed: 5, PerDay: 2000}, noon())
	if slices.Equal(third.Sessions(facesim.DetectLiveness), other.Sessions(facesim.DetectLiveness)) {
		t.Error("the seed does not matter")
	}
}

func TestTrafficRhythm(t *testing.T) {
	// The 48 hours before a beginning are played too, so two beginnings show two weekdays and a weekend.
	opts := quiet(facesim.TrafficOptions{Seed: 6, PerDay: 24_000})
	thursday := noon().Add(12 * time.Hour)
	saturday := thursday.Add(48 * time.Hour)
	_, _, weekdays := newTraffic(opts, saturday)
	_, _, weekend := newTraffic(opts, saturday.Add(48*time.Hour))

	created := func(tr *facesim.Traffic, from time.Time, hours int) float64 {
		return float64(tr.Between(facesim.DetectLiveness, from, from.Add(time.Duration(hours)*time.Hour)).Created)
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 5*math.Sqrt(want) {
			t.Errorf("%s: %v created, want about %v", what, got, want)
		}
	}
	near("Thursday", created(weekdays, thursday, 24), 24_000)
	near("Saturday", created(weekend, saturday, 24), 0.7*24_000)
	near("Sunday", created(weekend, saturday.Add(24*time.Hour), 24), 0.6*24_000)
	night, day := created(weekdays, thursday.Add(2*time.Hour), 3), created(weekdays, thursday.Add(9*time.Hour), 3)
	if day < 7*night {
		t.Errorf("%v by day, %v by night", day, night)
	}
	verify := weekdays.Between(facesim.DetectLivenessWithVerify, thursday, saturday).Created
	near("verify on two weekdays", float64(verify), 0.3*48_000)

	opts.Location = time.FixedZone("east", 12*60*60)
	_, _, far := newTraffic(opts, saturday)
	if created(far, thursday.Add(2*time.Hour), 3) < 7*created(far, thursday.Add(14*time.Hour), 3) {
		t.Error("another zone does not have its own night")
	}
}

func TestTrafficSessions(t *testing.T) {
	_, srv, traffic := newTraffic(quiet(facesim.TrafficOptions{Seed: 7, DeletedShare: -1}), noon())
	sessions := srv.Sessions(facesim.DetectLiveness)
	truth := traffic.Truth(facesim.DetectLiveness)
	if truth.Created != len(sessions) || truth.Deleted != 0 {
		t.Errorf("%d sessions, %+v", len(sessions), truth)
	}
	n := float64(len(sessions))
	var delays []time.Duration
	devices := make(map[string]int)
	ttls := make(map[time.Duration]int)
	abandoned, expired := 0, 0
	for _, s := range sessions {
		ttls[s.TTL]++
		devices[s.DeviceID]++
		if s.HasStarted() {
			delays = append(delays, s.Started.Sub(s.Created))
		}
		if s.Expired(noon()) {
			expired++
			if !s.HasStarted() {
				abandoned++
			}
		}
	}
	share := func(what string, count int, of, least, most float64) {
		t.Helper()
		if got := float64(count) / of; got < least || got > most {
			t.Errorf("%s: %.3f, want %v to %v", what, got, least, most)
		}
	}
	if truth.Expired != expired || truth.Abandoned != abandoned || truth.Started != len(delays) {
		t.Errorf("truth %+v, found %d expired, %d abandoned, %d started", truth, expired, abandoned, len(delays))
	}
	share("abandoned", abandoned, float64(expired), 0.05, 0.07)
	share("no device", devices[""], n, 0.10, 0.14)
	for _, ttl := range []time.Duration{0, 300 * time.Second, 600 * time.Second, 1800 * time.Second} {
		share("TTL "+ttl.String(), ttls[ttl], n, 0.13, 0.48)
	}
	share("TTL of a day", ttls[24*time.Hour], n, 0.01, 0.03)

	slices.Sort(delays)
	if median := delays[len(delays)/2]; median < 11*time.Second || median > 13*time.Second {
		t.Errorf("median start delay %v", median)
	}
	minute, _ := slices.BinarySearch(delays, time.Minute)
	share("started within a minute", minute, float64(len(delays)), 0.94, 0.98)

	delete(devices, "")
	var counts []int
	for _, count := range devices {
		counts = append(counts, count)
	}
	slices.Sort(counts)
	slices.Reverse(counts)
	top, once := 0, 0
	for i, count := range counts {
		if i < len(counts)/100 {
			top += count
		}
		if count == 1 {
			once++
		}
	}
	share("sessions of the busiest hundredth of the devices", top, n, 0.20, 0.60)
	share("devices seen once", once, float64(len(counts)), 0.40, 0.80)
}

func TestTrafficTruthMatchesWhatAWalkSees(t *testing.T) {
	c, srv, traffic := newTraffic(quiet(facesim.TrafficOptions{Seed: 8}), noon())
	from := c.now
	before := traffic.Truth(facesim.DetectLiveness)
	type ids map[string]bool
	created, started, expired, abandoned := make(ids), make(ids), make(ids), make(ids)
	for range 3 * 60 { // an hour; no session is deleted sooner than 30 s after its start
		c.now = c.now.Add(20 * time.Second)
		for _, s := range srv.Sessions(facesim.DetectLiveness) {
			if s.Created.After(from) {
				created[s.ID] = true
			}
			if s.Started.After(from) {
				started[s.ID] = true
			}
			if s.Expires().After(from) && s.Expired(c.now) {
				expired[s.ID] = true
				abandoned[s.ID] = !s.HasStarted()
			}
		}
	}
	maps.DeleteFunc(abandoned, func(_ string, yes bool) bool { return !yes })
	window := traffic.Between(facesim.DetectLiveness, from, c.now)
	seen := facesim.Truth{
		Created: len(created), Started: len(started), Expired: len(expired), Abandoned: len(abandoned), Deleted: window.Deleted,
		Outcomes: window.Outcomes, // the list does not show them
	}
	if window != seen {
		t.Errorf("truth %+v, a walker saw %+v", window, seen)
	}
	after := traffic.Truth(facesim.DetectLiveness)
	window.Outcomes = [facesim.Deleted]int{}
	difference := facesim.Truth{
		Created: after.Created - before.Created, Started: after.Started - before.Started, Expired: after.Expired - before.Expired,
		Abandoned: after.Abandoned - before.Abandoned, Deleted: after.Deleted - before.Deleted,
	}
	if difference != window {
		t.Errorf("difference of totals %+v, window %+v", difference, window)
	}
	if window.Deleted == 0 || window.Expired == 0 || window.Abandoned == 0 {
		t.Errorf("an hour without life: %+v", window)
	}
}

func TestSpikeByHand(t *testing.T) {
	minute := []facesim.Product{{TTL: time.Minute, Weight: 1}}
	c, _, traffic := newTraffic(quiet(facesim.TrafficOptions{Seed: 9, Products: minute}), noon())
	share := func() float64 {
		from := c.now
		c.now = c.now.Add(20 * time.Minute)
		window := traffic.Between(facesim.DetectLiveness, from, c.now)
		return float64(window.Abandoned) / float64(window.Expired)
	}
	if got := share(); got > 0.2 {
		t.Errorf("before: %.2f abandoned", got)
	}
	traffic.Spike(20*time.Minute, 20)
	if got := share(); got < 0.4 {
		t.Errorf("during: %.2f abandoned", got)
	}
	c.now = c.now.Add(2 * time.Minute)
	if got := share(); got > 0.2 {
		t.Errorf("after: %.2f abandoned", got)
	}
}

func TestSpikesComeByThemselves(t *testing.T) {
	c, _, traffic := newTraffic(facesim.TrafficOptions{Seed: 10, ThrottledShare: -1}, noon())
	c.now = c.now.Add(48 * time.Hour)
	high := 0
	for from := noon(); from.Before(c.now); from = from.Add(10 * time.Minute) {
		window := traffic.Between(facesim.DetectLiveness, from, from.Add(10*time.Minute))
		if window.Abandoned > 12 && float64(window.Abandoned) > 0.25*float64(window.Expired) {
			high++
		}
	}
	// Six spikes are expected in two days; some fall into the night, and each is smeared over the TTLs.
	if high < 2 || high > 40 {
		t.Errorf("%d of 288 stretches of ten minutes show a spike", high)
	}
}

func TestTrafficThrottlesNowAndThen(t *testing.T) {
	_, srv, _ := newTraffic(facesim.TrafficOptions{Seed: 11, ThrottledShare: 0.1}, noon())
	for range 1000 {
		ask(srv, listURL(facesim.DetectLivenessWithVerify, "top=1"))
	}
	if got := srv.Counts(facesim.DetectLivenessWithVerify).ByStatus[429]; got < 60 || got > 140 {
		t.Errorf("%d of 1000 refused, want about 100", got)
	}
	facesim.NewTraffic(srv, facesim.TrafficOptions{ThrottledShare: -1})
	srv.ForgetRequests()
	for range 100 {
		ask(srv, listURL(facesim.DetectLivenessWithVerify, "top=1"))
	}
	if got := srv.Counts(facesim.DetectLivenessWithVerify).ByStatus[429]; got != 0 {
		t.Errorf("the traffic that was replaced still refuses: %d", got)
	}
}

func TestTrafficByTheBubblesClockFromManySides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := facesim.New(facesim.Options{})
		defer srv.Close()
		traffic := facesim.NewTraffic(srv, quiet(facesim.TrafficOptions{Seed: 12}))
		before := traffic.Truth(facesim.DetectLiveness)
		for range 4 {
			go func() {
				for range 100 {
					wait := time.NewTimer(time.Minute)
					select {
					case <-wait.C:
						ask(srv, listURL(facesim.DetectLiveness, ""))
					case <-t.Context().Done():
						return
					}
				}
			}()
		}
		rest := time.NewTimer(2 * time.Hour)
		<-rest.C
		if after := traffic.Truth(facesim.DetectLiveness); after.Created <= before.Created || after.Expired <= before.Expired {
			t.Errorf("%+v, then %+v", before, after)
		}
	})
}
