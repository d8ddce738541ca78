package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/prometheus/common/version"
	"golang.org/x/sync/errgroup"

	"face_liveness_exporter/internal/config"
	"face_liveness_exporter/internal/exporter"
	"face_liveness_exporter/internal/web"
)

// Process is what the program gets from its caller.
type Process struct {
	// Args are the command line without the program's name.
	Args []string
	// Stdout receives what the user asked for, Stderr logs and errors.
	Stdout, Stderr io.Writer
	// Environ are the environment variables as NAME=value.
	Environ []string
	// Hangups request a reload of the configuration; nil never does.
	Hangups <-chan os.Signal
}

// getenv returns an environment variable, or "" if it is not set.
func (p Process) getenv(name string) string {
	for _, variable := range p.Environ {
		if value, is := strings.CutPrefix(variable, name+"="); is {
			return value
		}
	}
	return ""
}

// Run is the whole program. It returns the exit code: 0 when ctx ended it or the task was done, 1 otherwise.
func Run(ctx context.Context, process Process) int {
	if err := run(ctx, process); err != nil {
		fmt.Fprintf(process.Stderr, "%s: error: %s\n", exporter.Name, err)
		return 1
	}
	return 0
}

func run(ctx context.Context, process Process) error {
	f, usage, err := parseFlags(process.Args)
	if err != nil {
		return fmt.Errorf("%w, try --help", err)
	}
	if f == nil {
		_, err := io.WriteString(process.Stdout, usage)
		return err
	}
	o := findOrigin(f, process)
	if f.demo {
		demo, stop, err := startDemo(ctx)
		if err != nil {
			return err
		}
		defer stop()
		o = demo
	}
	if f.configCheck {
		return errors.Join(check(o, f.demo, process), web.CheckConfig(*f.web.Toolkit.WebConfigFile))
	}
	logger := newLogger(f, process)
	cfg, err := o.load(ctx, logger)
	if err != nil {
		return err
	}
	logger.InfoContext(ctx, "Starting face_liveness_exporter", "version", version.Info(), "build_context", version.BuildContext())
	if o.note != "" {
		logger.InfoContext(ctx, "configuration", "note", o.note)
	}
	options := exporter.Options{Config: cfg, RuntimeMetrics: !f.web.DisableExporterMetrics, Logger: logger}
	options.Read = func(ctx context.Context) (*config.Config, error) {
		if !o.isFile {
			return nil, errNoFile
		}
		return o.load(ctx, logger)
	}
	if f.demo {
		options.CostInterval = demoCostInterval()
	}
	e, err := exporter.New(options) //nolint:contextcheck // files that are small are read without
	if err != nil {
		return err
	}
	if f.doctor {
		defer e.Close()
		return examine(ctx, e, cfg.Refresh, f.demo, process)
	}
	return serve(ctx, f, e, process.Hangups, logger)
}

// serve answers and refreshes until ctx ends, which is no error, or until it cannot.
func serve(ctx context.Context, f *flags, e *exporter.Exporter, hangups <-chan os.Signal, logger *slog.Logger) error {
	server, err := web.Listen(ctx, e, f.web, logger) // before any request is sent
	if err != nil {
		return err
	}
	if f.demo && *f.web.Toolkit.WebConfigFile == "" {
		logger.InfoContext(ctx, "Open the status page in a browser", "url", server.PageURL())
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.Serve(ctx) })
	group.Go(func() error {
		e.Run(ctx, hangups)
		return nil
	})
	if f.demo {
		group.Go(func() error {
			keepFresh(ctx, demoInterval, e.Targets())
			return nil
		})
	}
	err = group.Wait()
	logger.InfoContext(ctx, "stopped")
	return err
}
