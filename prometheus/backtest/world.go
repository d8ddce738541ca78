package main

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// begins is when the exporter does. By then the list is as long as it will be.
const begins = 2 * day

// world is a resource, its exporter, and what Prometheus has stored of it.
type world struct {
	now      int
	traffic  *traffic
	exporter *exporter // nil while it is not there
	db       database
	shown    map[string]*promql.Series // by what a scrape shows
}

func newWorld(size float64, seed uint64) *world {
	t := &traffic{size: size, rng: *rand.NewPCG(seed, 1), minutes: make([]counts, monthEnds+kept+day)}
	return &world{traffic: t, db: database{}, shown: map[string]*promql.Series{}}
}

// fork is a copy that goes its own way.
func (w *world) fork() *world {
	t, e := *w.traffic, *w.exporter
	t.minutes, e.traffic, e.requests = slices.Clone(t.minutes), &t, maps.Clone(e.requests)
	return &world{now: w.now, traffic: &t, exporter: &e, db: w.db.fork(), shown: map[string]*promql.Series{}}
}

// run lets time go on up to a minute. Prometheus scrapes every minute.
func (w *world) run(to int) {
	for ; w.now < to; w.now++ {
		if w.now >= begins {
			w.scrape()
		}
		w.traffic.step(w.now)
	}
}

func (w *world) scrape() {
	put := func(value float64, name string, pairs ...string) {
		key := name + strings.Join(pairs, "\x00")
		s, ok := w.shown[key]
		if !ok {
			s = w.db.series(labels.FromStrings(append(pairs, model.MetricNameLabel, name, "job", "face_liveness", "instance", "x:10520")...))
			w.shown[key] = s
		}
		s.Floats = append(s.Floats, promql.FPoint{T: clock(w.now).UnixMilli(), F: value})
	}
	if w.traffic.effects.at(restarts, w.now, 0) > 0 {
		w.exporter = nil
		put(0, "up")
		return
	}
	if w.exporter == nil {
		w.exporter = newExporter(w.traffic, float64(w.now))
	}
	put(1, "up")
	w.exporter.scrape(float64(w.now))
	w.exporter.show(func(value float64, name string, pairs ...string) {
		put(value, "face_liveness_"+name, append(pairs, "resource", "r", "operation", "detectLiveness")...)
	})
}
