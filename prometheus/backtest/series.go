package main

import (
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// epoch is when simulations begin: a Monday.
var epoch = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func clock(minute int) time.Time { return epoch.Add(time.Duration(minute) * time.Minute) }

// database keeps series in memory, by name and by labels, for Prometheus's engine to read.
type database map[string]map[string]*promql.Series

// fork is a copy. What is added to it is not added here.
func (db database) fork() database {
	c := database{}
	for _, all := range db {
		for _, s := range all {
			c.series(s.Metric).Floats = slices.Clip(s.Floats)
		}
	}
	return c
}

// series is the series with these labels, a new one if there is none.
func (db database) series(l labels.Labels) *promql.Series {
	name, key := l.Get(model.MetricNameLabel), string(l.Bytes(nil))
	if db[name] == nil {
		db[name] = map[string]*promql.Series{}
	}
	if db[name][key] == nil {
		db[name][key] = &promql.Series{Metric: l}
	}
	return db[name][key]
}

// selected finds the series of a metric, from the time on that a query needs. A rule always names the metric.
func (db database) selected(_ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	found := &selection{at: -1}
	named := slices.IndexFunc(matchers, func(m *labels.Matcher) bool { return m.Name == model.MetricNameLabel })
	for _, s := range db[matchers[named].Value] {
		if !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(s.Metric.Get(m.Name)) }) {
			from, _ := slices.BinarySearchFunc(s.Floats, hints.Start, func(p promql.FPoint, t int64) int { return int(p.T - t) })
			found.list = append(found.list, promql.Series{Metric: s.Metric, Floats: s.Floats[from:]})
		}
	}
	// A sum depends on the order of what is added.
	slices.SortFunc(found.list, func(a, b promql.Series) int { return labels.Compare(a.Metric, b.Metric) })
	return found
}

// selection is a storage.SeriesSet.
type selection struct {
	list []promql.Series
	at   int
}

func (s *selection) Next() bool                        { s.at++; return s.at < len(s.list) }
func (s *selection) At() storage.Series                { return promql.NewStorageSeries(s.list[s.at]) }
func (s *selection) Err() error                        { return nil }
func (s *selection) Warnings() annotations.Annotations { return nil }
