package faceclient_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

func TestWaitBeforeTheNextRequest(t *testing.T) {
	const bound = 30 * time.Second
	// A wait that the service names gets up to a tenth on top, because others were told the same.
	named := func(wait time.Duration) [2]time.Duration { return [2]time.Duration{wait, min(bound, wait*11/10)} }
	unnamed := [2]time.Duration{250 * time.Millisecond, 500 * time.Millisecond}
	header := func(status int, value string) facesim.Fault {
		return facesim.Status(status, "").Header("Retry-After", value)
	}
	at := func(after time.Duration) string {
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(after).Format(http.TimeFormat) // a bubble's clock begins there
	}
	message := func(text string) facesim.Fault {
		return facesim.StatusError(429, facesim.ShapeCode, "429", text)
	}
	type test struct {
		name  string
		fault facesim.Fault
		want  [2]time.Duration
	}
	tests := []test{
		{"seconds", header(429, "7"), named(7 * time.Second)},
		{"seconds within blanks", header(429, " 7 "), named(7 * time.Second)},
		{"zero seconds", header(429, "0"), unnamed},
		{"an hour", header(429, "3600"), named(bound)},
		{"longer than anybody lives", header(429, "9223372036"), named(bound)},
		{"more than 64 bits of nanoseconds", header(429, "9223372037"), named(bound)},
		{"most of 64 bits", header(429, "18446744073709551615"), named(bound)},
		{"more than 64 bits", header(429, "18446744073709551616"), named(bound)},
		{"below zero", header(429, "-5"), unnamed},
		{"a fraction", header(429, "1.5"), unnamed},
		{"a date", header(429, at(9*time.Second)), named(9 * time.Second)},
		{"a date that is over", header(429, at(-time.Hour)), unnamed},
		{"a date in a thousand years", header(429, "Wed, 01 Jan 3000 00:00:00 GMT"), named(bound)},
		{"a date by the service's clock", header(429, at(time.Hour+4*time.Second)).Header("Date", at(time.Hour)), named(4 * time.Second)},
		{"words for a header", header(429, "soon"), unnamed},
		{"unavailable for 5 s", header(503, "5"), named(5 * time.Second)},
		{"unavailable", header(503, ""), unnamed},
		{"conflict for 5 s", header(409, "5"), named(5 * time.Second)},
		{"message, one second", message("Please retry after 1 second. Or upgrade."), named(time.Second)},
		{"message, seconds", message("Rate limit is exceeded. Try again in 26 seconds."), named(26 * time.Second)},
		{"message, capital letters", message("RETRY AFTER 3 SECONDS"), named(3 * time.Second)},
		{"message, an hour", message("Try again in 3600 seconds."), named(bound)},
		{"message of other words", message("It is 12 seconds past."), unnamed},
		{"the header counts before the message", message("Try again in 26 seconds.").Header("Retry-After", "2"), named(2 * time.Second)},
	}
	for shape, name := range map[facesim.Shape]string{facesim.ShapeCode: "code", facesim.ShapeStatusCode: "statusCode", facesim.ShapeFlat: "flat"} {
		tests = append(tests,
			test{name + ", header", facesim.RateLimited(shape, facesim.HintHeader, 7*time.Second), named(7 * time.Second)},
			test{name + ", message", facesim.RateLimited(shape, facesim.HintMessage, 7*time.Second), named(7 * time.Second)},
			test{name + ", one second", facesim.RateLimited(shape, facesim.HintMessage, time.Second), named(time.Second)},
			test{name + ", no hint", facesim.RateLimited(shape, facesim.HintNone, 7*time.Second), unnamed},
		)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, 10, func(o *options) { o.MaxRetryWait = bound }, func(t *testing.T, r *rig) {
				r.server.Fail(test.fault.Times(1))
				began := time.Now()
				r.finds(r.walk())
				if took := time.Since(began); took < test.want[0] || took > test.want[1] {
					t.Errorf("waited %v, want %v to %v", took, test.want[0], test.want[1])
				}
			})
		})
	}
}

