package faceclient_test

import (
	"fmt"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

// A page that fails while others come is not hopeless either, but at some time it is.
func TestAFailureIsForgivenWhileOtherPagesCome(t *testing.T) {
	for _, test := range []struct {
		name            string
		retries, atOnce int
		failures        int
		requests        int // of the page
		good            bool
	}{
		{"forgiven thrice for each retry", 2, 4, 6, 7, true},
		{"and then retried", 2, 4, 8, 9, true},
		{"and then given up", 2, 4, 9, 9, false},
		{"no retries, no forgiveness", 0, 4, 1, 1, false},
		{"no other page, no forgiveness", 2, 1, 3, 3, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, 10_000, func(o *options) {
				o.PageSize, o.MaxRetries, o.MaxConcurrentRequests = 100, test.retries, test.atOnce
			}, func(t *testing.T, r *rig) {
				page, asked := "", 0
				r.server.Fail(facetest.Delay(time.Second), facesim.Status(503, "").When(func(request facesim.Request) bool {
					if page == "" && request.Start >= "8" {
						page = request.Start
					}
					if request.Start != page || page == "" {
						return false
					}
					asked++
					return asked <= test.failures
				}))
				walk, visited, err := r.walk()
				if test.good {
					r.finds(walk, visited, err)
				} else if faceclient.Code(err) != "503" {
					t.Errorf("%v, want 503", err)
				}
				if asked != test.requests {
					t.Errorf("the page was asked for %d times, want %d", asked, test.requests)
				}
			})
		})
	}
}

// Half of everything fails, and the list is read.
func TestOneRequestInTwoFails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		atOnce    int
		perSecond float64
	}{{1, 1e12}, {4, 2}, {4, 1e12}, {16, 100}} {
		t.Run(fmt.Sprintf("%d at once, %v a second", test.atOnce, test.perSecond), func(t *testing.T) {
			inRig(t, 4000, func(o *options) {
				o.PageSize, o.MaxRetries, o.MaxConcurrentRequests, o.MaxRequestsPerSecond = 100, 6, test.atOnce, test.perSecond
			}, func(t *testing.T, r *rig) {
				arrived := 0
				faults := []facesim.Fault{
					facesim.Status(500, ""), facetest.Reset(), facetest.CutBody(), facesim.RateLimited(facesim.ShapeCode, facesim.HintMessage, time.Second),
					facetest.HTML(502), facetest.HTML(200), facetest.ResetInBody(), facetest.TruncatedJSON(), facesim.Status(503, ""),
				}
				for i := range faults {
					faults[i] = faults[i].When(func(facesim.Request) bool {
						if i == 0 { // each is asked about each request
							arrived++
						}
						return arrived%2 == 0 && arrived/2%len(faults) == i
					})
				}
				r.server.Fail(append([]facesim.Fault{facetest.Delay(10 * time.Millisecond)}, faults...)...)
				for range 5 {
					walk := r.finds(r.walk())
					if walk.Requests < 2*walk.Pages-1 {
						t.Errorf("%d requests for %d pages: too few failed", walk.Requests, walk.Pages)
					}
				}
			})
		})
	}
}
