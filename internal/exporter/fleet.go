package exporter

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/config"
)

// maxStartJitter bounds how far the first refreshes are spread.
const maxStartJitter = 2 * time.Second

// fleet is all resources of a configuration. It is not changed once it is in force: a reload makes another one, which
// takes over what stays the same.
type fleet struct {
	onStart   bool
	slots     chan struct{} // see collector.TargetOptions
	resources []*resource
	targets   []*collector.Target // of all resources
}

// resource is one Face resource with all that belongs to it.
type resource struct {
	config   config.Resource
	client   *faceclient.Client
	listers  []*faceclient.Lister // one an operation, as are targets and options
	targets  []*collector.Target
	options  []collector.TargetOptions
	api      *collector.APIMetrics
	budget   *collector.Budget
	interval time.Duration // that the budget was made for
	registry *prometheus.Registry
	life     *life // of the targets
	retired  atomic.Bool
}

// source is a list for a target. A walk that was under way when its resource was retired takes its connections with it.
type source struct {
	*faceclient.Lister
	resource *resource
}

// Walk is part of collector.Source.
func (s source) Walk(ctx context.Context, maxRequests int, visitor faceclient.Visitor) (faceclient.Walk, error) {
	defer func() {
		if s.resource.retired.Load() {
			s.resource.client.Close()
		}
	}()
	return s.Lister.Walk(ctx, maxRequests, visitor)
}

// life is the time in which a resource's targets are refreshed.
type life struct {
	cancel context.CancelFunc
	group  sync.WaitGroup
}

// same tells whether two configurations are of the same lists, so that what was counted of the one is true of the other.
func same(a, b config.Resource) bool {
	return a.Name == b.Name && a.Endpoint == b.Endpoint && a.API.Version == b.API.Version && slices.Equal(a.Operations, b.Operations)
}

// newFleet builds every resource. It asks nobody for anything and leaves the fleet before as it is; that may be nil. The
// error names the resource.
func newFleet(cfg *config.Config, before *fleet, simulated bool, logger *slog.Logger) (*fleet, error) {
	built := &fleet{onStart: cfg.Refresh.OnStart, slots: make(chan struct{}, cfg.Refresh.MaxConcurrent)}
	if before != nil && cap(before.slots) == cap(built.slots) {
		built.slots = before.slots // walks that go on hold some of them
	}
	for _, r := range cfg.Resources {
		template := collector.TargetOptions{
			Resource: r.Name,
			Interval: cfg.Refresh.Interval,
			Timeout:  cfg.Refresh.Timeout,
			MaxStale: cfg.Refresh.MaxStale,
			Devices: collector.DeviceOptions{
				Top: cfg.Devices.Top, Label: collector.DeviceLabel(cfg.Devices.Label), HashKey: []byte(cfg.Devices.HashKey.Reveal()),
			},
			Simulated: simulated,
			Slots:     built.slots,
		}
		resource, err := newResource(r, before.find(r), template, logger)
		if err != nil {
			return nil, fmt.Errorf("resource %q: %w", r.Name, err)
		}
		built.resources = append(built.resources, resource)
		built.targets = append(built.targets, resource.targets...)
	}
	return built, nil
}

// find gives the resource that keeps its snapshots and counters under this configuration, nil where there is none.
func (f *fleet) find(r config.Resource) *resource {
	if f == nil {
		return nil
	}
	for _, resource := range f.resources {
		if same(resource.config, r) {
			return resource
		}
	}
	return nil
}

// named gives the resource of this name, nil where there is none.
func (f *fleet) named(name string) *resource {
	for _, resource := range f.resources {
		if resource.config.Name == name {
			return resource
		}
	}
	return nil
}

