package facesim_test

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

// customer is a server with traffic, and its clock.
func customer(options facesim.TrafficOptions) (*clock, *facesim.Server) {
	c := &clock{noon()}
	server := facesim.New(facesim.Options{Now: c.Now})
	server.Simulate(options)
	return c, server
}

// share is the part of the sessions that are of a kind.
func share(sessions []facesim.Session, is func(facesim.Session) bool) float64 {
	n := 0
	for _, session := range sessions {
		if is(session) {
			n++
		}
	}
	return float64(n) / float64(len(sessions))
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s: %.3f, want %.3f ± %.3f", what, got, want, tolerance)
	}
}

func TestTrafficLooksLikeACustomers(t *testing.T) {
	_, server := customer(facesim.TrafficOptions{Seed: 1, SpikesPerDay: -1})
	lists := map[string][]facesim.Session{}
	for _, op := range facesim.Operations() {
		lists[op] = server.Sessions(op)
	}
	sessions := lists[facesim.DetectLiveness]
	if n := len(sessions); n < 3000 || n > 6000 {
		t.Errorf("%d sessions are listed", n)
	}
	near(t, "sessions with verification for each without", float64(len(lists[facesim.DetectLivenessWithVerify]))/float64(len(sessions)), 0.3, 0.05)
	now := noon()
	near(t, "active", share(sessions, func(s facesim.Session) bool { return !s.Expired(now) }), 0.05, 0.04)
	near(t, "without a device", share(sessions, func(s facesim.Session) bool { return s.DeviceID == "" }), 0.12, 0.03)
	expired := slices.DeleteFunc(slices.Clone(sessions), func(s facesim.Session) bool { return !s.Expired(now) })
	near(t, "never started", share(expired, func(s facesim.Session) bool { return !s.HasStarted() }), 0.065, 0.03)
	started := slices.DeleteFunc(expired, func(s facesim.Session) bool { return !s.HasStarted() })
	near(t, "failed", share(started, func(s facesim.Session) bool { return s.Outcome == facesim.Failed }), 0.04, 0.02)
	near(t, "passed", share(started, func(s facesim.Session) bool { return s.Outcome == facesim.RealFace }), 0.85, 0.04)

	devices, reasons := map[string]int{}, map[string]bool{}
	for _, session := range sessions {
		devices[session.DeviceID]++
		reasons[session.Reason] = true
	}
	delete(devices, "")
	most := 0
	for _, n := range devices {
		most = max(most, n)
	}
	if len(devices) < 500 || most < 20 {
		t.Errorf("%d devices, the busiest with %d sessions", len(devices), most)
	}
	if len(reasons) < 5 {
		t.Errorf("reasons %v", reasons)
	}
}

// There is less at night, and the model of the attempts is another one soon.
func TestTrafficFollowsTheTime(t *testing.T) {
	c, server := customer(facesim.TrafficOptions{Seed: 1, DeletedShare: -1, SpikesPerDay: -1})
	c.now = c.now.Add(time.Hour)
	sessions := server.Sessions(facesim.DetectLiveness)
	between := func(from, to int) float64 {
		return share(sessions, func(s facesim.Session) bool {
			return s.Created.Weekday() == time.Sunday && s.Created.Hour() >= from && s.Created.Hour() < to
		})
	}
	if night, day := between(0, 4), between(12, 16); night*4 > day {
		t.Errorf("share of the sessions at night %.3f, at day %.3f", night, day)
	}
	at := func(day time.Weekday) float64 {
		return share(sessions, func(s facesim.Session) bool { return s.Created.Weekday() == day && s.Created.Hour() < 12 })
	}
	near(t, "a morning of the weekend for each of a weekday", at(time.Sunday)/at(time.Monday), 0.65, 0.1)
	before, after := map[string]bool{}, map[string]bool{}
	for _, session := range sessions {
		switch {
		case session.Outcome == facesim.NoResult:
		case session.Created.After(noon()):
			after[session.Model] = true
		case session.Finished.Before(noon().Add(-time.Hour)):
			before[session.Model] = true
		}
	}
	if len(before) != 1 || len(after) != 1 || maps.Equal(before, after) {
		t.Errorf("models %v, then %v", before, after)
	}
}

// What comes out does not depend on how often the service is asked.
func TestTrafficIsTheSameHoweverOftenItIsAsked(t *testing.T) {
	options := facesim.TrafficOptions{Seed: 3, HammersPerDay: 5}
	often, server := customer(options)
	for range 60 {
		often.now = often.now.Add(70 * time.Second)
		server.Sessions(facesim.DetectLiveness)
	}
	once, another := customer(options)
	once.now = often.now
	for _, op := range facesim.Operations() {
		if got, want := server.Sessions(op), another.Sessions(op); !slices.Equal(got, want) || len(got) == 0 {
			t.Errorf("%s: %d sessions and %d", op, len(got), len(want))
		}
	}
}

func TestABurstOfTroubleShows(t *testing.T) {
	shows := func(options facesim.TrafficOptions) (abandoned float64, busiest int) {
		options.Seed, options.DeletedShare = 1, -1
		_, server := customer(options)
		sessions, devices := server.Sessions(facesim.DetectLiveness), map[string]int{}
		for _, session := range sessions {
			if devices[session.DeviceID]++; session.DeviceID != "" {
				busiest = max(busiest, devices[session.DeviceID])
			}
		}
		return share(sessions, func(s facesim.Session) bool { return !s.HasStarted() }), busiest
	}
	usual, busiest := shows(facesim.TrafficOptions{SpikesPerDay: -1})
	if spikes, same := shows(facesim.TrafficOptions{SpikesPerDay: 10}); spikes < usual+0.03 || same > 200 {
		t.Errorf("with spikes, a share of %.2f is never started, without %.2f; a device has %d sessions", spikes, usual, same)
	}
	if _, loop := shows(facesim.TrafficOptions{SpikesPerDay: -1, HammersPerDay: 2}); busiest > 200 || loop < 200 {
		t.Errorf("with a loop, a device has %d sessions, without %d", loop, busiest)
	}
	c, server := customer(facesim.TrafficOptions{PerDay: -1})
	c.now = c.now.Add(time.Hour)
	if n := len(server.Sessions(facesim.DetectLiveness)); n != 0 {
		t.Errorf("%d sessions without traffic", n)
	}
}
