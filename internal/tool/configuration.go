package tool

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"face_liveness_exporter/internal/config"
	"face_liveness_exporter/internal/exporter"
)

// origin is where the configuration comes from.
type origin struct {
	// read reads it. The warnings are complete whether there is an error or not.
	read func() (*config.Config, config.Problems, error)
	// isFile is whether it can change while the program runs.
	isFile bool
	// note is what a user should know about it, "" for nothing. It is no warning.
	note string
}

// errNoFile is why a configuration cannot be read again.
var errNoFile = errors.New("there is no configuration file to read again: the exporter was started without one")

// errNoConfig names the three ways to start.
var errNoConfig = errors.New(`there is nothing to show. Three ways to start:
  1. try it, without an account:   ` + exporter.Name + ` --demo
  2. one resource:                 FACE_ENDPOINT=https://NAME.cognitiveservices.azure.com FACE_API_KEY=… ` + exporter.Name + `
  3. a configuration file:         ` + exporter.Name + ` --config.file=config.yaml (see config.example.yaml)`)

// findOrigin returns the first origin that exists: the file that the user asked for, config.yaml, the environment.
func findOrigin(f *flags, process Process) origin {
	if !f.configFileSet {
		if _, err := os.Stat(f.configFile); errors.Is(err, fs.ErrNotExist) {
			return environmentOrigin(process)
		}
	}
	read := func() (*config.Config, config.Problems, error) {
		used := map[string]bool{}
		cfg, warnings, err := config.Load(f.configFile, func(name string) string {
			used[name] = true
			return process.getenv(name)
		})
		return cfg, append(config.CheckVariables(process.Environ, f.configFile, used), warnings...), err
	}
	return origin{read: read, isFile: true}
}

// environmentOrigin is the environment, which describes one resource.
func environmentOrigin(process Process) origin {
	o := origin{read: func() (*config.Config, config.Problems, error) {
		cfg, warnings, err := config.FromEnvironment(process.getenv)
		if errors.Is(err, config.ErrNoEnvironment) {
			err = errNoConfig
		}
		return cfg, append(config.CheckVariables(process.Environ, "", nil), warnings...), err
	}}
	if process.getenv("FACE_API_KEY")+process.getenv("FACE_API_KEY_FILE") == "" {
		o.note = "no FACE_API_KEY: signing in with Entra ID"
	}
	return o
}

// load reads the configuration and logs what is doubtful about it.
func (o origin) load(ctx context.Context, logger *slog.Logger) (*config.Config, error) {
	cfg, warnings, err := o.read()
	for _, warning := range warnings {
		warning.Warning = false // the level says so
		logger.WarnContext(ctx, "configuration", "problem", warning.String())
	}
	return cfg, err
}
