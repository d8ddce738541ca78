package collector

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ResourceInfo is what a resource is.
type ResourceInfo struct {
	// Name is the label resource.
	Name string
	// Endpoint and APIVersion are where and how its list is asked for.
	Endpoint, APIVersion string
}

// Collector shows one resource: its targets and its API requests. It makes no request: see [Prepare].
type Collector struct {
	descriptions *descriptions
	info         ResourceInfo
	targets      []*Target
	api          *APIMetrics
}

// New makes the collector of a resource. All targets and api must be of that resource.
func New(info ResourceInfo, api *APIMetrics, targets ...*Target) *Collector {
	return &Collector{descriptions: newDescriptions(), info: info, targets: targets, api: api}
}

// Describe is part of prometheus.Collector.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	c.descriptions.each(func(desc *prometheus.Desc) { out <- desc })
	c.api.Describe(out)
}

// Collect is part of prometheus.Collector.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	now := time.Now()
	out <- prometheus.MustNewConstMetric(c.descriptions.info, prometheus.GaugeValue, 1, c.info.Name, c.info.Endpoint, c.info.APIVersion)
	for _, target := range c.targets {
		emit := emitter{descriptions: c.descriptions, out: out, resource: target.Resource(), operation: string(target.Operation())}
		snapshot, shown := target.Snapshot(now)
		if shown {
			emit.population(snapshot)
		}
		if snapshot != nil {
			emit.walk(snapshot)
		}
		emit.flow(target.Flows())
		emit.refreshing(target.Health(), target.Interval())
	}
	c.api.Collect(out)
}
