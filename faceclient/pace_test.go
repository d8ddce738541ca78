package faceclient_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facetest"
)

func TestWaitBeforeTheNextRequest(t *testing.T) {
	const bound = 30 * time.Second
	// A wait that the service names gets up to a tenth on top, because others were told the same.
	named := func(wait time.Duration) [2]time.Duration { return [2]time.Duration{wait, min(bound, wait*11/10)} }
	unnamed := [2]time.Duration{250 * time.Millisecond, 500 * time.Millisecond}
	header := func(status int, value string) facetest.Fault {
		return facetest.Status(status, "").Header("Retry-After", value)
	}
	at := func(after time.Duration) string {
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(after).Format(http.TimeFormat) // a bubble's clock begins there
	}
	message := func(text string) facetest.Fault {
		return facetest.StatusError(429, facetest.ShapeCode, "429", text)
	}
	for _, test := range []struct {
		name  string
		fault facetest.Fault
		want  [2]time.Duration
	}{
		{"seconds", header(429, "7"), named(7 * time.Second)},
		{"zero seconds", header(429, "0"), unnamed},
		{"an hour", header(429, "3600"), [2]time.Duration{bound, bound}},
		{"more than 64 bits", header(429, "18446744073709551616"), named(bound)},
		{"a fraction", header(429, "1.5"), unnamed},
		{"a date", header(429, at(9*time.Second)), named(9 * time.Second)},
		{"a date that is over", header(429, at(-time.Hour)), unnamed},
		{"a date by the service's clock", header(429, at(time.Hour+4*time.Second)).Header("Date", at(time.Hour)), named(4 * time.Second)},
		{"unavailable for 5 s", header(503, "5"), named(5 * time.Second)},
		{"conflict for 5 s", header(409, "5"), named(5 * time.Second)},
		{"message, one second", message("Please retry after 1 second. Or upgrade."), named(time.Second)},
		{"message of other words", message("It is 12 seconds past."), unnamed},
		{"the header counts before the message", message("Try again in 26 seconds.").Header("Retry-After", "2"), named(2 * time.Second)},
		{"another shape", facetest.StatusError(429, facetest.ShapeStatusCode, "429", "Rate limit is exceeded. Try again in 7 seconds."), named(7 * time.Second)},
	} {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, 10, func(o *options) { o.MaxRetryWait = bound }, func(t *testing.T, r *rig) {
				r.server.Fail(test.fault.Times(1))
				began := time.Now()
				r.listsAll()
				if took := time.Since(began); took < test.want[0] || took > test.want[1] {
					t.Errorf("waited %v, want %v to %v", took, test.want[0], test.want[1])
				}
			})
		})
	}
}

// A request that is told to wait holds back all others: the limit is the resource's.
func TestNothingIsSentWhileTheServiceAsksToWait(t *testing.T) {
	for name, test := range map[string]struct {
		fault     facetest.Fault
		perSecond float64
		early     int // requests before the gate is closed; the other one waits for the limiter when it closes
	}{
		"429":           {facetest.RateLimited(20 * time.Second), 1e12, 2},
		"503":           {facetest.Status(503, "").Header("Retry-After", "20"), 1e12, 2},
		"429, low rate": {facetest.RateLimited(20 * time.Second), 0.5, 1},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, 10, func(o *options) { o.MaxRequestsPerSecond = test.perSecond }, func(t *testing.T, r *rig) {
				// The first page takes a second, the first one of the other list three, so that it is under way when the gate closes.
				first := facetest.DetectLiveness
				r.server.Fail(facetest.Delay(3*time.Second).On(facetest.DetectLivenessWithVerify).Times(1), facetest.Delay(time.Second).On(first).Times(1), test.fault.On(first).Times(1))
				began, early := time.Now(), 0
				var other sync.WaitGroup
				other.Go(func() {
					<-time.After(time.Millisecond)
					r.together(faceclient.DetectLivenessWithVerify)
				})
				r.listsAll()
				other.Wait()
				for _, request := range r.server.Requests() {
					if at := request.Time.Sub(began); at <= time.Millisecond {
						early++
					} else if at < 21*time.Second {
						t.Errorf("sent after %v: %v", at, request)
					}
				}
				if early != test.early {
					t.Errorf("%d requests before the gate was closed, want %d", early, test.early)
				}
				if waited := r.seen.throttled(); waited < 20*time.Second {
					t.Errorf("throttled for %v, want 20 s and more", waited)
				}
			})
		})
	}
}

// together reads lists at the same time.
func (r *rig) together(operations ...faceclient.Operation) {
	var reading sync.WaitGroup
	for _, operation := range operations {
		reading.Go(func() {
			if _, err := list(r.t.Context(), r.client, operation, r.options.Top); err != nil {
				r.t.Errorf("%s: %v", operation, err)
			}
		})
	}
	reading.Wait()
}

// Other settings change neither how long the service has asked to wait nor how much slower it wants its requests.
func TestRetryAfterAndALoweredRateSurviveApply(t *testing.T) {
	inRig(t, 2500, func(o *options) { o.MaxRequestsPerSecond = 10 }, func(t *testing.T, r *rig) {
		r.server.Fail(facetest.RateLimited(20 * time.Second).Times(1))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := list(ctx, r.client, faceclient.DetectLiveness, 1000)
		if failure := typed(t, err); failure.Code != faceclient.CodeCanceled || failure.Before == nil || failure.Before.Wait != 20*time.Second {
			t.Fatalf("%v, want canceled after the 429", err)
		}
		r.options.MaxRequestsPerSecond = 100
		if err := r.client.Apply(r.options.Options); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		r.listsAll()
		requests := r.server.Requests()[1:]
		if waited := requests[0].Time.Sub(began); waited < 15*time.Second || waited > 17*time.Second+time.Second/10 {
			t.Errorf("the first request came after %v, want the 15 s to 17 s that were left", waited)
		}
		if gap := requests[1].Time.Sub(requests[0].Time); (gap - 20*time.Millisecond).Abs() > time.Millisecond {
			t.Errorf("the second request came %v later, want 20ms: half as fast as it may", gap)
		}
	})
}

