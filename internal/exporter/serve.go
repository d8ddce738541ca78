package exporter

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/sync/errgroup"
)

// stopTimeout is how long answers may go on after the exporter was told to stop.
const stopTimeout = 3 * time.Second

// serve answers until ctx ends, which is no error, or until it cannot.
func serve(ctx context.Context, f *flags, fleet *fleet, logger *slog.Logger) error {
	handler, err := newHandler(f, fleet, logger)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return fleet.run(ctx) })
	if f.demo {
		group.Go(func() error {
			keepFresh(ctx, demoInterval, fleet.targets)
			return nil
		})
	}
	group.Go(func() error {
		if err := web.ListenAndServe(server, f.web, logger); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		logger.InfoContext(ctx, "stopping")
		// The refreshes have been told to stop as well, so that no scrape waits for one.
		timeout, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if server.Shutdown(timeout) != nil {
			return server.Close()
		}
		return nil
	})
	return group.Wait()
}
