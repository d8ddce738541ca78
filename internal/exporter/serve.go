package exporter

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/sync/errgroup"
)

// stopTimeout is how long answers may go on after the exporter was told to stop.
const stopTimeout = 3 * time.Second

// serve answers until ctx ends, which is no error, or until it cannot.
func serve(ctx context.Context, e *exporter, hangups <-chan os.Signal) error {
	bound := make(chan struct{})
	isBound := sync.OnceFunc(func() { close(bound) })
	server := &http.Server{
		Handler:           newHandler(e),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(e.logger.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { // asked for once a listener is there
			isBound()
			return context.WithoutCancel(ctx)
		},
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		e.run(ctx, bound, hangups)
		return nil
	})
	if e.flags.demo {
		group.Go(func() error {
			keepFresh(ctx, demoInterval, e.fleet.Load().targets)
			return nil
		})
	}
	group.Go(func() error {
		if err := web.ListenAndServe(server, e.flags.web, e.logger); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		e.logger.InfoContext(ctx, "stopping")
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