func TestLongestWaitBoundsEveryWait(t *testing.T) {
	for _, longest := range []time.Duration{0, 100 * time.Millisecond, 20 * time.Second} {
		t.Run(longest.String(), func(t *testing.T) {
			inRig(t, 10, func(o *options) { o.MaxRetries, o.MaxRetryWait = 4, longest }, func(t *testing.T, r *rig) {
				r.server.Fail(facesim.RateLimited(facesim.ShapeCode, facesim.HintHeader, time.Hour))
				began := time.Now()
				failure := r.failure("429", 5)
				if took := time.Since(began); took != 4*longest {
					t.Errorf("gave up after %v, want %v", took, 4*longest)
				}
				if failure.Wait != time.Hour {
					t.Errorf("the service asked for %v, the error says %v", time.Hour, failure.Wait)
				}
			})
		})
	}
}

// Who is told to wait waits for all: the limit is the resource's.
func TestNothingIsSentWhileTheServiceAsksToWait(t *testing.T) {
	for _, fault := range []facesim.Fault{
		facesim.RateLimited(facesim.ShapeCode, facesim.HintHeader, 20*time.Second),
		facesim.Status(503, "").Header("Retry-After", "20"),
	} {
		t.Run(fault.String(), func(t *testing.T) {
			inRig(t, 10, nil, func(t *testing.T, r *rig) {
				r.server.Populate(facesim.DetectLivenessWithVerify, 3000, 1)
				// Pages of the other list take longer, so that one is under way when the gate closes.
				r.server.Fail(
					facetest.Delay(3*time.Second).On(facesim.DetectLivenessWithVerify),
					facetest.Delay(time.Second).On(facesim.DetectLiveness).Times(1),
					fault.On(facesim.DetectLiveness).Times(1),
				)
				began := time.Now()
				r.walkBoth()
				early := 0
				for _, request := range r.server.Requests() {
					if at := request.Time.Sub(began); at == 0 {
						early++
					} else if at < 21*time.Second {
						t.Errorf("sent after %v: %v", at, request)
					}
				}
				if early != 2 {
					t.Errorf("%d requests before anybody was told to wait, want 2", early)
				}
				if waited := r.seen.throttled(); waited < 38*time.Second || waited > 60*time.Second {
					t.Errorf("throttled for %v, want 20 s and 18 s and a little", waited)
				}
			})
		})
	}
}

// Those who are told the same time do not all come back at once.
func TestNamedWaitsAreSpread(t *testing.T) {
	waits := map[time.Duration]bool{}
	for range 10 {
		inRig(t, 10, nil, func(t *testing.T, r *rig) {
			r.server.Fail(facesim.RateLimited(facesim.ShapeCode, facesim.HintHeader, 20*time.Second).Times(1))
			r.finds(r.walk())
			requests := r.server.Requests()
			waits[requests[1].Time.Sub(requests[0].Time)] = true
		})
	}
	if len(waits) < 5 {
		t.Errorf("ten clients came back at %d times", len(waits))
	}
}

// Other settings change neither how long the service has asked to wait nor how much slower it wants its requests.
func TestRetryAfterAndALoweredRateSurviveApply(t *testing.T) {
	adapt := func(o *options) { o.MaxRequestsPerSecond, o.MaxConcurrentRequests = 10, 1 }
	inRig(t, 2500, adapt, func(t *testing.T, r *rig) {
		r.server.Fail(facesim.RateLimited(facesim.ShapeCode, facesim.HintHeader, 20*time.Second).Times(1))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, _, err := walkOf(ctx, r.client.Lister(faceclient.DetectLiveness)); faceclient.Code(err) != faceclient.CodeCanceled {
			t.Fatalf("%v, want canceled", err)
		}
		options := r.client.options
		options.MaxRequestsPerSecond = 100
		if err := r.client.Apply(options.Options); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		r.finds(r.walk())
		requests := r.server.Requests()[1:]
		if waited := requests[0].Time.Sub(began); waited < 15*time.Second || waited > 17*time.Second+time.Second/10 {
			t.Errorf("the first request came after %v, want the 15 s to 17 s that were left", waited)
		}
		if gap := requests[1].Time.Sub(requests[0].Time); (gap - 20*time.Millisecond).Abs() > time.Millisecond {
			t.Errorf("the second request came %v later, want 20ms: half as fast as it may", gap)
		}
	})
}

