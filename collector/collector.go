package collector

import (
	"maps"

	"github.com/prometheus/client_golang/prometheus"
)

// ResourceInfo describes a resource.
type ResourceInfo struct {
	// Name is the label resource.
	Name string
	// Endpoint and APIVersion say where and how its list is read.
	Endpoint, APIVersion string
	// Labels are further labels of face_liveness_resource_info. They must be valid labels of Prometheus. The names of its
	// own labels are not replaced.
	Labels map[string]string
}

// metric is face_liveness_resource_info.
func (r ResourceInfo) metric() prometheus.Metric {
	labels := prometheus.Labels{}
	maps.Copy(labels, r.Labels)
	maps.Copy(labels, prometheus.Labels{"resource": r.Name, "service_endpoint": r.Endpoint, "api_version": r.APIVersion})
	desc := prometheus.NewDesc(namespace+"_resource_info", "The Face resource behind the label resource; always 1.", nil, labels)
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, 1)
}

// Collector shows one resource: its targets and its API requests. It makes no request: see [EnsureFresh].
type Collector struct {
	info    prometheus.Metric
	targets []*Target
	api     *APIMetrics
}

// New makes the collector of a resource. All targets and api must be of that resource.
func New(info ResourceInfo, api *APIMetrics, targets ...*Target) *Collector {
	return &Collector{info: info.metric(), targets: targets, api: api}
}

// Describe sends nothing. Resources can have different labels of their own, which a registry would refuse.
func (c *Collector) Describe(chan<- *prometheus.Desc) {}

// Collect shows one state of each target.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	out <- c.info
	for _, target := range c.targets {
		state := target.State()
		shown := samples{out: out, labels: [2]string{target.Resource(), string(target.Operation())}, created: target.created}
		for i := range table {
			if shown.row = &table[i]; shown.row.shown == nil || shown.row.shown(&state) {
				shown.row.read(&state, &shown)
			}
		}
	}
	c.api.collect(out)
}
