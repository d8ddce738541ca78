package faceclient

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Bounds of a connection. The first two are shorter than most time limits of an attempt, so that an attempt fails with the reason.
const (
	dialTimeout      = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	idleTimeout      = 90 * time.Second
	maxHeaderBytes   = 64 << 10 // of all headers of an answer
	// maxConnectionAge bounds how long a connection is used: a kept connection does not follow its host to another address.
	maxConnectionAge = 5 * time.Minute
)

var errProxyRefuses = errors.New("the proxy refuses to connect")

// NewTransport makes a transport of HTTP/1.1 that keeps up to concurrent connections. It obeys HTTPS_PROXY and NO_PROXY. It does not
// speak HTTP/2: every later attempt would share the fate of one connection that died silently, and Go's client repeats requests
// at its own pace. A nil configuration is the system's.
func NewTransport(config *tls.Config, concurrent int) *http.Transport {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
			if answer.StatusCode != http.StatusOK {
				return errProxyRefuses
			}
			return nil
		},
		DialContext:            (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    handshakeTimeout,
		Protocols:              protocols,
		MaxIdleConnsPerHost:    concurrent,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// renewing sends by a transport that it replaces by a copy without connections: every five minutes, and when it is told to close
// them. A request under way keeps its connection, which is not used again.
type renewing struct {
	mu        sync.Mutex // guards what follows
	transport *http.Transport
	made      time.Time
}

// Renewing makes a transport whose connections live five minutes as a maximum, of one that is used nowhere else.
func Renewing(transport *http.Transport) http.RoundTripper {
	return &renewing{transport: transport, made: time.Now()}
}

func (r *renewing) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	if time.Since(r.made) >= maxConnectionAge {
		r.renew()
	}
	transport := r.transport
	r.mu.Unlock()
	return transport.RoundTrip(request)
}

// CloseIdleConnections closes all connections, those in use once they are not.
func (r *renewing) CloseIdleConnections() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.renew()
}

func (r *renewing) renew() {
	old := r.transport
	r.transport, r.made = old.Clone(), time.Now()
	old.CloseIdleConnections()
}
