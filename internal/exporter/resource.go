package exporter

import (
	"log/slog"
	"net/url"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/internal/config"
	"face_liveness_exporter/internal/explain"
)

// Resource is one Face resource with the settings that a configuration gives it.
type Resource struct {
	*reader
	settings

	metrics  *collector.Collector // of the reader, with the labels of the settings
	registry *prometheus.Registry // of the metrics alone
}

// settings are what a configuration says about one resource, checked and ready to be put in force.
type settings struct {
	// Config is the resource's part of the configuration.
	Config config.Resource

	client faceclient.Options
	limits facelist.Limits
	target collector.TargetOptions // without what differs between the lists of the resource
}

// newResource makes a resource of a configuration, with the reader that the fleet before has for the same lists, or with a
// new one.
func newResource(r config.Resource, before *fleet, template collector.TargetOptions, logger *slog.Logger) (*Resource, error) {
	s, err := newSettings(r, template, logger)
	if err != nil {
		return nil, err
	}
	kept := before.find(r)
	if kept == nil {
		if kept, err = newReader(s); err != nil {
			return nil, err
		}
	}
	info := collector.ResourceInfo{Name: r.Name, Endpoint: r.Endpoint, APIVersion: r.API.Version, Labels: r.Labels}
	made := &Resource{kept, s, collector.New(info, kept.API, kept.Targets()...), prometheus.NewRegistry()}
	return made, made.registry.Register(made.metrics)
}

// newSettings makes a resource's settings of the configuration. It reads the files that the configuration names, and asks
// nobody for anything.
func newSettings(r config.Resource, target collector.TargetOptions, logger *slog.Logger) (settings, error) {
	client, err := clientOptions(r, logger)
	if err != nil {
		return settings{}, err
	}
	endpoint, err := url.Parse(r.Endpoint)
	if err != nil {
		return settings{}, err
	}
	target.Resource, target.Logger, target.Explain = r.Name, logger.With("host", endpoint.Host), explain.Text
	target.Samples = r.Outcomes.Samples
	s := settings{
		Config: r,
		client: client,
		limits: facelist.Limits{
			PageSize: r.API.PageSize, MaxPages: r.API.MaxPages,
			Workers: r.API.MaxConcurrentRequests, RequestsPerSecond: r.API.MaxRequestsPerSecond,
		},
		target: target,
	}
	return s, client.Check()
}

// sameLists reports whether two configurations are of the same lists, so that what was counted of the one is true of the
// other.
func sameLists(a, b config.Resource) bool {
	return a.Name == b.Name && a.Endpoint == b.Endpoint && a.API.Version == b.API.Version && slices.Equal(a.Operations, b.Operations)
}

// Gather shows only this resource.
func (r *Resource) Gather() ([]*dto.MetricFamily, error) { return r.registry.Gather() }

// TargetOptions are those of a list, for another target of it.
func (r *Resource) TargetOptions(l List) collector.TargetOptions {
	return r.targetOptions(r.settings, l)
}
