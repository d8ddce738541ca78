package exporter

import (
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// gather gathers what the collectors show. One registry serves any number of resources, because a registry takes tens of
// kilobytes for each exposition.
func gather(from ...prometheus.Collector) ([]*dto.MetricFamily, error) {
	registry := prometheus.NewRegistry()
	for _, c := range from {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return registry.Gather()
}

// guarded is a collector whose panic is an error of that one exposition. A registry collects in goroutines of its own, so
// that nothing else could recover it, and the process would end.
type guarded struct {
	prometheus.Collector
}

// Collect is part of prometheus.Collector.
func (g guarded) Collect(out chan<- prometheus.Metric) {
	defer func() {
		if recover() != nil {
			err := &panicError{debug.Stack()}
			out <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
		}
	}()
	g.Collector.Collect(out)
}
