package faceclient_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

// However often settings change while two lists are walked, the resource is asked no faster than it may be, and by no
// more requests at once.
func TestLimitsHoldWhateverIsApplied(t *testing.T) {
	adapt := func(o *options) { o.PageSize, o.MaxRequestsPerSecond, o.MaxConcurrentRequests = 100, 10, 4 }
	inRig(t, 10_000, adapt, func(t *testing.T, r *rig) {
		r.server.Populate(facesim.DetectLivenessWithVerify, 10_000, 2)
		r.server.Fail(facetest.Delay(300 * time.Millisecond))
		var walks sync.WaitGroup
		for _, operation := range faceclient.Operations() {
			walks.Go(func() {
				result, _, err := walkOf(t.Context(), r.client.Lister(operation))
				if err != nil || result.Coverage != 1 {
					t.Errorf("%s: %+v, %v", operation, result, err)
				}
			})
		}
		for i := range 20 {
			<-time.After(350 * time.Millisecond)
			options := r.client.options
			options.MaxConcurrentRequests = 1 + i%4
			options.Credential = faceclient.NewKeyCredential(faceclient.StaticSecret("test-key"))
			if err := r.client.Apply(options.Options); err != nil {
				t.Error(err)
			}
		}
		walks.Wait()

		var sent []time.Time
		for _, request := range r.server.Requests() {
			sent = append(sent, request.Time)
		}
		slices.SortFunc(sent, time.Time.Compare)
		for i, last := range sent {
			first, _ := slices.BinarySearchFunc(sent, last.Add(-time.Second), func(at, bound time.Time) int {
				if at.After(bound) {
					return 1
				}
				return -1
			})
			if n := i - first + 1; n > 11 {
				t.Fatalf("%d requests in a second, want at most 11", n)
			}
		}
		if len(sent) < 200 {
			t.Errorf("%d requests, want those of both lists", len(sent))
		}
	})
}

// A lower bound on requests in flight holds as soon as those that are under way have ended.
func TestABoundOnRequestsInFlightIsAppliedToThoseThatWait(t *testing.T) {
	for _, bounds := range [][]int{{4, 1}, {1, 4}, {4, 1, 4}, {3, 2, 1, 2}} {
		t.Run(fmt.Sprint(bounds), func(t *testing.T) {
			flights := &flights{}
			inRig(t, 20_000, func(o *options) {
				o.PageSize, o.MaxConcurrentRequests = 100, bounds[0]
				flights.RoundTripper, o.Transport = o.Transport, flights
			}, func(t *testing.T, r *rig) {
				r.server.Fail(facetest.Delay(100 * time.Millisecond))
				limited := r.client
				limited.options.MaxConcurrentRequests = 8 // workers
				var walk sync.WaitGroup
				walk.Go(func() {
					if _, _, err := walkOf(t.Context(), limited.Lister(faceclient.DetectLiveness)); err != nil {
						t.Error(err)
					}
				})
				options := r.client.options
				for _, bound := range bounds {
					options.MaxConcurrentRequests = bound
					if err := r.client.Apply(options.Options); err != nil {
						t.Error(err)
					}
					<-time.After(250 * time.Millisecond) // until those under way have ended
					flights.most.Store(flights.now.Load())
					<-time.After(time.Second)
					if most := flights.most.Load(); most != int64(bound) {
						t.Errorf("%d at once, want %d", most, bound)
					}
				}
				walk.Wait()
			})
		})
	}
}
