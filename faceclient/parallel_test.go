package faceclient_test

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/faceclient/facesim"
)

// idVisitor remembers what was visited, and how often.
type idVisitor struct{ times map[string]int }

func newIDVisitor() *idVisitor { return &idVisitor{times: map[string]int{}} }

func (v *idVisitor) Restart() { clear(v.times) }

func (v *idVisitor) Visit(batch facelist.Batch) {
	for _, session := range batch.Sessions {
		v.times[string(session.ID)]++
	}
}

// bubble makes a service with so many sessions and a client of it, for use inside a synctest bubble.
func bubble(t *testing.T, sessions int, change func(*options), served facesim.Options) (*facesim.Server, walker) {
	t.Helper()
	service := facesim.New(served)
	service.Populate(facesim.DetectLiveness, sessions, 1)
	transport := service.Transport()
	options := options{PageSize: 1000, MaxPages: 20000, Options: faceclient.Options{
		Endpoint: "http://face.test", APIVersion: faceclient.DefaultAPIVersion,
		Credential:           faceclient.NewKeyCredential(faceclient.StaticSecret(service.Key())),
		MaxRequestsPerSecond: 10000, MaxConcurrentRequests: 16,
		RequestTimeout: 10 * time.Second, MaxRetries: 4, MaxRetryWait: 30 * time.Second, UserAgent: "test",
		Transport: transport,
	}}
	if change != nil {
		change(&options)
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		service.Close()
	})
	return service, newClient(t, options)
}

func wantExactly(t *testing.T, service *facesim.Server, visited *idVisitor) {
	t.Helper()
	truth := map[string]int{}
	for _, session := range service.Sessions(facesim.DetectLiveness) {
		truth[session.ID] = 1
	}
	if !maps.Equal(truth, visited.times) {
		t.Fatalf("visited %d sessions, the list has %d, or some were visited more than once", len(visited.times), len(truth))
	}
}

func TestLongListsAreWalkedSideBySide(t *testing.T) {
	t.Parallel()
	const latency = 100 * time.Millisecond
	for _, pages := range []int{3, 10, 31, 40, 200} {
		t.Run(fmt.Sprint(pages), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service, client := bubble(t, pages*1000, nil, facesim.Options{Latency: latency})
				lister := client.Lister(faceclient.DetectLiveness)
				for walks := range 3 {
					visited := newIDVisitor()
					began := time.Now()
					walk, err := lister.Walk(context.Background(), 0, visited)
					if err != nil {
						t.Fatal(err)
					}
					wantExactly(t, service, visited)
					ideal := time.Duration(pages) * latency / 16
					t.Logf("walk %d: %d requests, %v, ideal %v", walks+1, walk.Requests, time.Since(began), ideal)
					if most := pages + pages/10 + 3; walk.Requests > most {
						t.Errorf("walk %d: %d requests, want at most %d", walks+1, walk.Requests, most)
					}
					bound := ideal*13/10 + 2*latency
					if walks == 1 {
						bound += latency // where the first walk was short, this one tries a made-up start first
					}
					if walks > 0 && time.Since(began) > bound {
						t.Errorf("walk %d took %v, want at most %v", walks+1, time.Since(began), bound)
					}
				}
			})
		})
	}
}
