package exporter_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/rig"
)

// wellFormed checks that an exposition is of one configuration: each resource that it names is there with everything that
// is promised of it.
func wellFormed(t *testing.T, e rig.Exposition, allowed ...[]string) {
	t.Helper()
	names := e.Resources()
	if !slices.ContainsFunc(allowed, func(these []string) bool { return slices.Equal(these, names) }) {
		t.Errorf("resources %q are those of no configuration", names)
	}
	if infos := len(e.Families["face_liveness_resource_info"].GetMetric()); infos != len(names) {
		t.Errorf("%d infos of %q", infos, names)
	}
	for _, name := range names {
		for _, metric := range []string{"up", "session_creations_total", "api_retries_total", "api_request_duration_seconds_count", "refreshes_total"} {
			if _, there := e.Samples[rig.Of(metric, name, rig.Live)]; !there {
				t.Errorf("%s has no %s", name, metric)
			}
		}
	}
}

// Many reloads in a row, of configurations that differ in everything, while scrapers look on. What they leave behind,
// goleak finds.
func TestManyReloads(t *testing.T) {
	t.Parallel()
	kept, other := rig.NewFaceWith(t, facetest.Options{Key: "k3yofth3kept"}), rig.NewFaceWith(t, facetest.Options{Key: "k3yofth3other"})
	for _, service := range []*rig.Face{kept, other} {
		service.Populate(rig.Live, 1500, 1)
	}
	all := rig.Quick + rig.Often + "resources:\n" + kept.Resource("kept")
	configurations := []string{
		all,
		all + other.Resource("other"),
		"devices: {top: 5, label: none}\n" + strings.Replace(all, "1ms", "2ms", 1) + kept.Resource("other"),
		strings.Replace(all, "max_retries: 0", "max_retries: 1, monthly_request_budget: 100000000", 1),
		all + other.Resource("other", rig.BothOperations),
	}
	allowed := [][]string{{"kept"}, {"kept", "other"}}
	p := rig.StartWith(t, configurations[0])
	p.Scrape()
	p.Serves("/-/ready")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var scrapers sync.WaitGroup
	for _, path := range []string{"/metrics", "/metrics", "/probe?resource=kept"} {
		scrapers.Go(func() {
			last := map[string]float64{}
			for ctx.Err() == nil {
				e := p.ScrapeOf(path)
				wellFormed(t, e, allowed...)
				now := e.Counters("kept")
				for key, value := range last {
					if now[key] < value {
						t.Errorf("%s dropped from %v to %v", key, value, now[key])
					}
				}
				last = now
				if ready := p.Get("/-/ready"); ready.Status != 200 {
					t.Errorf("not ready: %d", ready.Status)
				}
			}
		})
	}
	for i := range 2 * len(configurations) {
		p.Reload(configurations[(i+1)%len(configurations)])
		p.Scrape()
	}
	cancel()
	scrapers.Wait()
	wellFormed(t, p.Scrape(), allowed[0])
}
