package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxFileBytes is far above any configuration and keeps a wrong path from filling the memory.
const maxFileBytes = 4 << 20

// Load reads and validates the file at path. Relative paths in it start at the file's own folder. getenv is asked for
// the variables that key_env names; os.Getenv serves.
//
// It returns the warnings in any case, and either a configuration or an error. The error is a Problems with everything
// that has to be put right, or tells why the file could not be read (errors.Is with fs.ErrNotExist holds then).
func Load(path string, getenv func(string) string) (*Config, Problems, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read configuration: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read configuration: %w", err)
	}
	return parse(data, filepath.Dir(path), getenv)
}

// Parse is Load for a document in memory: relative paths in it start at the working directory.
func Parse(data []byte, getenv func(string) string) (*Config, Problems, error) {
	return parse(data, "", getenv)
}

func parse(data []byte, folder string, getenv func(string) string) (*Config, Problems, error) {
	root, problem := document(data)
	if problem != nil {
		return Problems{*problem}.verdict(nil)
	}
	cfg := Default()
	d := decoder{folder: folder, getenv: getenv, lines: map[string]int{}, refused: map[string]bool{}}
	d.config(place{line: root.Line, node: root}, &cfg)
	return d.problems.verdict(&cfg)
}
