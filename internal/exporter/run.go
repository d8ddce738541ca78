package exporter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/prometheus/common/version"

	"face_liveness_exporter/internal/config"
)

// Process is what a program gets from whoever starts it.
type Process struct {
	// Args are the command line without the program's name.
	Args []string
	// Stdout takes what was asked for, Stderr logs and complaints.
	Stdout, Stderr io.Writer
	// Getenv looks up an environment variable; "" where it is not set.
	Getenv func(string) string
	// Hangups ask to read the configuration again; nil never does.
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
	find := func() (*config.Config, bool, error) { return findConfig(f, process, logger) }
	if f.demo {
		demo, err := startDemo(ctx, logger)
		if err != nil {
			return err
		}
		defer demo.stop()
		find = demo.config
	}
	cfg, _, err := find()
	if err != nil {
		return err
	}
	if f.configCheck {
		fmt.Fprintf(process.Stdout, "configuration is valid: %d resource(s)\n", len(cfg.Resources))
		for _, r := range cfg.Resources {
			fmt.Fprintf(process.Stdout, "  %s: %s with %s\n", r.Name, strings.Join(r.Operations, ", "), credentialInWords(r))
		}
		return nil
	}
	logger.InfoContext(ctx, "Starting "+programName, "version", version.Info(), "build_context", version.BuildContext())
	exporter, err := newExporter(f, cfg, func() (*config.Config, error) {
		cfg, fromFile, err := find()
		if (err == nil && !fromFile) || errors.Is(err, errNoConfig) {
			err = errNoFile
		}
		return cfg, err
	}, logger)
	if err != nil {
		return err
	}
	if f.dryRun {
		return dryRun(ctx, exporter, process)
	}
	return serve(ctx, exporter, process.Hangups)
}

// credentialInWords says what a resource will be asked with, and nothing of the secret.
func credentialInWords(r config.Resource) string {
	switch {
	case r.Entra != nil:
		return "Entra ID, credential " + r.Entra.Credential
	case r.KeyFile != "":
		return "a key file"
	}
	return "a key"
}

// errNoFile is why a configuration that comes from elsewhere cannot be read again.
var errNoFile = errors.New("there is no configuration file to read again")

// errNoConfig names the three ways to start.
var errNoConfig = errors.New(`there is nothing to show. Three ways to start:
  1. a look around, with no account:   ` + programName + ` --demo
  2. one resource:                     FACE_ENDPOINT=https://NAME.cognitiveservices.azure.com FACE_API_KEY=… ` + programName + `
  3. a configuration file:             ` + programName + ` --config.file=config.yaml (see config.example.yaml)`)

// findConfig reads the configuration from the first place that has one: the file that was asked for, config.yaml, the
// environment; and tells whether it was a file. Warnings are logged, or printed where only a check was asked for.
func findConfig(f *flags, process Process, logger *slog.Logger) (found *config.Config, fromFile bool, err error) {
	cfg, warnings, err := config.Load(f.configFile, process.Getenv)
	fromFile = !errors.Is(err, fs.ErrNotExist) || f.configFileSet
	if !fromFile {
		cfg, warnings, err = config.FromEnvironment(process.Getenv)
		if errors.Is(err, config.ErrNoEnvironment) {
			return nil, false, errNoConfig
		}
	}
	for _, warning := range warnings {
		if f.configCheck {
			fmt.Fprintln(process.Stderr, warning)
		} else {
			logger.Warn("configuration", "problem", warning.String())
		}
	}
	return cfg, fromFile, err
}
