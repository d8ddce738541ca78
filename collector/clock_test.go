package collector_test

import (
	"context"
	"math"
	"testing"
	"time"
	"unsafe"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient/facelist"
)

// leapt is a reading of this machine's clocks of which the wall clock alone has gone on, as after a sleep, or back. Package
// time offers no way to say so: the seconds of a Time with a monotonic reading stand above its 30 bits of nanoseconds.
func leapt(t *testing.T, now time.Time, by time.Duration) time.Time {
	t.Helper()
	then := now
	*(*uint64)(unsafe.Pointer(&then)) += uint64(by/time.Second) << 30
	if then.Sub(now) != 0 || then.Round(0).Sub(now.Round(0)) != by {
		t.Fatal("a Time is laid out in another way")
	}
	return then
}

// In a bubble of testing/synctest no Time has a monotonic reading, so the real clock is used here, and nothing waits for it.
func TestSnapshotAgesWhileTheMachineSleeps(t *testing.T) {
	target := counted(t, collector.DeviceOptions{}, lively())
	for by, want := range map[time.Duration]bool{0: true, 59 * time.Minute: true, 61 * time.Minute: false, 8 * time.Hour: false, -8 * time.Hour: true} {
		if _, shown := target.Snapshot(leapt(t, time.Now(), by)); shown != want {
			t.Errorf("the wall clock has gone on by %v: shown is %v", by, shown)
		}
	}
	if _, shown := target.Snapshot(leapt(t, time.Now().Add(61*time.Minute), -time.Hour)); shown {
		t.Error("an old snapshot is shown because the wall clock was set back")
	}
}

// Without Date the horizon is this machine's time, and the sessions' times can be compared with its wall clock alone.
func TestOurOwnClockThatLeapsIsNotBelievedAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		leaps             []time.Duration
		windows, creation []float64 // after each walk; windows to the nearest second
	}{
		"asleep for an hour":   {[]time.Duration{0, time.Hour, time.Hour}, []float64{0, 0, 3600}, []float64{0, 0, 1}},
		"set back and forward": {[]time.Duration{0, -time.Hour, -time.Hour, 0, 0}, []float64{0, 0, 0, 0, 0}, []float64{0, 0, 0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			walk, began := 0, time.Now()
			sessions := created(2)
			sessions[0].Created, sessions[1].Created = began.Add(-30*time.Minute).Round(0), began.Add(30*time.Minute).Round(0)
			target := newTarget(walks(func(_ context.Context, visitor facelist.Visitor) (facelist.Result, error) {
				horizon := leapt(t, time.Now(), test.leaps[walk])
				visitor.Visit(facelist.Batch{Sessions: sessions, Date: horizon, Horizon: horizon})
				return facelist.Result{Pages: 1, Coverage: 1, Horizon: horizon}, nil
			}), every(1))
			run(t, target)
			for ; walk < len(test.leaps); walk++ {
				collector.Prepare(context.Background(), target)
				if got := target.Flows(); math.Round(got.Window) != test.windows[walk] || got.Creations != test.creation[walk] {
					t.Errorf("after walk %d: %+v, want %vs and %v creations", walk+1, got, test.windows[walk], test.creation[walk])
				}
			}
		})
	}
}
