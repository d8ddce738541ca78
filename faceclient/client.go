package faceclient

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options describe one Face resource and how it may be asked. Every field without a default must be set.
type Options struct {
	// Endpoint is the resource's base address, such as https://contoso.cognitiveservices.azure.com.
	Endpoint string
	// APIVersion is one of APIVersions.
	APIVersion string
	// Credential proves who asks.
	Credential Credential
	// PageSize is the number of sessions to ask for at once, 1 to 1000.
	PageSize int
	// MaxPages is the number of answers that a walk may take, 1 or more.
	MaxPages int
	// MaxRequestsPerSecond bounds the rate of attempts, above 0.
	MaxRequestsPerSecond float64
	// MaxConcurrentRequests bounds the attempts in flight, 1 or more.
	MaxConcurrentRequests int
	// RequestTimeout bounds one attempt from sending to the body's end; waits before it do not count.
	RequestTimeout time.Duration
	// MaxRetries is how often a request is tried again after its first attempt, 0 or more. A failure after which other
	// pages of the walk came is not counted, up to three times as many; one for the rate limit never, where the resource gave any.
	MaxRetries int
	// MaxRetryWait bounds every wait before a retry, those that the service asks for included.
	MaxRetryWait time.Duration
	// UserAgent names the program to the service.
	UserAgent string
	// TLS is the TLS configuration towards the service; nil is the system's.
	TLS *tls.Config
	// Transport sends the attempts; nil makes one that obeys HTTPS_PROXY and NO_PROXY.
	Transport http.RoundTripper
	// Observer is told of every attempt; nil observes nothing.
	Observer Observer
	// Logger takes one debug line an attempt; nil logs nothing.
	Logger *slog.Logger
}

// Attempt is one request that was sent, a retry included.
type Attempt struct {
	Operation Operation
	// Status is the HTTP status, 0 where none came.
	Status int
	// ErrorCode is what went wrong (see [Error.Code]), "" where nothing did.
	ErrorCode string
	// Duration is from sending to the body's end.
	Duration time.Duration
	// Billed is what the service says it bills for it, in transactions.
	Billed float64
}

// Observer counts what the client does. Its methods are called by many goroutines at a time.
type Observer interface {
	// ObserveAttempt is called after each attempt.
	ObserveAttempt(Attempt)
	// ObserveRetry is called with each attempt that is not a request's first.
	ObserveRetry(Operation)
	// ObserveThrottle is called with the time that an attempt waited for gate and limiter.
	ObserveThrottle(Operation, time.Duration)
	// ObserveError is called with what failed a walk without being the failure of an attempt.
	ObserveError(Operation, string)
}

type noObserver struct{}

func (noObserver) ObserveAttempt(Attempt)                   {}
func (noObserver) ObserveRetry(Operation)                   {}
func (noObserver) ObserveThrottle(Operation, time.Duration) {}
func (noObserver) ObserveError(Operation, string)           {}

// Client asks one Face resource. It is safe for use by many goroutines.
type Client struct {
	options Options
	base    *url.URL
	pace    *pace
	// answered counts the pages that came, so that a request refused for its rate can tell whether others get through.
	answered atomic.Int64
	pages    sync.Pool
	ownIdle  func()
}

// New makes a client. It sends nothing. The error names the option that is wrong.
func New(options Options) (*Client, error) {
	base, err := url.Parse(options.Endpoint)
	switch {
	case err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http"):
		return nil, errors.New("endpoint is no http or https address")
	case !slices.Contains(APIVersions(), options.APIVersion):
		return nil, fmt.Errorf("API version %q has no list of sessions: use one of %s", options.APIVersion, strings.Join(APIVersions(), ", "))
	case options.Credential == nil:
		return nil, errors.New("no credential")
	case options.PageSize < 1 || options.PageSize > 1000:
		return nil, errors.New("page size is not 1 to 1000")
	case options.MaxPages < 1 || options.MaxRequestsPerSecond <= 0 || options.MaxConcurrentRequests < 1:
		return nil, errors.New("max pages, requests per second and concurrent requests must be above 0")
	case options.RequestTimeout <= 0 || options.MaxRetries < 0 || options.MaxRetryWait < 0:
		return nil, errors.New("request time-out must be above 0, retries and their wait not below")
	}
	if options.Observer == nil {
		options.Observer = noObserver{}
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	client := &Client{
		options: options,
		base:    base,
		pace:    newPace(options.MaxRequestsPerSecond, options.MaxConcurrentRequests),
		pages:   sync.Pool{New: func() any { return new(page) }},
		ownIdle: func() {},
	}
	if options.Transport == nil {
		transport := newTransport(options.TLS, options.MaxConcurrentRequests)
		client.options.Transport = transport
		client.ownIdle = transport.CloseIdleConnections
	}
	return client, nil
}

// Inherit goes on at the pace of another client of the same resource: it waits for as long as the service has asked that one
// to, and is as much slower than it may be. It must be called before the client is used.
func (c *Client) Inherit(from *Client) { c.pace.inherit(from.pace) }

// Host is the endpoint's host, the only part of an address that is ever logged.
func (c *Client) Host() string { return c.base.Host }

// Fingerprint changes when the credential's secret does.
func (c *Client) Fingerprint() string { return c.options.Credential.Fingerprint() }

// page gets room for one answer; it goes back to pages.
func (c *Client) page() *page { return c.pages.Get().(*page) }

// Close drops the connections that are not in use.
func (c *Client) Close() { c.ownIdle() }

// newTransport is Go's own with bounds that suit a service that is asked now and then by a few workers.
func newTransport(config *tls.Config, concurrent int) *http.Transport {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    concurrent,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}
