package collector_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// A refresh ends after every single metric of a scrape, and the scrape still shows one refresh alone: the n-th walk lists
// n sessions, of which n-1 were created since the first walk.
func TestAScrapeNeverMixesTwoRefreshes(t *testing.T) {
	now, sessions := newClock(), []faceclient.Session(nil)
	from := walks(func(_ context.Context, _ int, visitor facelist.Visitor) (facelist.Result, error) {
		horizon := now.read().Wall
		sessions = append(sessions, faceclient.Session{
			ID: fmt.Append(nil, len(sessions)), Created: horizon.Add(-2 * settled), TTL: faceclient.DefaultTTL,
		})
		visitor.Visit(facelist.Batch{Sessions: sessions, Date: horizon, Horizon: horizon})
		return facelist.Result{Requests: 1, Pages: len(sessions), Coverage: 1, Horizon: horizon}, nil
	})
	target := newTarget(from, every(30*time.Second), now.set)
	run(t, target)
	refresh := func() {
		now.move(time.Minute, time.Minute)
		collector.EnsureFresh(context.Background(), target)
	}
	refresh()
	exposed := resource(target)
	for range 20 {
		out := make(chan prometheus.Metric) // without room: what comes next is decided when it is taken
		go func() {
			defer close(out)
			exposed.Collect(out)
		}()
		got := series{}
		for metric := range out {
			var written dto.Metric
			if err := metric.Write(&written); err != nil {
				t.Fatal(err)
			}
			got[metric.Desc().String()] += written.GetGauge().GetValue() + written.GetCounter().GetValue()
			if from.walks() < 500 {
				refresh()
			}
		}
		byName := series{}
		for desc, value := range got {
			var name string
			if _, err := fmt.Sscanf(desc, "Desc{fqName: %q", &name); err != nil {
				t.Fatal(err)
			}
			byName[name] = value
		}
		n := byName["face_liveness_sessions"]
		byName.want(t, "session_creations_total", n-1)
		byName.want(t, "flow_window_seconds_total", 60*(n-1))
		byName.want(t, "snapshot_pages", n)
		byName.want(t, "refreshes_total", n)
		byName.want(t, "up", 1)
		if t.Failed() {
			return
		}
	}
	if from.walks() < 100 {
		t.Errorf("%d refreshes are too few to get between the metrics of a scrape", from.walks())
	}
}