func TestRate(t *testing.T) {
	for _, test := range []struct {
		perSecond float64
		atOnce    int
	}{{0.3, 1}, {2, 1}, {2, 4}, {10, 4}, {200, 16}} {
		t.Run(fmt.Sprintf("%v a second, %d at once", test.perSecond, test.atOnce), func(t *testing.T) {
			inRig(t, 20_500, func(o *options) {
				o.MaxRequestsPerSecond, o.MaxConcurrentRequests = test.perSecond, test.atOnce
			}, func(t *testing.T, r *rig) {
				began := time.Now()
				walk := r.finds(r.walk())
				want := time.Duration(float64(walk.Requests-1) / test.perSecond * float64(time.Second))
				if off := time.Since(began) - want; off.Abs() > time.Duration(walk.Requests)*time.Microsecond {
					t.Errorf("%d requests took %v, want %v", walk.Requests, time.Since(began), want)
				}
				requests := r.server.Requests()
				for i := range requests[1:] {
					if gap := requests[i+1].Time.Sub(requests[i].Time).Seconds(); gap < 0.999/test.perSecond {
						t.Fatalf("request %d came %v s after the one before", i+2, gap)
					}
				}
			})
		})
	}
}

// A walk whose requests wait for their turn for longer than a request may take is slow and not broken.
func TestRequestTimeoutDoesNotRunWhileWaiting(t *testing.T) {
	for name, adapt := range map[string]change{
		"limiter":   func(o *options) { o.MaxRequestsPerSecond = 0.1 },
		"in flight": func(o *options) { o.MaxConcurrentRequests = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, 1500, func(o *options) { o.RequestTimeout, o.MaxRetries = time.Second, 0; adapt(o) }, func(t *testing.T, r *rig) {
				r.server.Fail(facetest.Delay(900 * time.Millisecond))
				var walks sync.WaitGroup
				for range 5 {
					walks.Go(func() {
						r.finds(r.walk())
					})
				}
				walks.Wait()
			})
		})
	}
	t.Run("gate", func(t *testing.T) {
		inRig(t, 1500, func(o *options) { o.RequestTimeout = time.Second }, func(t *testing.T, r *rig) {
			r.server.Fail(facesim.RateLimited(facesim.ShapeCode, facesim.HintHeader, 20*time.Second).Times(1))
			r.finds(r.walk())
		})
	})
}

func TestRequestTimeoutRunsFromSendingToTheBodysEnd(t *testing.T) {
	for _, fault := range []facesim.Fault{
		facetest.Hang(), facetest.HangInBody(), facetest.SlowDrip(10, 300*time.Millisecond), facetest.Delay(time.Minute),
	} {
		t.Run(fault.String(), func(t *testing.T) {
			inRig(t, 100, func(o *options) { o.RequestTimeout, o.MaxRetries = 4*time.Second, 0 }, func(t *testing.T, r *rig) {
				r.server.Fail(fault)
				began := time.Now()
				r.fails(faceclient.CodeTimeout, 1)
				if took := time.Since(began); took != 4*time.Second {
					t.Errorf("took %v, want 4s", took)
				}
				if got := r.seen.attempts[0]; got.Duration != 4*time.Second || got.ErrorCode != faceclient.CodeTimeout {
					t.Errorf("observed %+v", got)
				}
			})
		})
	}
}

