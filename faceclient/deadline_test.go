package faceclient_test

import (
	"context"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
)

// A deadline that lies before a request's turn is no turn.
func TestAWalkWithADeadlineEndsByIt(t *testing.T) {
	inRig(t, 30_000, func(o *options) { o.MaxRequestsPerSecond, o.MaxConcurrentRequests = 0.1, 1 }, func(t *testing.T, r *rig) {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		began := time.Now()
		_, _, err := walkOf(ctx, r.client.Lister(faceclient.DetectLiveness))
		if got := faceclient.Code(err); got != faceclient.CodeCanceled && got != faceclient.CodeTimeout {
			t.Errorf("code %q, want canceled or timeout: %v", got, err)
		}
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("ended after %v", took)
		}
		if got := r.requests(); got != 2 {
			t.Errorf("%d requests in 15 s, want 2", got)
		}
		walk, visited, err := r.walk()
		r.finds(walk, visited, err)
	})
}
