package collector

import (
	"fmt"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
)

// Every failure has a reason, and there are never too many reasons, nor versions of the model.
func TestReasonsAndModelsAreBounded(t *testing.T) {
	named := []faceclient.Check{{StatusCode: 400, ErrorCode: "FaceWithMaskDetected"}, {StatusCode: 408}, {}}
	invented := make([]faceclient.Check, 35)
	for i := range invented {
		invented[i] = faceclient.Check{HasResult: true, StatusCode: 400, ErrorCode: fmt.Sprint("Code", i)}
	}
	for name, test := range map[string]struct {
		failures []faceclient.Check
		reasons  int
		sessions map[string]float64 // some of them
	}{
		"a code, a status or nothing": {named, 4, map[string]float64{"FaceWithMaskDetected": 140, "408": 140, "unknown": 140, "other": 0}},
		"too many codes":              {invented, 31, map[string]float64{"Code0": 12, "other": 5 * 12}},
	} {
		var answers []answer
		for i := range 105 {
			answers = append(answers, answer{test.failures[i%len(test.failures)], Failed},
				answer{faceclient.Check{Latency: time.Second, ModelVersion: fmt.Sprint("model-", i%12)}, RealFace})
		}
		outcomes := newOutcomes()
		for range 2 {
			outcomes = outcomes.with(answers, 420, 1)
		}
		for reason, want := range test.sessions {
			if got, samples := outcomes.Failures[reason], outcomes.FailureSamples[reason]; got != want || float64(samples) != want/2 {
				t.Errorf("%s: %v failures by %s in %d samples, want %v", name, got, reason, samples, want)
			}
		}
		if len(outcomes.Failures) != test.reasons || len(outcomes.Models) != 11 || outcomes.Models["other"] == 0 {
			t.Errorf("%s: reasons %v, models %v; want %d, and 10 and other", name, outcomes.Failures, outcomes.Models, test.reasons)
		}
	}
}
