package collector

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"face_liveness_exporter/faceclient"
)

// happening is a session that reaches the list a while after it was created.
type happening struct {
	session faceclient.Session
	late    time.Duration
	counted int
}

// clocks draws how a walk's horizon is read, as a function of the true time. Right is by how much it may be ahead of the truth
// where it is always right, that is, no more behind than the lag either; -1 where it can be anything.
func clocks(t *rapid.T) (read func(now time.Time) time.Time, right time.Duration) {
	seconds := func(label string, low, high int) time.Duration {
		return time.Duration(rapid.IntRange(low, high).Draw(t, label)) * time.Second
	}
	first, wrong := seconds("first error", -7200, 7200), seconds("other error", -40_000_000, 40_000_000)
	start := epoch
	switch rapid.SampledFrom([]string{"right", "jumps", "two backends", "stands still", "fast", "absent at times"}).Draw(t, "clock") {
	case "right":
		ahead := seconds("ahead", 0, 30)
		return func(now time.Time) time.Time { return now.Add(seconds("error", -30, int(ahead.Seconds()))) }, ahead
	case "jumps":
		return func(now time.Time) time.Time {
			if rapid.IntRange(0, 4).Draw(t, "jumps") == 0 {
				first = seconds("error", -40_000_000, 40_000_000)
			}
			return now.Add(first)
		}, -1
	case "stands still":
		from := seconds("stands from", 0, 20_000)
		return func(now time.Time) time.Time {
			if now.Sub(start) > from {
				return start.Add(from)
			}
			return now
		}, -1
	case "fast":
		return func(now time.Time) time.Time { return now.Add(now.Sub(start) / 10) }, -1
	default: // an absent Date is this machine's clock instead
		return func(now time.Time) time.Time {
			if rapid.Bool().Draw(t, "other") {
				return now.Add(wrong)
			}
			return now.Add(first)
		}, -1
	}
}

var epoch = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

// However the service's clock runs, no event is counted twice and the windows are no longer than the time that passed. Where
// the clock is right within the lag, every event is counted, and nobody is told that counting is held back.
func TestAWrongClockNeverInventsAnEvent(t *testing.T) {
	for range 100 {
		rapid.Check(t, countThroughClocks) // 100 sequences
	}
}

func countThroughClocks(t *rapid.T) {
	read, ahead := clocks(t)
	latest := 30
	if ahead >= 0 {
		latest -= int(ahead.Seconds())
	}
	walks := rapid.SliceOfN(rapid.IntRange(1, 1200), 2, 12).Draw(t, "seconds between walks")
	end := 0
	for _, after := range walks {
		end += after
	}
	var events []*happening
	for _, at := range rapid.SliceOfN(rapid.IntRange(-60, end), 10, 10).Draw(t, "events") {
		created := epoch.Add(time.Duration(at)*time.Second + 500*time.Millisecond)
		late := time.Duration(rapid.IntRange(0, latest).Draw(t, "late")) * time.Second
		events = append(events, &happening{session: faceclient.Session{Created: created, TTL: 1000 * time.Hour}, late: late})
	}
	var mark watermark
	var first, last time.Time // what was counted up to
	var began, passed time.Duration
	flows, now := Flows{}, epoch
	for _, after := range walks {
		now = now.Add(time.Duration(after) * time.Second)
		window, next, held := mark.next(read(now), Instant{Wall: now, Monotonic: now.Sub(epoch)})
		if rapid.IntRange(0, 5).Draw(t, "fails") == 0 {
			continue
		}
		if first.IsZero() {
			first, began = next.at, now.Sub(epoch)
		}
		if next.at.Before(mark.at) {
			t.Fatalf("the watermark went back from %v to %v", mark.at, next.at)
		}
		if ahead >= 0 && held > maxHeldBack {
			t.Fatalf("a right clock holds counting back by %v", held)
		}
		mark, last, passed = next, next.at, now.Sub(epoch)-began
		for _, event := range events {
			found := Flows{}
			if !event.session.Created.Add(event.late).After(now) {
				found.count(&event.session, window)
			}
			event.counted += int(found.Creations)
		}
		flows.Window += window.to.Sub(window.from).Seconds()
	}
	if limit := passed.Seconds() * 1.01; flows.Window > limit+1e-6 {
		t.Fatalf("windows of %v s in %v", flows.Window, passed)
	}
	for _, event := range events {
		due := event.session.Created.After(first) && !event.session.Created.After(last)
		if event.counted > 1 || ahead >= 0 && due && event.counted != 1 {
			t.Fatalf("an event at %v, %v late, was counted %d times", event.session.Created, event.late, event.counted)
		}
	}
}
