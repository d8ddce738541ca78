package collector_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
)

func TestAPIMetricsCanBeRead(t *testing.T) {
	plain, verify := faceclient.DetectLiveness, faceclient.DetectLivenessWithVerify
	api := collector.NewTable().NewAPIMetrics("contoso-prod", faceclient.Operations(), 0)
	if api.Requests(plain) != 0 || api.Billed(plain) != 0 {
		t.Errorf("%v requests and %v billed before the first", api.Requests(plain), api.Billed(plain))
	}
	for _, attempt := range []faceclient.Attempt{
		{Operation: plain, Status: 200, Duration: time.Second, Billed: 1},
		{Operation: plain, Status: 200, Billed: 2.5},
		{Operation: plain, Status: 429, ErrorCode: "429", Duration: time.Minute},
		{Operation: plain, ErrorCode: faceclient.CodeTimeout, Duration: 10 * time.Second},
		{Operation: verify, Status: 200, Billed: 1},
	} {
		api.ObserveAttempt(attempt)
	}
	for operation, want := range map[faceclient.Operation][2]float64{plain: {4, 3.5}, verify: {1, 1}} {
		if got := [2]float64{api.Requests(operation), api.Billed(operation)}; got != want {
			t.Errorf("%s: requests and billed %v, want %v", operation, got, want)
		}
	}
}

func TestHistogramBucketsCanBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newTarget(walks(lists(page{sessions: []faceclient.Session{
			{ID: []byte("a"), TTL: time.Minute}, {ID: []byte("b"), TTL: 10 * time.Minute}, {ID: []byte("c"), TTL: 10 * time.Minute}, {ID: []byte("d"), TTL: 48 * time.Hour},
		}})))
		run(t, target)
		scrape(inTime, target)
		snapshot := target.State().Snapshot
		got, last, buckets := map[float64]uint64{}, 0.0, 0
		for bound, count := range snapshot.TTL.Buckets() {
			if bound <= last {
				t.Errorf("bound %v after %v", bound, last)
			}
			if count > 0 {
				got[bound] = count
			}
			last = bound
			buckets++
		}
		if buckets != 13 || len(got) != 3 || got[60] != 1 || got[600] != 2 || got[math.Inf(1)] != 1 {
			t.Errorf("%d buckets, with values %v", buckets, got)
		}
		for range snapshot.TTL.Buckets() {
			break // who has seen enough may leave
		}
	})
}

// Health says when the last refresh ended, whether one is under way, and how long a scrape waits with the next one.
func TestHealthSaysWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newTarget(walks(
			fails(unavailable(), page{after: 3 * time.Second, sessions: created(1)}),
			lists(page{after: 5 * time.Second, sessions: created(1)}),
		), every(time.Minute))
		run(t, target)
		if health := target.State().Health; health.Refreshing || !health.LastEnded.IsZero() || target.State().DueIn != 0 {
			t.Errorf("before the first refresh: %+v", health)
		}
		began := time.Now()
		scrape(inTime, target)
		failed := target.State().Health
		if failed.Refreshing || failed.LastEnded.Sub(began) != 3*time.Second {
			t.Errorf("after a failure that took 3 s: refreshing %v, ended %v after the start", failed.Refreshing, failed.LastEnded.Sub(began))
		}
		if wait := target.State().DueIn; wait < 15*time.Second || wait > 17*time.Second {
			t.Errorf("the next refresh waits for %v, want 15 s and a little", wait)
		}
		advance(20 * time.Second)
		if took := scrape(inTime, target); took != 0 {
			t.Errorf("a scrape after a failure waited %v", took)
		}
		if !target.State().Health.Refreshing {
			t.Error("a refresh under way is not said to be")
		}
		advance(5 * time.Second)
		if health := target.State().Health; health.Refreshing || health.LastEnded != time.Now() || target.State().DueIn != 54*time.Second {
			t.Errorf("after a success: %+v", health)
		}
	})
}
