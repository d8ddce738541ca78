package exporter

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	dto "github.com/prometheus/client_model/go"

	"face_liveness_exporter/internal/config"
)

// exporter is the fleet in force and what can put another one in its place.
type exporter struct {
	flags  *flags
	logger *slog.Logger
	source configSource
	fleet  atomic.Pointer[fleet]
	// onStart refreshes every resource of the first fleet at once.
	onStart bool

	own      *prometheus.Registry // metrics of the exporter itself
	loaded   prometheus.Gauge
	loadedAt prometheus.Gauge

	reloads chan chan error
	stopped chan struct{} // closed once no reload is taken any more
	started time.Time
	isReady atomic.Bool
	// For the status page: when metrics were last asked for, and when a reload was refused, none after one that succeeded.
	lastScrape, reloadRefused moment
}

// newExporter builds the first fleet. It starts nothing.
func newExporter(f *flags, cfg *config.Config, source configSource, logger *slog.Logger) (*exporter, error) {
	first, err := newFleet(cfg, nil, f.demo, logger)
	if err != nil {
		return nil, err
	}
	e := &exporter{
		flags: f, logger: logger, source: source, onStart: cfg.Refresh.OnStart,
		own: prometheus.NewRegistry(),
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
	parts := []prometheus.Collector{versioncollector.NewCollector(programName), e.loaded, e.loadedAt}
	if !f.disableExporterMetrics && !f.dryRun {
		parts = append(parts, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	for _, part := range parts {
		if err := e.own.Register(part); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Gather is part of prometheus.Gatherer: all resources and the exporter itself.
func (e *exporter) Gather() ([]*dto.MetricFamily, error) {
	return append(prometheus.Gatherers{e.own}, e.fleet.Load().gatherers()...).Gather()
}

// run refreshes, and reloads when it is asked to, until ctx ends. It waits for bound, so that an exporter that cannot
// serve asks nobody for anything.
func (e *exporter) run(ctx context.Context, bound <-chan struct{}, hangups <-chan os.Signal) {
	defer close(e.stopped)
	select {
	case <-bound:
	case <-ctx.Done():
		return
	}
	e.fleet.Load().enforce(ctx, e.onStart)
	defer func() { e.fleet.Load().stop() }()
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

// reload puts the configuration of the moment in force. A configuration that does not do changes nothing.
func (e *exporter) reload(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			e.loaded.Set(0)
			e.reloadRefused.set(time.Now())
			e.logger.ErrorContext(ctx, "configuration not reloaded", "error", err)
			return
		}
		e.loaded.Set(1)
		e.reloadRefused.set(time.Time{})
		e.loadedAt.SetToCurrentTime()
		e.logger.InfoContext(ctx, "configuration reloaded", "resources", e.fleet.Load().names())
	}()
	cfg, warnings, err := e.source.reload()
	logWarnings(ctx, e.logger, warnings)
	if err != nil {
		return err
	}
	before := e.fleet.Load()
	next, err := newFleet(cfg, before, e.flags.demo, e.logger)
	if err != nil {
		return err
	}
	e.ready() // who is ready stays it, also where nobody has asked yet
	next.enforce(ctx, cfg.Refresh.OnStart)
	e.fleet.Store(next)
	next.retire(before)
	return nil
}

// ready tells whether every first refresh has ended or a minute is over. It never takes that back.
func (e *exporter) ready() bool {
	if !e.isReady.Load() && (e.fleet.Load().ready() || time.Since(e.started) >= readyAfter) {
		e.isReady.Store(true)
	}
	return e.isReady.Load()
}

// errStopping is what a reload gets that comes too late.
var errStopping = errors.New("the exporter is stopping")

// requestReload asks run to reload and gives its answer.
func (e *exporter) requestReload(ctx context.Context) error {
	reply := make(chan error, 1)
	select {
	case e.reloads <- reply:
		return <-reply
	case <-e.stopped:
		return errStopping
	case <-ctx.Done():
		return errStopping
	}
}
