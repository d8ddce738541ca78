package faceclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Options describe one Face resource and how it may be asked. Every field without a default must be set.
type Options struct {
	// Endpoint is the resource's base address, such as https://contoso.cognitiveservices.azure.com.
	Endpoint string
	// APIVersion is one of APIVersions.
	APIVersion string
	// Credential authenticates the requests.
	Credential Credential
	Limits
	// UserAgent names the program to the service.
	UserAgent string
	// Transport sends the attempts; nil makes one by [NewTransport] and [Renewing]. It belongs to the client, which closes its
	// idle connections when it is given other options, and when the host may have moved to another address.
	Transport http.RoundTripper
	// Observer is told of every attempt; nil observes nothing.
	Observer Observer
	// Logger takes one debug line for each attempt; nil logs nothing.
	Logger *slog.Logger
}

// settings are the current options. They are immutable: Apply replaces them.
type settings struct {
	Options
	address string // of the API: the endpoint with the version behind it
	host    string // the only part of an address that is ever logged
}

// closeIdle closes the kept connections.
func (s *settings) closeIdle() { (&http.Client{Transport: s.Transport}).CloseIdleConnections() }

// Check refuses options that a client cannot work with. The error names the option.
func (o *Options) Check() error {
	_, err := newSettings(*o)
	return err
}

func newSettings(options Options) (*settings, error) {
	base, err := url.Parse(options.Endpoint)
	switch {
	case err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http"):
		return nil, errors.New("endpoint is no http or https address")
	case !slices.Contains(APIVersions(), options.APIVersion):
		return nil, fmt.Errorf("API version %q has no list of sessions: use one of %s", options.APIVersion, strings.Join(APIVersions(), ", "))
	case options.Credential == nil:
		return nil, errors.New("no credential")
	}
	if err := options.check(); err != nil {
		return nil, err
	}
	base = base.JoinPath("face", options.APIVersion)
	base.RawQuery, base.ForceQuery, base.Fragment = "", false, ""
	s := &settings{Options: options, address: base.String(), host: base.Host}
	if s.Observer == nil {
		s.Observer = noObserver{}
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	if s.Transport == nil {
		s.Transport = Renewing(NewTransport(nil, options.MaxConcurrentRequests))
	}
	return s, nil
}

// Client sends requests to one Face resource. It is safe for use by many goroutines. They share its rate limit, and all wait
// while the service asks to wait.
type Client struct {
	settings atomic.Pointer[settings]
	pace     *pace
}

// New makes a client. It sends nothing. The error names the option that is wrong.
func New(options Options) (*Client, error) {
	s, err := newSettings(options)
	if err != nil {
		return nil, err
	}
	c := &Client{pace: newPace(options.MaxRequestsPerSecond, options.MaxConcurrentRequests)}
	c.settings.Store(s)
	return c, nil
}

// Apply replaces the options. Requests under way keep theirs, but a new rate holds for all requests at once. A Retry-After
// stays in force, and a rate that was lowered after a 429 stays as much lower. An error names the option that is wrong; then
// nothing has changed.
func (c *Client) Apply(options Options) error {
	s, err := newSettings(options)
	if err != nil {
		return err
	}
	c.pace.setLimits(options.MaxRequestsPerSecond, options.MaxConcurrentRequests)
	c.settings.Swap(s).closeIdle()
	return nil
}

// CredentialChanged reports whether the secret of the credential has changed since the last request.
func (c *Client) CredentialChanged() bool { return c.settings.Load().Credential.Changed() }

// Close closes the idle connections.
func (c *Client) Close() { c.settings.Load().closeIdle() }

// PageQuery asks for a page of a list.
type PageQuery struct {
	Operation Operation
	// Start lists the ids that are greater than it in byte order, at most 64 characters. "" begins the list: then the
	// request has no start.
	Start string
	// Top is how many sessions to ask for, 1 to 1000.
	Top int
	// MaxAttempts bounds the attempts, retries included; 0 is no bound.
	MaxAttempts int
}

// ErrNoAttempts says that MaxAttempts of a query was used up before an answer came.
var ErrNoAttempts = errors.New("no attempt is left")

// Page asks for a page and reads it into into, which must not be in use elsewhere. It returns how many attempts were made,
// also with an error. The error is an *Error. It wraps [ErrNoAttempts] as well if MaxAttempts is used up.
func (c *Client) Page(ctx context.Context, query PageQuery, into *Page) (attempts int, err error) {
	parameters := url.Values{"top": {strconv.Itoa(query.Top)}}
	if query.Start != "" {
		parameters.Set("start", query.Start)
	}
	return c.do(ctx, call{
		operation:   query.Operation,
		below:       "?" + parameters.Encode(),
		maxAttempts: query.MaxAttempts,
		body:        &into.body,
		limit:       64<<10 + query.Top*4<<10, // about ten times what the service was seen to send
		decode: func(date time.Time, roundTrip time.Duration) error {
			into.Date, into.RoundTrip = date, roundTrip
			return into.decode()
		},
	})
}

// RefusesStart reports whether a request that had a start may have failed because of it (400 or 404).
func RefusesStart(err error) bool {
	failure, ok := errors.AsType[*Error](err)
	return ok && (failure.Status == http.StatusBadRequest || failure.Status == http.StatusNotFound) &&
		failure.Detail != DetailCustomSubdomain && failure.Detail != DetailAPIVersionNotOffered // which are something else
}
