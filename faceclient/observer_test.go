package faceclient_test

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

func TestEveryAttemptIsObserved(t *testing.T) {
	inRig(t, 1500, func(o *options) { o.MaxRetries, o.MaxConcurrentRequests = 4, 1 }, func(t *testing.T, r *rig) {
		r.server.Fail(
			facetest.Delay(2*time.Second),
			facesim.Status(500, "").Times(1),
			facesim.RateLimited(facesim.ShapeFlat, facesim.HintHeader, 10*time.Second).After(1).Times(1),
			facetest.TruncatedJSON().After(2).Times(1), // of an answer that is billed
		)
		r.finds(r.walk())
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
		if want := r.server.Counts(facesim.DetectLiveness).Billed; billed != float64(want) || want != 4 {
			t.Errorf("%v transactions, the service billed %d, want 4", billed, want)
		}
		if got := r.seen.throttled(); got < 10*time.Second || got > 11*time.Second {
			t.Errorf("throttled for %v, want 10 to 11 s", got)
		}
	})
}

func TestWaitsForTheLimiterAreObserved(t *testing.T) {
	inRig(t, 10_000, func(o *options) { o.MaxRequestsPerSecond, o.MaxConcurrentRequests = 0.5, 1 }, func(t *testing.T, r *rig) {
		if _, _, err := r.walk(); err != nil {
			t.Fatal(err)
		}
		if got, want := r.seen.throttled(), 20*time.Second; (got - want).Abs() > time.Millisecond {
			t.Errorf("throttled for %v, want %v", got, want)
		}
	})
}

// brittle is a connection on which nothing can be written any more once so many requests have been.
type brittle struct {
	net.Conn
	left int
}

func (c *brittle) Write(b []byte) (int, error) {
	if c.left--; c.left < 0 {
		return 0, syscall.EPIPE
	}
	return c.Conn.Write(b)
}

// Where a kept connection breaks, Go's transport sends a request again by itself. That is an attempt like any other where
// the first one was sent, and none where it was not: what is observed is what arrives, and no faster than it may.
func TestWhatTheTransportRepeatsIsObserved(t *testing.T) {
	longKey := strings.Repeat("k", 4<<10) // what does not fit the transport's buffer is written before the request is whole
	tests := []struct {
		name            string
		writes          int // of a connection
		faults          []facesim.Fault
		requests, broke int // that arrive, and of them without an answer
	}{
		{"kept connections that cannot be written to", 2, nil, 11, 0},
		{"kept connections that the service resets", 100, []facesim.Fault{facetest.Reset().After(2).Times(1), facetest.Reset().After(6).Times(1)}, 13, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dials := 0
			inRig(t, 10_000, func(o *options) {
				o.Credential = faceclient.NewKeyCredential(faceclient.StaticSecret(longKey))
				o.MaxRequestsPerSecond, o.MaxConcurrentRequests = 10, 1
				transport := o.Transport.(*http.Transport)
				dial := transport.DialTLSContext
				transport.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					dials++
					conn, err := dial(ctx, network, address)
					return &brittle{conn, test.writes}, err
				}
			}, func(t *testing.T, r *rig) {
				r.server.SetKey(longKey)
				r.server.Fail(test.faults...)
				began := time.Now()
				walk := r.finds(r.walk())
				if r.requests() != test.requests || walk.Requests != test.requests || len(r.seen.attempts) != test.requests || r.seen.retries != test.broke {
					t.Errorf("%d requests, the walk says %d; %d attempts and %d retries were observed; want %d, %d of them retries",
						r.requests(), walk.Requests, len(r.seen.attempts), r.seen.retries, test.requests, test.broke)
				}
				broke := slices.DeleteFunc(r.seen.codes(), func(code string) bool { return code == "" })
				if want := slices.Repeat([]string{faceclient.CodeConnection}, test.broke); !slices.Equal(broke, want) {
					t.Errorf("errors %q, want %q", broke, want)
				}
				if took, want := time.Since(began), time.Duration(test.requests-1)*100*time.Millisecond; (took - want).Abs() > time.Millisecond {
					t.Errorf("took %v, want %v", took, want)
				}
				if dials == 1 {
					t.Error("no connection broke")
				}
			})
		})
	}
}

// A walk that is given up while it connects has sent nothing.
func TestWhatWasNotSentIsNotObserved(t *testing.T) {
	inRig(t, 10, func(o *options) {
		o.Transport.(*http.Transport).DialTLSContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
	}, func(t *testing.T, r *rig) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		walk, _, err := walkOf(ctx, r.client.Lister(faceclient.DetectLiveness))
		if faceclient.Code(err) != faceclient.CodeCanceled {
			t.Errorf("%v, want canceled", err)
		}
		if walk.Requests != 0 || len(r.seen.attempts) != 0 || len(r.seen.errors) != 0 {
			t.Errorf("the walk says %d requests, observed were %v and errors %q; want nothing", walk.Requests, r.seen.attempts, r.seen.errors)
		}
	})
}

// The bound on requests in flight is no throttling: it is the service that takes its time.
func TestWaitsForAPlaceInFlightAreNotThrottling(t *testing.T) {
	inRig(t, 40_000, func(o *options) { o.MaxConcurrentRequests, o.PageSize = 2, 500 }, func(t *testing.T, r *rig) {
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
			r.server.Fail(facesim.Status(200, "[]").Header("CSP-Billing-Usage", test.header))
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
	for _, fault := range []facesim.Fault{facesim.IgnoreStart(), facesim.WrapAround(), facesim.RepeatPages()} {
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
