package collector_test

import (
	"math"
	"testing"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient/facetest"
)

// The real client walks a simulated customer's list for an hour and a half, and what the exporter has counted is compared with
// what the simulator knows to have happened.
func TestFlowsAreWhatHappenedToTheSimulatedCustomer(t *testing.T) {
	const settling, lookingUp = 30 * time.Second, time.Second
	for name, test := range map[string]struct {
		skew    time.Duration // of the service's clock
		failing time.Duration // for how long walks fail in the middle
	}{
		"the service's clock is 3 minutes ahead":               {skew: 3 * time.Minute},
		"the clock is behind, and half an hour of walks fails": {skew: -3 * time.Minute, failing: 30 * time.Minute},
	} {
		bubble(t, name, func(t *testing.T) {
			service := facetest.New(facetest.Options{Now: func() time.Time { return time.Now().Add(test.skew) }})
			service.Simulate(facetest.TrafficOptions{Seed: 7, PerDay: 2000, AbandonedShare: 0.3, DeletedShare: -1})
			target, _ := simulated(t, service, asking{1e6, 1000, 0}, every(3*time.Minute), func(options *collector.TargetOptions) { options.Samples = 1000 })
			began := time.Now().Add(test.skew)
			scrape(10*time.Second, target)
			before := collector.Flows{}
			for walk := range 30 {
				at := time.Duration(walk) * 3 * time.Minute
				advance(lookingUp)
				fails := at >= 30*time.Minute && at < 30*time.Minute+test.failing
				service.ClearFaults()
				if fails {
					service.Fail(facetest.Status(500, ""))
				}
				advance(3*time.Minute - lookingUp)
				scrape(10*time.Second, target)
				flows := target.State().Flows
				if fails && flows != before {
					t.Fatalf("walk %d: a failed walk moved the flows from %+v to %+v", walk, before, flows)
				}
				before = flows
			}
			ended := time.Now().Add(test.skew).Truncate(time.Second) // as the Date header has it
			truth := service.Between(facetest.DetectLiveness, began.Add(-settling), ended.Add(-settling))
			want := collector.Flows{
				Creations: float64(truth.Created), Starts: float64(truth.Started),
				Expirations: float64(truth.Expired), Abandonments: float64(truth.Abandoned), Window: ended.Sub(began).Seconds(),
			}
			if before != want {
				t.Errorf("counted %+v, and what happened is %+v", before, want)
			}
			advance(lookingUp)
			outcomes := target.State().Outcomes.Sessions
			for real, counted := range map[facetest.Outcome]collector.Outcome{
				facetest.RealFace: collector.RealFace, facetest.SpoofFace: collector.SpoofFace, facetest.Uncertain: collector.Uncertain,
				facetest.Failed: collector.Failed, facetest.NoResult: collector.NoResult,
			} {
				if got, want := outcomes[counted], float64(truth.Outcomes[real]); math.Abs(got-want) > 1e-6 {
					t.Errorf("outcome %v: counted %v of %v", real, got, want)
				}
			}
			for id, n := range service.LookUps(facetest.DetectLiveness) {
				if n != 1 {
					t.Errorf("session %s looked up %d times", id, n)
				}
			}
			if want.Creations < 10 || want.Abandonments < 2 {
				t.Errorf("too little happened to mean anything: %+v", want)
			}
		})
	}
}
