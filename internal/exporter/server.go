package exporter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// stopTimeout is how long answers may go on after the exporter was told to stop.
	stopTimeout = 3 * time.Second
	// readHeaderTimeout bounds TLS handshakes and the headers of a request. Bodies are not waited for at all.
	readHeaderTimeout = 10 * time.Second
	// idleTimeout is how long a connection may wait for its next request.
	idleTimeout = 2 * time.Minute
	// maxHeaderBytes is far above what a scraper or a browser sends.
	maxHeaderBytes = 32 << 10
	// maxStreams bounds the requests at once on one HTTP/2 connection. Clients open another where they need more.
	maxStreams = 10
	// maxRequests bounds the requests at once on all connections: twice as many as there can be connections.
	maxRequests = 2 * maxConnections
)

// newServer makes a server with limits for all that a client can leave undone.
func newServer(ctx context.Context, handler http.Handler, log *serverLog) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams, WriteByteTimeout: answerTimeout},
		ErrorLog:          log.logger(),
		ConnState:         newConnections(maxConnections).changed,
		// A scrape ends with its client or when the refreshes stop, so that it can still be answered after ctx has ended.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
}

// listening is a server and where it listens.
type listening struct {
	*http.Server
	listeners []net.Listener
}

// serve answers until ctx ends, which is no error, or until it cannot.
func serve(ctx context.Context, e *exporter, hangups <-chan os.Signal) error {
	log := newServerLog(e.logger)
	server := newServer(ctx, newHandler(e, e.own, e.flags, log), log)
	configs, err := secure(server, *e.flags.web.WebConfigFile, e.webConfigValid, e.logger)
	if err != nil {
		return err
	}
	server.Handler = recovered(e.httpPanics, log, bounded(maxRequests, withoutBody(server.Handler)))
	listeners, err := listen(ctx, e.flags.web)
	if err != nil {
		return err
	}
	servers := []listening{{server, listeners}}
	for _, l := range listeners {
		e.logger.InfoContext(ctx, "Listening on", "address", l.Addr().String(), "tls", isSecure(server))
	}
	if address := e.flags.healthAddress; address != "" {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			closeAll(listeners)
			return fmt.Errorf("--web.health-listen-address: %w", err)
		}
		servers = append(servers, listening{newServer(ctx, withoutBody(newHealthHandler(e)), log), []net.Listener{listener}})
		e.logger.InfoContext(ctx, "Serving only the health endpoints", "address", listener.Addr().String(), "tls", false)
	}
	if e.flags.demo {
		e.logger.InfoContext(ctx, "Open the status page in a browser", "url", pageURL(e.flags, listeners[0].Addr(), isSecure(server)))
	}

	group, ctx := errgroup.WithContext(ctx)
	for _, s := range servers {
		for _, l := range s.listeners {
			group.Go(func() error { return serveOn(s.Server, l) })
		}
		group.Go(func() error { return shutDown(ctx, s.Server) })
	}
	group.Go(func() error {
		e.run(ctx, hangups)
		return nil
	})
	group.Go(func() error {
		configs.run(ctx)
		return nil
	})
	if e.flags.demo {
		group.Go(func() error {
			keepFresh(ctx, demoInterval, e.fleet.Load().targets)
			return nil
		})
	}
	err = group.Wait()
	e.logger.InfoContext(ctx, "stopped")
	return err
}

// serveOn answers on a listener until the server is shut down.
func serveOn(server *http.Server, l net.Listener) error {
	serve := server.Serve
	if isSecure(server) {
		serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// shutDown ends the server once ctx has ended. Answers that are not read within stopTimeout are cut off.
func shutDown(ctx context.Context, server *http.Server) error {
	<-ctx.Done()
	// The refreshes stop at the same time, so that no scrape waits for one.
	timeout, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if server.Shutdown(timeout) != nil {
		return server.Close()
	}
	return nil
}

// pageURL is where a browser on this machine finds the status page.
func pageURL(f *flags, address net.Addr, tls bool) string {
	if f.externalURL != nil {
		return f.externalURL.String() + "/"
	}
	host, port, err := net.SplitHostPort(address.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && (ip.IsUnspecified() || ip.IsLoopback()) {
		host = "localhost"
	}
	scheme := "http"
	if tls {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + strings.TrimSuffix(f.routePrefix, "/") + "/"
}
