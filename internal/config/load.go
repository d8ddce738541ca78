package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// maxFileBytes is far above any configuration and keeps a wrong path from filling the memory.
const maxFileBytes = 4 << 20

// Load reads and validates the file at path. Relative paths in it start at the file's own folder. getenv is asked for
// the variables that key_env names; os.Getenv serves.
//
// It returns the warnings in any case, and either a configuration or an error. The error is a Problems with everything
// that has to be put right, or tells why the file could not be read (errors.Is with fs.ErrNotExist holds where there is none).
func Load(path string, getenv func(string) string) (*Config, Problems, error) {
	data, err := read(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read configuration: %w", err)
	}
	cfg, warnings, err := parse(data, filepath.Dir(path), getenv)
	if problems, ok := errors.AsType[Problems](err); ok {
		err = problems.in(path)
	}
	return cfg, warnings.in(path), err
}

// pipeTimeout is how long a pipe may take to deliver the configuration, so that a reload ends.
const pipeTimeout = 2 * time.Second

// read returns the content of a file, cut after maxFileBytes and one more. It does not wait for long, whatever the path
// leads to.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	mode := os.O_RDONLY
	if !info.Mode().IsRegular() {
		mode |= syscall.O_NONBLOCK
	}
	file, err := os.OpenFile(path, mode, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info.Mode()&fs.ModeNamedPipe == 0 {
		return io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	}
	deadline := time.Now().Add(pipeTimeout)
	if err := file.SetReadDeadline(deadline); err != nil {
		return nil, err
	}
	for {
		data, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
		if errors.Is(err, os.ErrDeadlineExceeded) || (err == nil && len(data) == 0 && time.Now().After(deadline)) {
			return nil, fmt.Errorf("%s is a pipe, and nobody wrote a whole configuration into it within %s", path, pipeTimeout)
		}
		if err != nil || len(data) > 0 {
			return data, err
		}
		<-time.After(20 * time.Millisecond) // no writer has come yet
	}
}

// Parse is Load for a document in memory: relative paths in it start at the working directory.
func Parse(data []byte, getenv func(string) string) (*Config, Problems, error) {
	return parse(data, "", getenv)
}

func parse(data []byte, folder string, getenv func(string) string) (*Config, Problems, error) {
	root, problem := document(data)
	if problem != nil {
		return Problems{*problem}.result(nil)
	}
	cfg := Default()
	d := newDecoder(folder, getenv)
	d.config(place{line: root.Line, node: root}, &cfg)
	return d.problems.result(&cfg)
}
