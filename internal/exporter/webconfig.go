package exporter

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	config_util "github.com/prometheus/common/config"
	"github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v2"

	"face_liveness_exporter/internal/config"
)

// webConfigInterval is how often the files of the web configuration are read again.
const webConfigInterval = time.Second

// webSource is what the web configuration and the files that it names said when they were read.
type webSource struct {
	config web.Config // with the content of certificates and keys in place of their paths
	rest   string     // the YAML without tls_server_config
}

// readWebConfig never waits for a file. A file that is too large, or is not a regular file, is an error.
func readWebConfig(path string) (webSource, error) {
	content, err := config.ReadFile(path)
	if err != nil {
		return webSource{}, err
	}
	source := webSource{config: web.Config{ // the defaults of exporter-toolkit
		TLSConfig:  web.TLSConfig{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13},
		HTTPConfig: web.HTTPConfig{HTTP2: true},
	}}
	if err := yaml.UnmarshalStrict(content, &source.config); err != nil {
		return webSource{}, err
	}
	t := &source.config.TLSConfig
	t.SetDirectory(filepath.Dir(path))
	for _, file := range []struct {
		setting string
		path    *string
		set     func(string)
	}{
		{"cert_file", &t.TLSCertPath, func(text string) { t.TLSCert = text }},
		{"key_file", &t.TLSKeyPath, func(text string) { t.TLSKey = config_util.Secret(text) }},
		{"client_ca_file", &t.ClientCAs, func(text string) { t.ClientCAsText = text }},
	} {
		if *file.path == "" {
			continue
		}
		content, err := config.ReadFile(*file.path)
		if err != nil {
			return webSource{}, fmt.Errorf("%s: %w", file.setting, err)
		}
		*file.path = ""
		file.set(string(content))
	}
	rest := map[string]any{}
	if err := yaml.Unmarshal(content, &rest); err != nil {
		return webSource{}, err
	}
	delete(rest, "tls_server_config")
	text, err := yaml.Marshal(rest)
	source.rest = string(text)
	return source, err
}

// webConfig is a valid web configuration. It is never changed.
type webConfig struct {
	source  webSource
	handler http.Handler // with users, headers and rate limit
	tls     *tls.Config  // nil without TLS
}

// closedListener accepts nothing.
type closedListener struct{}

func (closedListener) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (closedListener) Close() error              { return nil }
func (closedListener) Addr() net.Addr            { return &net.TCPAddr{} }

// newWebConfig lets exporter-toolkit put users and headers before a handler. The toolkit does so only when it begins to
// serve, so it is given a listener that is closed. It reads its file at every request, so it is given a file of ours,
// which cannot break.
func newWebConfig(source webSource, next http.Handler) (*webConfig, error) {
	made := &webConfig{source: source}
	if source.config.TLSConfig.IsEnabled() {
		if ca := source.config.TLSConfig.ClientCAsText; ca != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(ca)) {
			return nil, errNoCertificate // which the toolkit would take, and then trust no client
		}
		var err error
		if made.tls, err = web.ConfigToTLSConfig(&made.source.config.TLSConfig); err != nil {
			return nil, err
		}
		made.tls.NextProtos = []string{"h2", "http/1.1"}
		if !source.config.HTTPConfig.HTTP2 {
			made.tls.NextProtos = []string{"http/1.1"}
		}
	}
	path, remove, err := privateFile(source.rest)
	if err != nil {
		return nil, err
	}
	runtime.AddCleanup(made, func(remove func()) { remove() }, remove)
	server := &http.Server{Handler: next, ReadHeaderTimeout: readHeaderTimeout}
	err = web.Serve(closedListener{}, server, &web.FlagConfig{WebConfigFile: &path}, slog.New(slog.DiscardHandler))
	if !errors.Is(err, net.ErrClosed) {
		return nil, err
	}
	made.handler = server.Handler
	return made, nil
}

// checkWebConfig returns why a web configuration cannot be used, nil if it can. The path "" is no configuration.
func checkWebConfig(path string) error {
	if path == "" {
		return nil
	}
	source, err := readWebConfig(path)
	if err == nil {
		_, err = newWebConfig(source, http.NotFoundHandler())
	}
	return webConfigError(err)
}

// webConfigError says what is wrong with the file; nil is nothing. The YAML parser quotes values, which may be secrets;
// they are left out.
func webConfigError(err error) error {
	if err == nil {
		return nil
	}
	return errors.New("--web.config.file cannot be used: " + regexp.MustCompile("`[^`]*`").ReplaceAllString(err.Error(), "…"))
}

// webConfigs keeps the last web configuration that was valid in force.
type webConfigs struct {
	read    func() (webSource, error) // nil without a file
	next    http.Handler
	logger  *slog.Logger
	valid   prometheus.Gauge
	current atomic.Pointer[webConfig]
	// problem is what was logged last; "" while the file is good.
	problem string
}

// secure puts the web configuration at path, "" for none, before the handler of the server and into its TLS. All listeners
// share the server.
func secure(server *http.Server, path string, valid prometheus.Gauge, logger *slog.Logger) (*webConfigs, error) {
	c := &webConfigs{next: server.Handler, logger: logger, valid: valid}
	if path == "" {
		return c, nil
	}
	c.read = inTime(func() (webSource, error) { return readWebConfig(path) })
	if err := c.load(); err != nil {
		return nil, webConfigError(err)
	}
	server.Handler = c
	if first := c.current.Load().tls; first != nil {
		server.TLSConfig = first.Clone()
		server.TLSConfig.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current.Load().tls, nil }
		if !c.current.Load().source.config.HTTPConfig.HTTP2 {
			server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
		}
	}
	return c, nil
}

// isSecure reports whether secure has put TLS into the server.
func isSecure(server *http.Server) bool {
	return server.TLSConfig != nil && server.TLSConfig.GetConfigForClient != nil
}

// ServeHTTP is part of http.Handler.
func (c *webConfigs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	current := c.current.Load()
	current.handler.ServeHTTP(w, r)
	runtime.KeepAlive(current) // and its private file
}

// load puts the file in force as it is now. After an error, what was in force stays.
func (c *webConfigs) load() error {
	source, err := c.read()
	if err != nil {
		return err
	}
	before := c.current.Load()
	if before != nil && reflect.DeepEqual(source, before.source) {
		return nil
	}
	next, err := newWebConfig(source, c.next)
	if err != nil {
		return err
	}
	if before != nil {
		if (before.tls == nil) != (next.tls == nil) {
			return errors.New("tls_server_config was added or removed, which needs a restart")
		}
		if next.tls != nil {
			next.tls.NextProtos = before.tls.NextProtos // the server speaks HTTP/2 or does not, as it began
		}
	}
	c.current.Store(next)
	return nil
}

// run loads the file again and again until ctx ends.
func (c *webConfigs) run(ctx context.Context) {
	if c.read == nil {
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

// check loads the file, and says by log and metric when it breaks and when it is mended.
func (c *webConfigs) check(ctx context.Context) {
	problem := ""
	if err := c.load(); err != nil {
		problem = webConfigError(err).Error()
	}
	switch {
	case problem == c.problem:
	case problem != "":
		c.logger.ErrorContext(ctx, "the web configuration is broken; the exporter goes on with the last good one", "error", problem)
		c.valid.Set(0)
	default:
		c.logger.InfoContext(ctx, "the web configuration is good again")
		c.valid.Set(1)
	}
	c.problem = problem
}
