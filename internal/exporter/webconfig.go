package exporter

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/exporter-toolkit/web"
)

// webConfigInterval is how often the web configuration file is checked. exporter-toolkit reads it at every request and
// tells nobody when it no longer can.
const webConfigInterval = 5 * time.Second

// closedListener accepts nothing.
type closedListener struct{}

func (closedListener) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (closedListener) Close() error              { return nil }
func (closedListener) Addr() net.Addr            { return &net.TCPAddr{} }

// secure lets exporter-toolkit put TLS and basic auth, as --web.config.file has them, into the server. The toolkit does so
// only when it begins to serve, so it is given a listener that is closed. That leaves the server to us: its handler can be
// wrapped, and all listeners share it.
func secure(server *http.Server, f *web.FlagConfig, valid prometheus.Gauge, logger *slog.Logger) (*webConfigCheck, error) {
	check := &webConfigCheck{file: *f.WebConfigFile, logger: logger, valid: valid}
	if check.file == "" {
		return check, nil
	}
	// The toolkit would log an error for every request while the file is broken; the check logs it once.
	if err := web.Serve(closedListener{}, server, f, slog.New(slog.DiscardHandler)); !errors.Is(err, net.ErrClosed) {
		return nil, webConfigError(err)
	}
	if isSecure(server) {
		last := &lastGoodTLS{load: server.TLSConfig.GetConfigForClient}
		if _, err := last.config(nil); err != nil {
			return nil, webConfigError(err)
		}
		server.TLSConfig.GetConfigForClient = last.config
	}
	return check, nil
}

// isSecure tells whether secure has put TLS into the server.
func isSecure(server *http.Server) bool {
	return server.TLSConfig != nil && server.TLSConfig.GetConfigForClient != nil
}

// webConfigError says what is wrong with the file. The YAML parser quotes values, which may be secrets; they are left out.
func webConfigError(err error) error {
	return errors.New("--web.config.file cannot be used: " + regexp.MustCompile("`[^`]*`").ReplaceAllString(err.Error(), "…"))
}

// lastGoodTLS goes on with the certificate and settings that were read last where they can no longer be read.
type lastGoodTLS struct {
	load func(*tls.ClientHelloInfo) (*tls.Config, error)
	good atomic.Pointer[tls.Config]
}

// config is for [tls.Config.GetConfigForClient].
func (l *lastGoodTLS) config(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	config, err := l.load(hello)
	if err == nil {
		var certificate *tls.Certificate
		if certificate, err = config.GetCertificate(hello); err == nil {
			// The toolkit's function would read the files again in every handshake.
			config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate, nil }
			l.good.Store(config)
			return config, nil
		}
	}
	if good := l.good.Load(); good != nil {
		return good, nil
	}
	return nil, err
}

// webConfigCheck says by log and metric when the web configuration breaks and when it is mended.
type webConfigCheck struct {
	file   string // "" is nothing to check
	logger *slog.Logger
	valid  prometheus.Gauge
	// problem is what was logged last; "" while the file is good.
	problem string
}

// run checks until ctx ends.
func (c *webConfigCheck) run(ctx context.Context) {
	if c.file == "" {
		return
	}
	tick := time.NewTicker(webConfigInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.check(ctx)
		case <-ctx.Done():
			return
		}
	}
}

func (c *webConfigCheck) check(ctx context.Context) {
	_, err := await(ctx, fileTimeout, func() (struct{}, error) { return struct{}{}, web.Validate(c.file) })
	if ctx.Err() != nil {
		return
	}
	problem := ""
	if err != nil {
		problem = webConfigError(err).Error()
	}
	switch {
	case problem == c.problem:
	case problem != "":
		c.logger.ErrorContext(ctx, "the web configuration is broken; TLS goes on with what was loaded last, "+
			"but requests are refused while the file itself cannot be read", "error", problem)
		c.valid.Set(0)
	default:
		c.logger.InfoContext(ctx, "the web configuration is good again")
		c.valid.Set(1)
	}
	c.problem = problem
}
