package faceclient_test

import (
	"context"
	"math"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/faceclient/facesim"
)

// estimator is a visitor that counts sessions of two kinds.
type estimator struct{ sessions, expired int }

func (e *estimator) Restart() { *e = estimator{} }

func (e *estimator) Visit(batch facelist.Batch) {
	for i := range batch.Sessions {
		e.sessions++
		if batch.Sessions[i].Expired {
			e.expired++
		}
	}
}

// sampled collects estimates of one quantity over many lists.
type sampled struct {
	name            string
	n, sum, squares float64 // of estimate ÷ truth - 1
	variance        float64 // sum of what theory says
}

func (s *sampled) add(truth, visited, coverage float64) {
	off := visited/coverage/truth - 1
	s.n++
	s.sum += off
	s.squares += off * off
	s.variance += (1 - coverage) / visited
}

// check fails where the mean is further from the truth than chance allows, or the spread is not what theory says.
func (s *sampled) check(t *testing.T) {
	t.Helper()
	mean, spread, theory := s.sum/s.n, math.Sqrt(s.squares/s.n), math.Sqrt(s.variance/s.n)
	t.Logf("%s: mean error %+.4f, spread %.4f, by theory %.4f", s.name, mean, spread, theory)
	if bound := 5 * theory / math.Sqrt(s.n); math.Abs(mean) > bound {
		t.Errorf("%s: the mean of the estimates is %+.4f off, and chance explains ±%.4f", s.name, mean, bound)
	}
	if spread > 1.35*theory || spread < 0.7*theory {
		t.Errorf("%s: the estimates spread by %.4f, and theory says %.4f", s.name, spread, theory)
	}
}

func TestEstimatesAreUnbiasedAndSpreadAsTheorySays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                             string
		sessions, page, requests, atOnce int
	}{
		{"one request", 500, 8, 1, 4},
		{"four requests side by side", 500, 6, 4, 4},
		{"five requests one after the other, with wrap-around", 300, 20, 5, 1},
		{"seven requests in three places", 300, 20, 7, 3},
		{"most of the list", 300, 20, 12, 4},
		{"all but a page of the list", 300, 20, 15, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			first, later := sampled{name: "first walk"}, sampled{name: "later walk"}
			expired := sampled{name: "expired, later walk"}
			for seed := range uint64(400) {
				service := facesim.New(facesim.Options{Requests: 1})
				service.Populate(facesim.DetectLiveness, test.sessions, seed+1)
				truth := estimator{}
				for _, session := range service.Sessions(facesim.DetectLiveness) {
					truth.sessions++
					if session.Expired(time.Now()) {
						truth.expired++
					}
				}
				options := plainOptions()
				options.PageSize, options.MaxConcurrentRequests, options.Transport = test.page, test.atOnce, service.Direct()
				client := newClient(t, options)
				lister := client.Lister(faceclient.DetectLiveness)
				for i := range 3 { // the second learns of the end of the list where the first has not come so far
					visited := estimator{}
					walk, err := lister.Walk(context.Background(), test.requests, &visited)
					if err != nil {
						t.Fatal(err)
					}
					if walk.Requests > test.requests {
						t.Fatalf("walk %d made %d requests, want at most %d", i+1, walk.Requests, test.requests)
					}
					switch i {
					case 0:
						first.add(float64(truth.sessions), float64(visited.sessions), walk.Coverage)
					case 2:
						later.add(float64(truth.sessions), float64(visited.sessions), walk.Coverage)
						expired.add(float64(truth.expired), float64(visited.expired), walk.Coverage)
					}
				}
				service.Close()
			}
			first.check(t)
			later.check(t)
			expired.check(t)
		})
	}
}
