package faceclient_test

import (
	"slices"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facetest"
)

func TestEveryAttemptIsObserved(t *testing.T) {
	inRig(t, 1500, func(o *faceclient.Options) { o.MaxRetries, o.MaxConcurrentRequests = 4, 1 }, func(t *testing.T, r *rig) {
		r.server.Fail(
			facetest.Delay(2*time.Second),
			facetest.Status(500, "").Times(1),
			facetest.RateLimited(facetest.ShapeFlat, facetest.HintHeader, 10*time.Second).After(1).Times(1),
			facetest.TruncatedJSON().After(2).Times(1), // of an answer that is billed
		)
		walk, visited, err := r.walk()
		r.finds(walk, visited, err)
		if got, want := r.seen.codes(), []string{"500", "429", "connection", "", "", ""}; !slices.Equal(got, want) {
			t.Errorf("codes %q, want %q", got, want)
		}
		if r.seen.retries != 3 || len(r.seen.errors) != 0 || len(r.seen.waits) != 6 {
			t.Errorf("%d retries, %d waits, errors %v; want 3, 6, none", r.seen.retries, len(r.seen.waits), r.seen.errors)
		}
		billed, statuses := 0.0, []int{}
		for _, attempt := range r.seen.attempts {
			billed += attempt.Billed
			statuses = append(statuses, attempt.Status)
			if attempt.Operation != faceclient.DetectLiveness || attempt.Duration != 2*time.Second {
				t.Errorf("observed %+v, want an attempt of 2s", attempt)
			}
		}
		if !slices.Equal(statuses, []int{500, 429, 200, 200, 200, 200}) {
			t.Errorf("statuses %v", statuses)
		}
		if want := r.server.Counts(facetest.DetectLiveness).Billed; billed != float64(want) || want != 4 {
			t.Errorf("%v transactions, the service billed %d, want 4", billed, want)
		}
		if got := r.seen.throttled(); got < 10*time.Second || got > 11*time.Second {
			t.Errorf("throttled for %v, want 10 to 11 s", got)
		}
	})
}

func TestWaitsForTheLimiterAreObserved(t *testing.T) {
	inRig(t, 10_000, func(o *faceclient.Options) { o.MaxRequestsPerSecond, o.MaxConcurrentRequests = 0.5, 1 }, func(t *testing.T, r *rig) {
		if _, _, err := r.walk(); err != nil {
			t.Fatal(err)
		}
		if got, want := r.seen.throttled(), 20*time.Second; (got - want).Abs() > time.Millisecond {
			t.Errorf("throttled for %v, want %v", got, want)
		}
	})
}

// The bound on requests in flight is no throttling: it is the service that takes its time.
func TestWaitsForAPlaceInFlightAreNotThrottling(t *testing.T) {
	inRig(t, 40_000, func(o *faceclient.Options) { o.MaxConcurrentRequests, o.PageSize = 2, 500 }, func(t *testing.T, r *rig) {
		r.server.Fail(facetest.Delay(time.Second))
		if _, _, err := r.walk(); err != nil {
			t.Fatal(err)
		}
		if got := r.seen.throttled(); got != 0 {
			t.Errorf("throttled for %v, want 0", got)
		}
	})
}

func TestBilling(t *testing.T) {
	for _, test := range []struct {
		header string
		want   float64
	}{
		{"", 0},
		{"CognitiveServices.Face.Transaction=1", 1},
		{"CognitiveServices.Face.Transaction=2.5", 2.5},
		{"CognitiveServices.Face.Transaction=1, CognitiveServices.Face.Other=2", 3},
		{"CognitiveServices.Face.Transaction", 0},
		{"CognitiveServices.Face.Transaction=-3", 0},
		{"CognitiveServices.Face.Transaction=NaN", 0},
		{"CognitiveServices.Face.Transaction=Inf", 0},
		{"CognitiveServices.Face.Transaction=x", 0},
	} {
		inRig(t, 0, nil, func(t *testing.T, r *rig) {
			r.server.Fail(facetest.Status(200, "[]").Header("CSP-Billing-Usage", test.header))
			if _, _, err := r.walk(); err != nil {
				t.Fatal(err)
			}
			if got := r.seen.attempts[0].Billed; got != test.want {
				t.Errorf("%q bills %v, want %v", test.header, got, test.want)
			}
		})
	}
}

func TestPaginationIsObservedOnceARefresh(t *testing.T) {
	for _, fault := range []facetest.Fault{facetest.IgnoreStart(), facetest.WrapAround(), facetest.RepeatPages()} {
		t.Run(fault.String(), func(t *testing.T) {
			inRig(t, 5000, nil, func(t *testing.T, r *rig) {
				r.server.Fail(fault)
				for refresh := range 2 {
					if _, _, err := r.walk(); faceclient.Code(err) != faceclient.CodePagination {
						t.Fatalf("%v, want pagination", err)
					}
					if len(r.seen.errors) != refresh+1 || r.seen.errors[refresh] != faceclient.CodePagination {
						t.Errorf("observed %v after %d refreshes", r.seen.errors, refresh+1)
					}
				}
				for _, code := range r.seen.codes() {
					if code != "" {
						t.Errorf("an attempt was observed with %q", code)
					}
				}
			})
		})
	}
}

// An id that is no cursor is told by the attempt that brought it, and by nobody else.
func TestALongIDIsObservedOnce(t *testing.T) {
	inRig(t, 0, nil, func(t *testing.T, r *rig) {
		r.server.Fail(facetest.JSON(`[{"id":"12345678901234567890123456789012345678901234567890123456789012345"}]`))
		r.fails(faceclient.CodePagination, 1)
		if told := append(r.seen.codes(), r.seen.errors...); !slices.Equal(told, []string{faceclient.CodePagination}) {
			t.Errorf("observed %v, want pagination once", told)
		}
	})
}
