package faceclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// Bounds of a connection. An attempt ends by its own time-out as well, whichever is first.
const (
	dialTimeout      = 10 * time.Second
	handshakeTimeout = 10 * time.Second
	idleTimeout      = 90 * time.Second
	maxHeaderBytes   = 64 << 10 // of all headers of an answer
)

// NewTransport makes the transport that a [Client] uses by itself. It obeys HTTPS_PROXY and NO_PROXY, follows nothing, and
// speaks only HTTP/1.1: over one HTTP/2 connection, every later attempt would share the fate of one that died silently,
// and its client repeats requests at its own pace. A nil configuration is the system's.
func NewTransport(config *tls.Config, concurrent int) *http.Transport {
	return newTransport(config, concurrent, http.ProxyFromEnvironment)
}

func newTransport(config *tls.Config, concurrent int, proxy func(*http.Request) (*url.URL, error)) *http.Transport {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy: func(request *http.Request) (*url.URL, error) {
			address, err := proxy(request)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", errProxyAddress, err)
			}
			return address, nil
		},
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
			switch answer.StatusCode {
			case http.StatusOK:
				return nil
			case http.StatusProxyAuthRequired:
				return errProxyCredentials
			}
			return errProxyRefuses
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

// stages follows how far an attempt has come, so that a time-out can be told where it happened. Its methods are called by
// goroutines of the transport.
type stages struct {
	writes    atomic.Int64 // how often the request was written whole
	reached   atomic.Value // of Detail: what a time-out would mean now
	handshake atomic.Bool  // one has failed
}

// trace has the transport report to s.
func (s *stages) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart:     func(httptrace.DNSStartInfo) { s.reached.Store(DetailNameNotResolved) },
		ConnectStart: func(string, string) { s.reached.Store(DetailUnreachable) },
		ConnectDone: func(_, _ string, err error) {
			if err == nil { // unless it is that to a proxy, the next stage begins at once
				s.reached.Store(DetailProxyUnreachable)
			}
		},
		TLSHandshakeStart: func() { s.reached.Store(DetailHandshake) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if err != nil {
				s.handshake.Store(true)
			}
		},
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil { // else the service has not got it whole
				s.writes.Add(1)
				s.reached.Store(DetailNoAnswer)
			}
		},
	})
}

// failure classifies the error that an attempt ended with. The reason why the context ended
// says more than the error that this caused.
func (s *stages) failure(ctx context.Context, err error) *Error {
	if cause := context.Cause(ctx); cause != nil {
		if err = context.Canceled; errors.Is(cause, errAttemptTimeout) {
			err = cause
		}
	}
	failure := fromTransport(err)
	if failure.Code == CodeConnection && failure.Detail == "" {
		if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
			failure.Code = CodeTimeout // such as a TLS handshake's own
		} else if s.handshake.Load() {
			failure.Code, failure.Detail = CodeTLS, DetailTLSProtocol // crypto/tls has no type for it
		} else if s.writes.Load() > 0 {
			failure.Detail = DetailNotHTTP // net/http has no types for what it cannot read
		}
	}
	if failure.Code == CodeTimeout && failure.Detail == "" {
		failure.Detail, _ = s.reached.Load().(Detail)
	}
	return failure
}
