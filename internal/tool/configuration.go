package tool

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/config"
	"face_liveness_exporter/internal/exporter"
)

// configSource is where the configuration comes from.
type configSource interface {
	// load reads the configuration. The warnings are complete whether there is an error or not.
	load() (*config.Config, config.Problems, error)
	// reload is load for a program that runs; an error tells why there is nothing to read again.
	reload() (*config.Config, config.Problems, error)
	// note is what a user should know about a loaded configuration, "" for nothing. It is no warning.
	note(*config.Config) string
}

// errNoFile is why a configuration cannot be read again.
var errNoFile = errors.New("there is no configuration file to read again: the exporter was started without one")

// errNoConfig names the three ways to start.
var errNoConfig = errors.New(`there is nothing to show. Three ways to start:
  1. try it, without an account:   ` + exporter.Name + ` --demo
  2. one resource:                 FACE_ENDPOINT=https://NAME.cognitiveservices.azure.com FACE_API_KEY=… ` + exporter.Name + `
  3. a configuration file:         ` + exporter.Name + ` --config.file=config.yaml (see config.example.yaml)`)

// findSource returns the first source that exists: the file that the user asked for, config.yaml, the environment.
func findSource(f *flags, process Process) configSource {
	environ := func() []string { return nil }
	if process.Environ != nil {
		environ = process.Environ
	}
	environment := environmentSource{process.Getenv, environ}
	if !f.configFileSet {
		if _, err := os.Stat(f.configFile); errors.Is(err, fs.ErrNotExist) {
			return environment
		}
	}
	return fileSource{path: f.configFile, environment: environment}
}

// fileSource is a configuration file.
type fileSource struct {
	path        string
	environment environmentSource // which the file hides
}

func (s fileSource) load() (*config.Config, config.Problems, error) {
	used := map[string]bool{}
	cfg, warnings, err := config.Load(s.path, func(name string) string {
		used[name] = true
		return s.environment.getenv(name)
	})
	return cfg, append(config.CheckVariables(s.environment.environ(), s.path, used), warnings...), err
}

func (s fileSource) reload() (*config.Config, config.Problems, error) { return s.load() }

func (s fileSource) note(*config.Config) string { return "" }

// environmentSource is the environment, which describes one resource.
type environmentSource struct {
	getenv  func(string) string
	environ func() []string
}

func (s environmentSource) load() (*config.Config, config.Problems, error) {
	cfg, warnings, err := config.FromEnvironment(s.getenv)
	if errors.Is(err, config.ErrNoEnvironment) {
		err = errNoConfig
	}
	return cfg, append(config.CheckVariables(s.environ(), "", nil), warnings...), err
}

func (s environmentSource) reload() (*config.Config, config.Problems, error) {
	return nil, nil, errNoFile
}

func (s environmentSource) note(cfg *config.Config) string {
	if entra := cfg.Resources[0].Entra; entra != nil && entra.Credential == faceclient.EntraDefault {
		return "no FACE_API_KEY: signing in with Entra ID"
	}
	return ""
}

// load reads a configuration and logs what is doubtful about it.
func load(ctx context.Context, read func() (*config.Config, config.Problems, error), logger *slog.Logger) (*config.Config, error) {
	cfg, warnings, err := read()
	for _, warning := range warnings {
		warning.Warning = false // the level says so
		logger.WarnContext(ctx, "configuration", "problem", warning.String())
	}
	return cfg, err
}
