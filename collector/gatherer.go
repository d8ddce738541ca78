package collector

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// GaugeHistograms gathers the same metrics and marks the histograms of a population as gauge histograms: their counts go
// down as well as up, and Prometheus must not take that for resets of a counter. Only the protobuf format can say so.
func GaugeHistograms(from prometheus.Gatherer) prometheus.Gatherer {
	var names []string
	for _, metric := range populationMetrics() {
		if metric.kind == histogram {
			names = append(names, prometheus.BuildFQName(namespace, "", metric.name))
		}
	}
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		families, err := from.Gather()
		for _, family := range families {
			if slices.Contains(names, family.GetName()) {
				family.Type = dto.MetricType_GAUGE_HISTOGRAM.Enum()
			}
		}
		return families, err
	})
}
