package exporter

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/internal/config"
)

// maxStartJitter bounds how far the first refreshes are spread.
const maxStartJitter = 2 * time.Second

// fleet is all resources of a configuration, with their settings. It is never changed. A reload makes another one, in
// which the resources whose lists are the same are the same.
type fleet struct {
	slots     *collector.Slots
	slotCount int
	onStart   bool // resources that are new are refreshed at once
	members   []member
	targets   []*collector.Target // of all resources
}

// member is a resource with the settings that a configuration gives it.
type member struct {
	*resource
	settings
}

// newFleet makes what a configuration asks for. It puts nothing in force and leaves the fleet before, which may be nil, as
// it is. The error names the resource.
func newFleet(cfg *config.Config, before *fleet, simulated bool, logger *slog.Logger) (*fleet, error) {
	made := &fleet{slotCount: cfg.Refresh.MaxConcurrent, onStart: cfg.Refresh.OnStart}
	if before != nil && before.slotCount == made.slotCount {
		made.slots = before.slots // refreshes under way hold some of them
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
			Slots: made.slots,
		},
	}
	if simulated {
		template.CostInterval = costRefresh(cfg.Refresh, simulated).Interval
	}
	table := collector.NewTable()
	for _, r := range cfg.Resources {
		s, err := newSettings(r, template, logger)
		if err != nil {
			return nil, fmt.Errorf("resource %q: %w", r.Name, err)
		}
		kept := before.find(r)
		if kept == nil {
			if kept, err = newResource(s, table); err != nil {
				return nil, fmt.Errorf("resource %q: %w", r.Name, err)
			}
		}
		made.members = append(made.members, member{kept, s})
		made.targets = append(made.targets, kept.targets()...)
	}
	return made, nil
}

// find returns the resource whose lists are those of this configuration, nil where there is none.
func (f *fleet) find(r config.Resource) *resource {
	if f == nil {
		return nil
	}
	for _, m := range f.members {
		if sameLists(m.config, r) {
			return m.resource
		}
	}
	return nil
}

// named returns the resource with this name.
func (f *fleet) named(name string) (member, bool) {
	for _, m := range f.members {
		if m.config.Name == name {
			return m, true
		}
	}
	return member{}, false
}

// startOrApply lets resources that are new begin, and puts the settings of those that have stayed in force. Nothing of it can
// fail.
func (f *fleet) startOrApply(ctx context.Context, onStart bool) {
	jitter := min(maxStartJitter, time.Duration(len(f.targets))*50*time.Millisecond)
	for _, m := range f.members {
		if m.started() {
			m.apply(m.settings)
		} else {
			m.start(ctx, onStart, jitter)
		}
	}
}

// retire stops the resources of the fleet before that this one has not kept. It must be called after the new fleet is
// shown, because the walks that it stops count as failed.
func (f *fleet) retire(ctx context.Context, before *fleet) {
	var gone []member
	for _, m := range before.members {
		if f.find(m.config) == nil {
			gone = append(gone, m)
		}
	}
	stopAll(ctx, gone)
}

// stop ends everything that the fleet does.
func (f *fleet) stop(ctx context.Context) { stopAll(ctx, f.members) }

// stopAll ends the refreshes of all members and waits for them, together no longer than refreshStopTimeout.
func stopAll(ctx context.Context, members []member) {
	for _, m := range members {
		if m.started() {
			m.cancel()
		}
	}
	_, err := await(context.WithoutCancel(ctx), refreshStopTimeout, func() (struct{}, error) {
		for _, m := range members {
			m.stop()
		}
		return struct{}{}, nil
	})
	if err != nil && len(members) > 0 {
		members[0].target.Logger.WarnContext(ctx, "refreshes have not ended in time", "error", err)
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

// collect sends the metrics of all resources.
func (f *fleet) collect(out chan<- prometheus.Metric) {
	for _, m := range f.members {
		m.metrics.Collect(out)
	}
}

// names are the names of the resources, for messages.
func (f *fleet) names() string {
	names := make([]string, len(f.members))
	for i, m := range f.members {
		names[i] = m.config.Name
	}
	return strings.Join(names, ", ")
}
