// Command face_liveness_exporter shows the liveness sessions of Azure AI Face resources to Prometheus.
package main

import (
	"cmp"
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/prometheus/common/version"

	"face_liveness_exporter/internal/tool"
)

func main() {
	os.Exit(run())
}

// run lets deferred calls happen before the process exits.
func run() int {
	// A build without release flags, such as go run, is told apart from a release in --version, log and metric.
	version.Version = cmp.Or(version.Version, "dev")
	// Go's HTTP transport tells the standard logger, word for word, what a service sends beyond its answer.
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal waits for nothing
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	return tool.Run(ctx, tool.Process{
		Args:    os.Args[1:],
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
		Environ: os.Environ(),
		Hangups: hangups,
	})
}
