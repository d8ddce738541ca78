package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"

	"face_liveness_exporter/internal/exporter"
)

const (
	// stopTimeout is how long answers may go on after the exporter was told to stop.
	stopTimeout = 3 * time.Second
	// readTimeout bounds TLS handshakes and reading a request.
	readTimeout = 10 * time.Second
	// answerTimeout bounds making and writing an answer. Scrapes and profiles have as much in addition to their own time.
	answerTimeout = 30 * time.Second
	// idleTimeout is how long a connection may wait for its next request.
	idleTimeout = 2 * time.Minute
)

// Options are what the command line says about serving.
type Options struct {
	// Toolkit has the addresses and the web configuration file.
	Toolkit *toolkit.FlagConfig
	// HealthAddress is of a listener only for the health endpoints; "" for none.
	HealthAddress string
	// TelemetryPath is the path of the metrics.
	TelemetryPath string
	// RoutePrefix comes before every path that is served: "" or /like/this.
	RoutePrefix string
	// ExternalURL is where others reach the exporter, without a slash at its end; nil if it was not given.
	ExternalURL *url.URL
	// MaxRequests is how many scrapes are answered at once; 0 means no bound.
	MaxRequests int

	DisableExporterMetrics, EnableLifecycle, EnablePprof bool
	// Simulated is whether the service is: the status page says so.
	Simulated bool
}

// linkPrefix comes before every path that clients are told.
func (o Options) linkPrefix() string {
	if o.ExternalURL != nil {
		return o.ExternalURL.Path
	}
	return o.RoutePrefix
}

// CheckConfig says why the web configuration file cannot be used, nil if it can. The path "" is no file.
func CheckConfig(path string) error {
	if err := toolkit.Validate(path); err != nil {
		return errors.New("--web.config.file cannot be used: " + quoted.ReplaceAllString(err.Error(), "…"))
	}
	return nil
}

// quoted are the values that the YAML parser repeats. They may be secrets.
var quoted = regexp.MustCompile("`[^`]*`")

// Server is an exporter that listens.
type Server struct {
	options Options
	logger  *slog.Logger
	ports   []port
}

// port is a listener with its server. Exporter-toolkit puts users and TLS into a server for each listener.
type port struct {
	*http.Server
	listener net.Listener
	serve    func() error
}

// Listen opens every address. Nothing is answered before Serve.
func Listen(ctx context.Context, e *exporter.Exporter, options Options, logger *slog.Logger) (*Server, error) {
	if err := CheckConfig(*options.Toolkit.WebConfigFile); err != nil {
		return nil, err
	}
	listeners, err := listen(ctx, options.Toolkit)
	if err != nil {
		return nil, err
	}
	s := &Server{options: options, logger: logger}
	handler := newHandler(e, options, logger)
	for _, l := range listeners {
		server := newServer(ctx, handler, logger)
		s.ports = append(s.ports, port{server, l, func() error { return toolkit.Serve(l, server, options.Toolkit, logger) }})
	}
	if address := options.HealthAddress; address != "" {
		l, err := listenOn(ctx, address)
		if err != nil {
			closeAll(listeners)
			return nil, fmt.Errorf("--web.health-listen-address: %w", err)
		}
		server := newServer(ctx, newHealthHandler(e, options.RoutePrefix), logger)
		l = netutil.LimitListener(l, maxConnections)
		s.ports = append(s.ports, port{server, l, func() error { return server.Serve(l) }})
		logger.InfoContext(ctx, "Serving only the health endpoints", "address", l.Addr().String(), "tls", false)
	}
	return s, nil
}

// newServer makes a server with time limits for all that a client can leave undone.
func newServer(ctx context.Context, handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:      withoutBody(handler),
		ReadTimeout:  readTimeout,
		WriteTimeout: answerTimeout,
		IdleTimeout:  idleTimeout,
		ErrorLog:     slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		// A scrape ends with its client or when the refreshes stop, so that it can still be answered after ctx has ended.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
}

// withoutBody answers a request without waiting for its body, which no path wants. Without it, net/http waits for the body
// before it writes the header of the answer.
func withoutBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now())
			r.Body = http.NoBody
			if r.ProtoMajor == 1 {
				w.Header().Set("Connection", "close")
			}
		}
		next.ServeHTTP(w, r)
	})
}

// Serve answers until ctx ends, which is no error, or until it cannot.
func (s *Server) Serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range s.ports {
		group.Go(func() error {
			if err := p.serve(); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		group.Go(func() error { return shutDown(ctx, p.Server) })
	}
	return group.Wait()
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

// PageURL is where a browser on this machine finds the status page of a server without TLS.
func (s *Server) PageURL() string {
	if s.options.ExternalURL != nil {
		return s.options.ExternalURL.String() + "/"
	}
	_, port, _ := net.SplitHostPort(s.ports[0].listener.Addr().String()) // a listener's address has one
	return "http://localhost:" + port + s.options.RoutePrefix + "/"
}
