package exporter

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/internal/config"
	"face_liveness_exporter/internal/explain"
)

// settings are what a configuration says about one resource, checked and ready to be put in force.
type settings struct {
	config config.Resource
	client faceclient.Options
	limits facelist.Limits
	target collector.TargetOptions // without what differs between the lists of the resource
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
		config: r,
		client: client,
		limits: facelist.Limits{PageSize: r.API.PageSize, MaxPages: r.API.MaxPages, Workers: r.API.MaxConcurrentRequests},
		target: target,
	}
	return s, errors.Join(client.Check(), s.limits.Check())
}

// resource is one Face resource. It lives as long as its lists are the same, however often settings change: rate limit,
// budget, counters, what is known of the lists, and requests under way stay one.
type resource struct {
	client  *faceclient.Client
	api     *collector.APIMetrics
	budget  *collector.Budget
	lists   []list
	metrics guarded

	cancel context.CancelFunc // ends the refreshes; nil before start
	group  sync.WaitGroup     // of the refreshes
}

// list is one operation of a resource.
type list struct {
	operation faceclient.Operation
	lister    *facelist.Lister
	target    *collector.Target
}

// source is a list as its target sees it.
type source struct {
	*facelist.Lister
	client    *faceclient.Client
	operation faceclient.Operation
}

// Session is part of collector.Looker.
func (s source) Session(ctx context.Context, id string, maxAttempts int) (check faceclient.Check, attempts int, err error) {
	return s.client.Session(ctx, faceclient.SessionQuery{Operation: s.operation, ID: id, MaxAttempts: maxAttempts})
}

// CredentialChanged is part of collector.Source.
func (s source) CredentialChanged() bool { return s.client.CredentialChanged() }

// sameLists reports whether two configurations are of the same lists, so that what was counted of the one is true of the
// other.
func sameLists(a, b config.Resource) bool {
	return a.Name == b.Name && a.Endpoint == b.Endpoint && a.API.Version == b.API.Version && slices.Equal(a.Operations, b.Operations)
}

// newResource makes a resource, whose metrics are those of the table. It asks nobody for anything before start.
func newResource(s settings, table *collector.Table) (*resource, error) {
	operations := s.config.Operations
	r := &resource{
		api:    table.NewAPIMetrics(s.config.Name, operations, s.config.API.MonthlyRequestBudget),
		budget: collector.NewBudget(s.config.API.MonthlyRequestBudget, s.target.Interval, operations, s.target.Clock),
	}
	var err error
	s.client.Observer = r.api
	if r.client, err = faceclient.New(s.client); err != nil {
		return nil, err
	}
	for _, operation := range operations {
		one := list{operation: operation, lister: facelist.New(r.client, operation, s.limits, r.api)}
		one.target = collector.NewTarget(r.targetOptions(s, one))
		r.lists = append(r.lists, one)
	}
	info := collector.ResourceInfo{Name: s.config.Name, Endpoint: s.config.Endpoint, APIVersion: s.config.API.Version}
	r.metrics = guarded{table.New(info, r.api, r.targets()...)}
	return r, nil
}

// Gather is part of prometheus.Gatherer: only this resource.
func (r *resource) Gather() ([]*dto.MetricFamily, error) { return gather(r.metrics) }

func (r *resource) targetOptions(s settings, one list) collector.TargetOptions {
	options := s.target
	options.Operation = one.operation
	list := source{one.lister, r.client, one.operation}
	options.Source, options.Looker = list, list
	options.Budget = r.budget
	options.API = r.api
	return options
}

// targets are those of all lists.
func (r *resource) targets() []*collector.Target {
	targets := make([]*collector.Target, len(r.lists))
	for i, one := range r.lists {
		targets[i] = one.target
	}
	return targets
}

// apply puts other settings of the same lists in force. They must have passed newSettings, so that nothing can fail.
func (r *resource) apply(s settings) {
	s.client.Observer = r.api
	_ = r.client.Apply(s.client) // newSettings has checked them
	r.api.SetBudget(s.config.API.MonthlyRequestBudget)
	r.budget.Apply(s.config.API.MonthlyRequestBudget, s.target.Interval)
	for _, one := range r.lists {
		one.lister.Apply(s.limits)
		one.target.Apply(s.target.Settings)
	}
}

// started reports whether start was called.
func (r *resource) started() bool { return r.cancel != nil }

// start refreshes until ctx ends or stop is called. With onStart the first refresh comes after a random part of the jitter.
// All others come when a scrape finds the snapshot old.
func (r *resource) start(ctx context.Context, onStart bool, jitter time.Duration) {
	ctx, r.cancel = context.WithCancel(ctx)
	for _, target := range r.targets() {
		r.group.Go(func() { target.Run(ctx) })
		if !onStart {
			continue
		}
		r.group.Go(func() {
			select {
			case <-time.After(rand.N(jitter)):
				collector.EnsureFresh(ctx, target)
			case <-ctx.Done():
			}
		})
	}
}

// stop ends the refreshes and waits until they have.
func (r *resource) stop() {
	if r.started() {
		r.cancel()
		r.group.Wait()
	}
	r.client.Close()
}
