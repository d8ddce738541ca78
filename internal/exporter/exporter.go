package exporter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	dto "github.com/prometheus/client_model/go"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/internal/config"
)

// Name is the program's name.
const Name = "face_liveness_exporter"

// readyAfter is when the exporter is ready even though a first refresh goes on.
const readyAfter = 60 * time.Second

// Options say what an exporter begins with.
type Options struct {
	// Config is the first configuration.
	Config *config.Config
	// Read reads the configuration again, for a reload.
	Read func(context.Context) (*config.Config, error)
	// CostInterval, if it is above 0, is the refresh interval that costs are computed for, instead of the configured one.
	CostInterval time.Duration
	// RuntimeMetrics adds the metrics go_* and process_*.
	RuntimeMetrics bool
	Logger         *slog.Logger
}

// Exporter is the resources of the configuration in force, and what can put another configuration in its place.
type Exporter struct {
	options Options
	fleet   atomic.Pointer[fleet]

	own              *prometheus.Registry
	loaded, loadedAt prometheus.Gauge

	reloads chan chan error
	stopped chan struct{} // closed once no reload is taken any more
	started time.Time
	isReady atomic.Bool
	refused atomic.Pointer[time.Time] // when the last reload was refused; nil after one that succeeded
}

// New makes an exporter of its first configuration. It starts nothing. The error names the resource that cannot be built.
func New(options Options) (*Exporter, error) {
	first, err := newFleet(options.Config, nil, options)
	if err != nil {
		return nil, err
	}
	e := &Exporter{
		options: options,
		own:     prometheus.NewRegistry(),
		loaded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "face_liveness_exporter_config_last_reload_successful",
			Help: "Whether the last attempt to load the configuration succeeded.",
		}),
		loadedAt: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "face_liveness_exporter_config_last_reload_success_timestamp_seconds",
			Help: "When the configuration was last loaded, in Unix time.",
		}),
		reloads: make(chan chan error),
		stopped: make(chan struct{}),
		started: time.Now(),
	}
	e.fleet.Store(first)
	e.loaded.Set(1)
	e.loadedAt.SetToCurrentTime()
	e.own.MustRegister(versioncollector.NewCollector(Name), e.loaded, e.loadedAt)
	if options.RuntimeMetrics {
		e.own.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	return e, nil
}

// Gather shows all resources and the exporter itself.
func (e *Exporter) Gather() ([]*dto.MetricFamily, error) {
	return prometheus.Gatherers{e.own, e.fleet.Load().registry}.Gather()
}

// Own has the metrics of the exporter itself.
func (e *Exporter) Own() *prometheus.Registry { return e.own }

// Resources are those of the configuration in force, in its order.
func (e *Exporter) Resources() []*Resource { return e.fleet.Load().resources }

// Targets are the lists of all resources.
func (e *Exporter) Targets() []*collector.Target { return e.fleet.Load().targets }

// ReloadRefused tells when the last reload was refused. It is the zero time after one that succeeded.
func (e *Exporter) ReloadRefused() time.Time {
	if at := e.refused.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// Ready reports whether every first refresh has ended or a minute is over. It never takes that back.
func (e *Exporter) Ready() bool {
	if !e.isReady.Load() && (e.fleet.Load().ready() || time.Since(e.started) >= readyAfter) {
		e.isReady.Store(true)
	}
	return e.isReady.Load()
}

// Run refreshes until ctx ends. It reloads at each hangup, and when Reload asks for it. An exporter runs once.
func (e *Exporter) Run(ctx context.Context, hangups <-chan os.Signal) {
	defer close(e.stopped)
	e.fleet.Load().startOrApply(ctx)
	defer func() { stop(e.fleet.Load().resources) }()
	for {
		select {
		case <-hangups:
			_ = e.reload(ctx) // it is logged and measured
		case reply := <-e.reloads:
			reply <- e.reload(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// Close releases what an exporter holds that was never run.
func (e *Exporter) Close() { stop(e.Resources()) }

// errStopping is what a reload gets that comes too late.
var errStopping = errors.New("the exporter is stopping")

// Reload reads the configuration again and puts it in force. An error says why the one before stays.
func (e *Exporter) Reload(ctx context.Context) error {
	reply := make(chan error, 1)
	select {
	case e.reloads <- reply:
		return <-reply
	case <-e.stopped:
		return errStopping
	case <-ctx.Done():
		return fmt.Errorf("another reload goes on: %w", ctx.Err())
	}
}

func (e *Exporter) reload(ctx context.Context) error {
	next, err := e.swap(ctx)
	if err != nil {
		now := time.Now()
		e.refused.Store(&now)
		e.loaded.Set(0)
		e.options.Logger.ErrorContext(ctx, "configuration not reloaded", "error", err)
		return err
	}
	e.refused.Store(nil)
	e.loaded.Set(1)
	e.loadedAt.SetToCurrentTime()
	e.options.Logger.InfoContext(ctx, "configuration reloaded", "resources", next.names())
	return nil
}

// swap makes the next fleet, lets it begin, shows it, and then stops what it has not kept. Up to the first step that cannot
// fail, nothing is changed.
func (e *Exporter) swap(ctx context.Context) (*fleet, error) {
	cfg, err := e.options.Read(ctx)
	if err != nil {
		return nil, err
	}
	before := e.fleet.Load()
	next, err := newFleet(cfg, before, e.options) //nolint:contextcheck // files that are small are read without
	if err != nil {
		return nil, err
	}
	e.Ready() // an exporter that is ready stays ready, even if no probe has asked yet
	next.startOrApply(ctx)
	e.fleet.Store(next)
	next.retire(before)
	return next, nil
}
