//go:build !windows

package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"face_liveness_exporter/internal/config"
)

func pipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAPipeIsRead(t *testing.T) {
	path := pipe(t)
	written := make(chan error)
	go func() { written <- os.WriteFile(path, []byte(withKey), 0o600) }()
	cfg, _, err := config.Load(path, environment())
	if err != nil || len(cfg.Resources) != 1 {
		t.Errorf("got %v, %v", cfg, err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

func TestAPipeIsNotWaitedForWithoutEnd(t *testing.T) {
	for name, begin := range map[string]string{"nobody writes": "", "the writer stops half-way": minimal} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := pipe(t)
			if begin != "" {
				writer, err := os.OpenFile(path, os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer writer.Close()
				if _, err := writer.WriteString(begin); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := config.Load(path, environment()); err == nil || !strings.Contains(err.Error(), path+" is a pipe") {
				t.Errorf("got %v", err)
			}
		})
	}
}
