// The command writes what is generated for Grafana and Prometheus: the dashboards, the recording rules, and the chart's
// copies of them and of the alerts. Run it as `make dashboards`.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"face_liveness_exporter/grafana/board"
)

func main() {
	root := flag.String("root", "..", "root of the repository")
	flag.Parse()
	if err := write(*root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(root string) error {
	files, err := board.Files(root)
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
