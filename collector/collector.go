package collector

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// ResourceInfo is what a resource is.
type ResourceInfo struct {
	// Name is the label resource.
	Name string
	// Endpoint and APIVersion are where and how its list is asked for.
	Endpoint, APIVersion string
}

// Collector shows one resource: its targets and its API requests. It makes no request: see [EnsureFresh].
type Collector struct {
	rows    []row
	info    *sample
	targets []shownTarget
	api     *APIMetrics
}

// row is a metric of the table, ready to be shown.
type row struct {
	metric
	desc  *prometheus.Desc
	shown func(*State) bool
}

// shownTarget is a target with what all its samples share.
type shownTarget struct {
	*Target
	labels  []*dto.LabelPair
	created *timestamppb.Timestamp
}

// Table is what the metrics of all resources share.
type Table struct {
	rows []row
	info *prometheus.Desc
	api  apiRows
}

// NewTable makes the table of metrics. One is enough for any number of resources, and with thousands it saves memory.
func NewTable() *Table {
	t := &Table{
		info: prometheus.NewDesc(namespace+"_resource_info", "The Face resource behind the label resource; always 1.",
			[]string{"resource", "service_endpoint", "api_version"}, nil),
		api: newAPIRows(),
	}
	for _, group := range groups() {
		for _, metric := range group.metrics {
			names := []string{"resource", "operation"}
			if metric.label != "" {
				names = append(names, metric.label)
			}
			desc := prometheus.NewDesc(prometheus.BuildFQName(namespace, "", metric.name), metric.help+group.help, names, nil)
			t.rows = append(t.rows, row{metric: metric, desc: desc, shown: group.shown})
		}
	}
	return t
}

// New makes the collector of a resource. All targets and api must be of that resource.
func (t *Table) New(info ResourceInfo, api *APIMetrics, targets ...*Target) *Collector {
	c := &Collector{rows: t.rows, api: api, info: &sample{
		desc:   t.info,
		labels: labels("resource", info.Name, "service_endpoint", info.Endpoint, "api_version", info.APIVersion),
		value:  1,
	}}
	for _, target := range targets {
		c.targets = append(c.targets, shownTarget{
			Target:  target,
			labels:  labels("resource", target.Resource(), "operation", string(target.Operation())),
			created: timestamppb.New(target.created),
		})
	}
	return c
}

// Describe is part of prometheus.Collector.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	for i := range c.rows {
		out <- c.rows[i].desc
	}
	out <- c.info.desc
	c.api.Describe(out)
}

// Collect is part of prometheus.Collector. What it shows of a target is one state.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	out <- c.info
	for _, target := range c.targets {
		state := target.State()
		for i := range c.rows {
			if row := &c.rows[i]; row.shown(&state) {
				row.read(&state, &samples{out: out, row: row, labels: target.labels, created: target.created})
			}
		}
	}
	c.api.Collect(out)
}
