package exporter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/prometheus/common/version"
)

// Process is what the program gets from its caller.
type Process struct {
	// Args are the command line without the program's name.
	Args []string
	// Stdout receives what the user asked for, Stderr logs and errors.
	Stdout, Stderr io.Writer
	// Getenv returns an environment variable, or "" if it is not set.
	Getenv func(string) string
	// Environ returns all environment variables as NAME=value, to find misspelled ones; nil means that there are none.
	Environ func() []string
	// Hangups request a reload of the configuration; nil never does.
	Hangups <-chan os.Signal
}

// Run is the whole program. It returns the exit code: 0 when ctx ended it or the task was done, 1 otherwise.
func Run(ctx context.Context, process Process) int {
	f, err := parseFlags(process.Args, process.Stdout)
	switch {
	case errors.Is(err, errAnswered):
		return 0
	case err != nil:
		fmt.Fprintf(process.Stderr, "%s: error: %s, try --help\n", programName, err)
		return 1
	}
	logger := newLogger(f, process.Stderr, process.Getenv)
	if err := run(ctx, f, process, logger); err != nil {
		fmt.Fprintf(process.Stderr, "%s: error: %s\n", programName, err)
		return 1
	}
	return 0
}

func run(ctx context.Context, f *flags, process Process, logger *slog.Logger) error {
	var source configSource
	if f.demo {
		demo, err := startDemo(ctx, logger)
		if err != nil {
			return err
		}
		defer demo.stop()
		source = demo
	} else {
		source = findSource(f, process)
	}
	if f.configCheck {
		return check(source, process)
	}
	cfg, warnings, err := source.load()
	logWarnings(ctx, logger, warnings)
	if err != nil {
		return err
	}
	logger.InfoContext(ctx, "Starting "+programName, "version", version.Info(), "build_context", version.BuildContext())
	if note := source.note(cfg); note != "" {
		logger.InfoContext(ctx, "configuration", "note", note)
	}
	if f.doctor {
		return examine(ctx, cfg, f.demo, process, logger)
	}
	exporter, err := newExporter(f, cfg, source, logger)
	if err != nil {
		return err
	}
	if f.dryRun {
		return dryRun(ctx, exporter, process)
	}
	return serve(ctx, exporter, process.Hangups)
}
