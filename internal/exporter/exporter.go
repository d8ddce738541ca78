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
	"golang.org/x/sync/semaphore"

	"face_liveness_exporter/internal/config"
)

// exporter is the fleet in force and what can put another one in its place.
type exporter struct {
	flags   *flags
	logger  *slog.Logger
	source  configSource
	fleet   atomic.Pointer[fleet]
	reading *semaphore.Weighted // of one: a read of the configuration for a reload

	own      *prometheus.Registry // metrics of the exporter itself
	loaded   prometheus.Gauge
	loadedAt prometheus.Gauge
	// For the web server: whether its configuration file is good, and requests that ended with a panic.
	webConfigValid prometheus.Gauge
	httpPanics     prometheus.Counter

	reloads chan chan error
	stopped chan struct{} // closed once no reload is taken any more
	started time.Time
	isReady atomic.Bool
	// reloadRefused is when the last reload was refused, none after one that succeeded.
	reloadRefused moment
}

// newExporter builds the first fleet. It starts nothing.
func newExporter(f *flags, cfg *config.Config, source configSource, log *logQueue, logger *slog.Logger) (*exporter, error) {
	first, err := newFleet(cfg, nil, f.demo, logger)
	if err != nil {
		return nil, err
	}
	e := &exporter{
		flags: f, logger: logger, source: source, reading: semaphore.NewWeighted(1),
		own: prometheus.NewRegistry(),
		loaded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "face_liveness_exporter_config_last_reload_successful",
			Help: "Whether the last attempt to load the configuration succeeded.",
		}),
		loadedAt: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "face_liveness_exporter_config_last_reload_success_timestamp_seconds",
			Help: "When the configuration was last loaded, in Unix time.",
		}),
		webConfigValid: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "face_liveness_exporter_web_config_last_load_successful",
			Help: "Whether --web.config.file and the files that it names could be loaded at the last check; 1 without such a file.",
		}),
		httpPanics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "face_liveness_exporter_http_panics_total",
			Help: "Requests to the exporter that ended with a panic, which is a bug of the exporter.",
		}),
		reloads: make(chan chan error),
		stopped: make(chan struct{}),
		started: time.Now(),
	}
	e.fleet.Store(first)
	e.loaded.Set(1)
	e.loadedAt.SetToCurrentTime()
	e.webConfigValid.Set(1)
	dropped := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "face_liveness_exporter_log_lines_dropped_total",
		Help: "Log lines that were not written because nobody read the log in time.",
	}, func() float64 { return float64(log.dropped.Load()) })
	parts := []prometheus.Collector{versioncollector.NewCollector(programName), e.loaded, e.loadedAt, e.webConfigValid, e.httpPanics, dropped}
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
	return gather(e.own, prometheus.CollectorFunc(e.fleet.Load().collect))
}

// current returns the fleet in force.
func (e *exporter) current() *fleet { return e.fleet.Load() }

// refusedAt tells when the last reload was refused, zero after one that succeeded.
func (e *exporter) refusedAt() time.Time { return e.reloadRefused.get() }

// run refreshes, and reloads when it is asked to, until ctx ends.
func (e *exporter) run(ctx context.Context, hangups <-chan os.Signal) {
	defer close(e.stopped)
	first := e.fleet.Load()
	first.startOrApply(ctx, first.onStart)
	defer func() { e.fleet.Load().stop(ctx) }()
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

// reload reads the configuration again and puts it in force. A configuration that is wrong changes nothing.
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
	before := e.fleet.Load()
	next, err := e.prepare(ctx, before)
	if err != nil {
		return err
	}
	e.ready() // an exporter that is ready stays ready, even if no probe has asked yet
	next.startOrApply(ctx, next.onStart)
	e.fleet.Store(next)
	next.retire(ctx, before)
	return nil
}

// errStillReading is why there is no second read beside one that hangs.
var errStillReading = errors.New("the configuration is still being read for an earlier reload")

// prepare makes the next fleet. Files that hang, such as a FIFO, do not hold up the caller for longer than fileTimeout.
func (e *exporter) prepare(ctx context.Context, before *fleet) (*fleet, error) {
	if !e.reading.TryAcquire(1) {
		return nil, errStillReading
	}
	next, err := await(ctx, fileTimeout, func() (*fleet, error) {
		defer e.reading.Release(1)
		cfg, warnings, err := e.source.reload()
		logWarnings(ctx, e.logger, warnings)
		if err != nil {
			return nil, err
		}
		return newFleet(cfg, before, e.flags.demo, e.logger)
	})
	if errors.Is(err, errTimeLimit) {
		err = fmt.Errorf("reading the configuration: %w", err)
	}
	return next, err
}

// ready reports whether every first refresh has ended or a minute is over. It never takes that back.
func (e *exporter) ready() bool {
	if !e.isReady.Load() && (e.fleet.Load().ready() || time.Since(e.started) >= readyAfter) {
		e.isReady.Store(true)
	}
	return e.isReady.Load()
}

var (
	// errStopping is what a reload gets that comes too late.
	errStopping = errors.New("the exporter is stopping")
	// errBusy is what a reload gets that takes too long.
	errBusy = errors.New("the exporter has not answered in time; see its log")
)

// requestReload asks run to reload and gives its answer.
func (e *exporter) requestReload(ctx context.Context) error {
	reply := make(chan error, 1)
	select {
	case e.reloads <- reply:
	case <-e.stopped:
		return errStopping
	case <-ctx.Done():
		return errBusy
	}
	select {
	case err := <-reply:
		return err
	case <-ctx.Done():
		return errBusy
	}
}
