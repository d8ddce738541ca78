package exporter

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/internal/config"
)

// maxStartJitter bounds how far the first refreshes are spread.
const maxStartJitter = 2 * time.Second

// fleet is all resources of a configuration. It is never changed. A reload makes another one, in which resources whose lists
// are the same have the same readers.
type fleet struct {
	slots     *collector.Slots
	slotCount int
	onStart   bool // resources that are new are refreshed at once
	resources []*Resource
	targets   []*collector.Target // of all resources
	registry  *prometheus.Registry
}

// newFleet makes what a configuration asks for. It puts nothing in force and leaves the fleet before, which may be nil, as
// it is. The error names the resource.
func newFleet(cfg *config.Config, before *fleet, options Options) (*fleet, error) {
	made := &fleet{slotCount: cfg.Refresh.MaxConcurrent, onStart: cfg.Refresh.OnStart, registry: prometheus.NewRegistry()}
	if before != nil {
		made.slots = before.slots // refreshes under way hold some of them, and others wait for some
	} else {
		made.slots = collector.NewSlots(made.slotCount)
	}
	template := collector.TargetOptions{
		Settings: collector.Settings{
			Interval: cfg.Refresh.Interval,
			Timeout:  cfg.Refresh.Timeout,
			MaxStale: cfg.Refresh.MaxStale,
			Devices: collector.DeviceOptions{
				Top: cfg.Devices.Top, Label: collector.DeviceLabel(cfg.Devices.Label), HashKey: []byte(cfg.Devices.HashKey.Reveal()),
			},
			Slots:        made.slots,
			CostInterval: options.CostInterval,
		},
	}
	for _, r := range cfg.Resources {
		resource, err := newResource(r, before, template, options.Logger)
		if err != nil {
			return nil, fmt.Errorf("resource %q: %w", r.Name, err)
		}
		made.resources = append(made.resources, resource)
		made.targets = append(made.targets, resource.Targets()...)
		made.registry.MustRegister(resource.metrics) // it describes nothing, so that nothing can clash
	}
	return made, nil
}

// find returns the reader of the lists of this configuration, nil if there is none.
func (f *fleet) find(r config.Resource) *reader {
	if f == nil {
		return nil
	}
	for _, resource := range f.resources {
		if sameLists(resource.Config, r) {
			return resource.reader
		}
	}
	return nil
}

// startOrApply lets resources that are new begin, and puts the settings of those that have stayed in force. Nothing of it can
// fail.
func (f *fleet) startOrApply(ctx context.Context) {
	f.slots.Resize(f.slotCount)
	jitter := min(maxStartJitter, time.Duration(len(f.targets))*50*time.Millisecond)
	for _, r := range f.resources {
		if r.started() {
			r.apply(r.settings)
		} else {
			r.start(ctx, f.onStart, jitter)
		}
	}
}

// retire stops the resources of the fleet before that this one has not kept. It must be called after the new fleet is
// shown, because the refreshes that it stops count as failed.
func (f *fleet) retire(before *fleet) {
	var gone []*Resource
	for _, r := range before.resources {
		if f.find(r.Config) == nil {
			gone = append(gone, r)
		}
	}
	stop(gone)
}

// stop ends the refreshes of all resources at once, and waits for them.
func stop(resources []*Resource) {
	for _, r := range resources {
		if r.started() {
			r.cancel()
		}
	}
	for _, r := range resources {
		r.stop()
	}
}

// ready reports whether the first refresh of every target has ended.
func (f *fleet) ready() bool {
	for _, target := range f.targets {
		if target.State().Health.Refreshes == 0 {
			return false
		}
	}
	return true
}

// names are the names of the resources, for messages.
func (f *fleet) names() string {
	names := make([]string, len(f.resources))
	for i, r := range f.resources {
		names[i] = r.Config.Name
	}
	return strings.Join(names, ", ")
}