func TestACanceledWalkEndsAtOnce(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault facesim.Fault
		adapt change
	}{
		{"in an answer", facetest.Hang(), nil},
		{"in a body", facetest.HangInBody(), nil},
		{"before a retry", facesim.Status(500, ""), func(o *options) { o.MaxRetries = 1000 }},
		{"at the gate", facesim.RateLimited(facesim.ShapeCode, facesim.HintHeader, time.Hour), func(o *options) { o.MaxRetryWait = time.Hour }},
		{"at the limiter", facetest.Delay(0), func(o *options) { o.MaxRequestsPerSecond = 0.001 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, 30_000, test.adapt, func(t *testing.T, r *rig) {
				r.server.Fail(test.fault)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(3*time.Second, cancel)
				began := time.Now()
				_, _, err := walkOf(ctx, r.client.Lister(faceclient.DetectLiveness))
				if got := faceclient.Code(err); got != faceclient.CodeCanceled {
					t.Errorf("code %q, want canceled: %v", got, err)
				}
				if took := time.Since(began); took != 3*time.Second {
					t.Errorf("ended after %v, want 3s", took)
				}
				r.server.ClearFaults()
				r.server.ForgetRequests()
				if _, _, err := walkOf(ctx, r.client.Lister(faceclient.DetectLiveness)); faceclient.Code(err) != faceclient.CodeCanceled || r.requests() != 0 {
					t.Errorf("a walk that is canceled before it begins: %v, %d requests", err, r.requests())
				}
			})
		})
	}
}

// A place in flight that nobody gives back would stop the client for ever.
func TestAClientGoesOnAfterACanceledWalk(t *testing.T) {
	inRig(t, 5000, func(o *options) { o.MaxConcurrentRequests = 1 }, func(t *testing.T, r *rig) {
		undo := r.server.Fail(facetest.Hang())
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		var walks sync.WaitGroup
		for range 8 {
			walks.Go(func() {
				if _, _, err := walkOf(ctx, r.client.Lister(faceclient.DetectLiveness)); faceclient.Code(err) != faceclient.CodeCanceled {
					t.Errorf("%v, want canceled", err)
				}
			})
		}
		walks.Wait()
		undo()
		r.finds(r.walk())
	})
}

func TestRequestsInFlightAreBounded(t *testing.T) {
	t.Parallel()
	for _, atOnce := range []int{1, 3, 16} {
		t.Run(strconv.Itoa(atOnce), func(t *testing.T) {
			flights := &flights{}
			inRig(t, 40_000, func(o *options) {
				o.MaxConcurrentRequests, o.PageSize = atOnce, 100
				flights.RoundTripper, o.Transport = o.Transport, flights
			}, func(t *testing.T, r *rig) {
				r.server.Populate(facesim.DetectLivenessWithVerify, 40_000, 1)
				r.server.Fail(facetest.Delay(time.Second))
				r.walkBoth()
				if got := flights.most.Load(); got != int64(atOnce) {
					t.Errorf("%d requests at once, want %d", got, atOnce)
				}
				if left := flights.now.Load(); left != 0 {
					t.Errorf("%d bodies were not closed", left)
				}
			})
		})
	}
}

// flights counts requests from sending until their body is closed.
type flights struct {
	http.RoundTripper

	now, most atomic.Int64
}

func (f *flights) RoundTrip(request *http.Request) (*http.Response, error) {
	n := f.now.Add(1)
	for old := f.most.Load(); n > old; old = f.most.Load() {
		f.most.CompareAndSwap(old, n)
	}
	response, err := f.RoundTripper.RoundTrip(request)
	if err != nil {
		f.now.Add(-1)
		return nil, err
	}
	response.Body = &landing{response.Body, sync.OnceFunc(func() { f.now.Add(-1) })}
	return response, nil
}

type landing struct {
	io.ReadCloser
	landed func()
}

func (l *landing) Close() error {
	defer l.landed()
	return l.ReadCloser.Close()
}
