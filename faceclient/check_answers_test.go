package faceclient_test

import (
	"slices"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

func TestSessionReadsEveryFormOfTheAnswer(t *testing.T) {
	for _, form := range facetest.SessionAnswers() {
		t.Run(form.Name, func(t *testing.T) {
			server := facesim.New(facesim.Options{})
			defer server.Close()
			created := time.Now().Add(-time.Hour)
			server.Add(facesim.DetectLivenessWithVerify, facesim.Session{
				ID: "a", Created: created, Started: created, Outcome: facesim.RealFace, Identical: true,
			})
			server.Fail(form.Fault)
			options := plainOptions()
			options.Transport = facetest.Direct(server)
			options.Credential = faceclient.NewKeyCredential(faceclient.StaticSecret(server.Key()))
			got, _, err := newClient(t, options).Session(t.Context(), faceclient.SessionQuery{Operation: faceclient.DetectLivenessWithVerify, ID: "a"})
			if err != nil && !faceclient.NotFound(err) {
				t.Fatal(err)
			}
			if outcome := outcomeOf(got, err); outcome != form.Outcome {
				t.Errorf("%+v is %s, want %s", got, outcome, form.Outcome)
			}
			if (got.Identical != nil) != form.Verified || got.Identical != nil && !*got.Identical {
				t.Errorf("%+v, verified: %v", got, form.Verified)
			}
		})
	}
}

func outcomeOf(check faceclient.Check, err error) string {
	switch {
	case err != nil:
		return "deleted"
	case !check.HasResult:
		return "no_result"
	case check.StatusCode >= 400 || check.Decision == "":
		return "failed"
	case !slices.Contains([]string{"realface", "spoofface", "uncertain"}, check.Decision):
		return "other"
	}
	return check.Decision
}
