package exporter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/common/version"

	"face_liveness_exporter/internal/config"
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
	log := newLogQueue(process.Stderr)
	defer log.close()
	logger := newLogger(f, log, process.Stderr, process.Getenv)
	if err := endInTime(ctx, f, func() error { return run(ctx, f, process, log, logger) }); err != nil {
		fmt.Fprintf(log, "%s: error: %s\n", programName, err)
		return 1
	}
	return 0
}

// hardStopTimeout bounds the end of the program, whatever hangs. Everything that ends as it should takes less.
const hardStopTimeout = 4 * time.Second

// endInTime gives up on what has not ended hardStopTimeout after ctx has. An exporter that was told to stop has done what
// it should; a task such as a dry run has not.
func endInTime(ctx context.Context, f *flags, run func() error) error {
	stopped, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	release := context.AfterFunc(ctx, func() { time.AfterFunc(hardStopTimeout, cancel) })
	defer release()
	_, err := await(stopped, 0, func() (struct{}, error) { return struct{}{}, run() })
	if ctx.Err() != nil && errors.Is(err, context.Canceled) && !f.dryRun && !f.configCheck && !f.doctor {
		return nil
	}
	return err
}

func run(ctx context.Context, f *flags, process Process, log *logQueue, logger *slog.Logger) error {
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
		return errors.Join(check(source, f.demo, process), checkWebConfig(*f.web.WebConfigFile))
	}
	// A file that hangs does not keep a signal waiting. There is no other limit: a FIFO may be slow for a reason.
	cfg, err := await(ctx, 0, func() (*config.Config, error) {
		cfg, warnings, err := source.load()
		logWarnings(ctx, logger, warnings)
		return cfg, err
	})
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
	exporter, err := newExporter(f, cfg, source, log, logger)
	if err != nil {
		return err
	}
	if f.dryRun {
		return dryRun(ctx, exporter, process)
	}
	return serve(ctx, exporter, process.Hangups)
}