// newResource builds a resource, with what stays of the one before where that is not nil.
func newResource(r config.Resource, before *resource, template collector.TargetOptions, logger *slog.Logger) (*resource, error) {
	operations := make([]faceclient.Operation, len(r.Operations))
	for i, operation := range r.Operations {
		operations[i] = faceclient.Operation(operation)
	}
	built := &resource{config: r, interval: template.Interval}
	if before != nil {
		built.api, built.targets, built.life = before.api, before.targets, before.life
	} else {
		built.api = collector.NewAPIMetrics(r.Name, operations, r.API.MonthlyRequestBudget)
	}
	if before != nil && before.interval == template.Interval && before.config.API.MonthlyRequestBudget == r.API.MonthlyRequestBudget {
		built.budget = before.budget
	} else {
		built.budget = collector.NewBudget(r.API.MonthlyRequestBudget, template.Interval, operations)
	}
	var err error
	if built.client, err = newClient(r, built.api, logger); err != nil {
		return nil, err
	}
	if before != nil {
		built.client.Inherit(before.client)
	}
	for i, operation := range operations {
		lister := built.client.Lister(operation)
		options := template
		options.Operation, options.Source, options.Budget = operation, source{lister, built}, built.budget
		options.Logger = logger.With("host", built.client.Host())
		built.listers = append(built.listers, lister)
		built.options = append(built.options, options)
		if before != nil {
			lister.Inherit(before.listers[i])
		} else {
			built.targets = append(built.targets, collector.NewTarget(options))
		}
	}
	built.registry = prometheus.NewRegistry()
	info := collector.ResourceInfo{Name: r.Name, Endpoint: r.Endpoint, APIVersion: r.API.Version}
	return built, built.registry.Register(collector.New(info, built.api, built.targets...))
}

// enforce lets what is new begin and what has stayed go on under its new settings. Nothing of it can fail.
func (f *fleet) enforce(ctx context.Context) {
	jitter := min(maxStartJitter, time.Duration(len(f.targets))*50*time.Millisecond)
	for _, resource := range f.resources {
		if resource.life == nil {
			resource.start(ctx, f.onStart, jitter)
			continue
		}
		resource.api.SetBudget(resource.config.API.MonthlyRequestBudget)
		for i, target := range resource.targets {
			target.Update(resource.options[i])
		}
	}
}

// retire ends what the fleet has not taken over of the one before. Nobody may be shown that one any more: a walk that is
// given up here counts as failed there.
func (f *fleet) retire(before *fleet) {
	for _, old := range before.resources {
		if f.find(old.config) == nil {
			old.stop()
		}
		old.retired.Store(true)
		old.client.Close()
	}
}

// start refreshes until ctx ends or stop is called: once at once where that is asked for, and then whenever a scrape finds
// it due.
func (r *resource) start(ctx context.Context, onStart bool, jitter time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	r.life = &life{cancel: cancel}
	for _, target := range r.targets {
		r.life.group.Go(func() { target.Run(ctx) })
		if !onStart {
			continue
		}
		r.life.group.Go(func() {
			select {
			case <-time.After(rand.N(jitter)):
				collector.Prepare(ctx, target)
			case <-ctx.Done():
			}
		})
	}
}

// stop ends the refreshes and waits until they have.
func (r *resource) stop() {
	r.life.cancel()
	r.life.group.Wait()
}

// stop ends everything that the fleet does.
func (f *fleet) stop() {
	for _, resource := range f.resources {
		if resource.life != nil {
			resource.life.cancel()
		}
	}
	for _, resource := range f.resources {
		if resource.life != nil {
			resource.life.group.Wait()
		}
		resource.client.Close()
	}
}

// ready tells whether the first refresh of every target has ended.
func (f *fleet) ready() bool {
	for _, target := range f.targets {
		if target.Health().Refreshes == 0 {
			return false
		}
	}
	return true
}

func (f *fleet) gatherers() prometheus.Gatherers {
	gatherers := make(prometheus.Gatherers, len(f.resources))
	for i, resource := range f.resources {
		gatherers[i] = resource.registry
	}
	return gatherers
}

// names are the resources' names, for messages.
func (f *fleet) names() string {
	names := make([]string, len(f.resources))
	for i, resource := range f.resources {
		names[i] = resource.config.Name
	}
	return strings.Join(names, ", ")
}