// The rate holds for all requests, also while settings change, and is no burst afterwards.
func TestRate(t *testing.T) {
	for _, test := range []struct {
		perSecond float64
		atOnce    int
	}{{0.3, 1}, {2, 4}, {200, 16}} {
		t.Run(fmt.Sprintf("%v a second, %d at once", test.perSecond, test.atOnce), func(t *testing.T) {
			inRig(t, 100, func(o *options) {
				o.MaxRequestsPerSecond, o.MaxConcurrentRequests, o.Top = test.perSecond, test.atOnce, 10
			}, func(t *testing.T, r *rig) {
				began := time.Now()
				time.AfterFunc(2*time.Second, func() { _ = r.client.Apply(r.options.Options) })
				r.together(append(faceclient.Operations(), faceclient.Operations()...)...)
				requests := r.server.Requests()
				want := time.Duration(float64(len(requests)-1) / test.perSecond * float64(time.Second))
				if off := time.Since(began) - want; off.Abs() > time.Duration(len(requests))*time.Microsecond {
					t.Errorf("%d requests took %v, want %v", len(requests), time.Since(began), want)
				}
				for i := range requests[1:] {
					if gap := requests[i+1].Time.Sub(requests[i].Time).Seconds(); gap < 0.999/test.perSecond {
						t.Fatalf("request %d came %v s after the one before", i+2, gap)
					}
				}
			})
		})
	}
}

func TestRequestTimeoutRunsFromSendingToTheBodysEnd(t *testing.T) {
	for _, fault := range []facetest.Fault{facetest.Hang(), facetest.SlowDrip(10, 300*time.Millisecond)} {
		inRig(t, 100, func(o *options) { o.RequestTimeout, o.MaxRetries, o.MaxRequestsPerSecond = 4*time.Second, 0, 0.1 }, func(t *testing.T, r *rig) {
			r.server.Fail(fault)
			r.fails(faceclient.CodeTimeout, 1)
			r.fails(faceclient.CodeTimeout, 2) // after 10 s at the limiter
			for _, got := range r.seen.attempts {
				if got.Duration != 4*time.Second || got.ErrorCode != faceclient.CodeTimeout {
					t.Errorf("%v: observed %+v", fault, got)
				}
			}
		})
	}
}

// A request that is canceled ends at once, and leaves its place to others.
func TestACanceledRequestEndsAtOnce(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault facetest.Fault
		adapt change
	}{
		{"in an answer", facetest.Hang(), nil},
		{"in a body", facetest.HangInBody(), nil},
		{"before a retry", facetest.Status(500, ""), func(o *options) { o.MaxRetries = 900 }},
		{"at the gate", facetest.RateLimited(time.Hour), func(o *options) { o.MaxRetryWait = time.Minute }},
		{"at the limiter", facetest.Delay(0), func(o *options) { o.MaxRequestsPerSecond = 0.001 }},
		{"behind another", facetest.Hang(), func(o *options) { o.MaxConcurrentRequests = 1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, 3000, test.adapt, func(t *testing.T, r *rig) {
				undo := r.server.Fail(test.fault)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(3*time.Second, cancel)
				began := time.Now()
				var waiting sync.WaitGroup
				for range 3 {
					waiting.Go(func() {
						if _, err := list(ctx, r.client, faceclient.DetectLiveness, 1000); faceclient.Code(err) != faceclient.CodeCanceled || time.Since(began) != 3*time.Second {
							t.Errorf("%v after %v, want canceled after 3s", err, time.Since(began))
						}
					})
				}
				waiting.Wait()
				undo()
				before := r.requests()
				if _, err := list(ctx, r.client, faceclient.DetectLiveness, 1000); faceclient.Code(err) != faceclient.CodeCanceled || r.requests() != before {
					t.Errorf("a request that is canceled before it begins: %v, %d requests", err, r.requests()-before)
				}
				if _, err := r.list(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// No more requests are in flight than may be. A bound that changes holds as soon as those that wait have been sent.
func TestRequestsInFlightAreBounded(t *testing.T) {
	inRig(t, 400, func(o *options) { o.Top, o.MaxConcurrentRequests, o.RequestTimeout = 10, 3, 2*time.Second }, func(t *testing.T, r *rig) {
		r.server.Fail(facetest.Delay(time.Second))
		for _, bound := range []int{3, 1, 2} {
			r.options.MaxConcurrentRequests = bound
			if err := r.client.Apply(r.options.Options); err != nil {
				t.Fatal(err)
			}
			before, began := len(r.server.Requests()), time.Now()
			r.together(append(faceclient.Operations(), faceclient.Operations()...)...)
			requests := len(r.server.Requests()) - before
			if atOnce := float64(requests) / time.Since(began).Seconds(); atOnce > float64(bound) || atOnce < 0.9*float64(bound) {
				t.Errorf("%v requests of a second at once, want %d", atOnce, bound)
			}
		}
		if got := r.seen.throttled(); got != 0 {
			t.Errorf("throttled for %v: the wait for a place is no throttling", got)
		}
	})
}
