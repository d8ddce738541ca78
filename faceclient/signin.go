package faceclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"sync"
	"time"
)

const (
	// signInTimeout bounds getting a token, retries and all kinds of a chain included.
	signInTimeout = 10 * time.Second
	// maxSignInBody bounds an answer of a sign-in, and what a command writes. A token has a few KiB.
	maxSignInBody = 1 << 20
)

var (
	errSignInTimeout  = errors.New("the sign-in took too long")
	errSignInStatus   = errors.New("the sign-in answers with a status that has no token")
	errSignInPlain    = errors.New("the sign-in names an address without TLS")
	errSignInTooLarge = errors.New("the answer of the sign-in is too large")
)

// NewSignInTransport makes the transport of an [EntraCredential]. It is for the sign-in what [NewTransport] is for the
// service. Only the sign-in itself is https, so what is plain http goes to an identity endpoint of this machine, and never
// through a proxy. It keeps no connection: a token is fetched once an hour.
func NewSignInTransport(config *tls.Config) *http.Transport {
	transport := newTransport(config, 1, signInProxy(http.ProxyFromEnvironment))
	transport.DisableKeepAlives = true
	return transport
}

// signInProxy sends nothing but https through a proxy.
func signInProxy(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(request *http.Request) (*url.URL, error) {
		if request.URL.Scheme == "http" {
			return nil, nil //nolint:nilnil // how net/http is told that there is no proxy
		}
		return proxy(request)
	}
}

// signIn sends the requests that fetch a token. It reads every answer itself, so that all of it is within the time and
// the size that it allows, and remembers what went wrong: the libraries above it keep only texts.
type signIn struct {
	transport http.RoundTripper
	httpsOnly bool // no identity endpoint of this machine is asked, so that plain http would send a secret in clear text

	mu      sync.Mutex // guards what follows
	failure evidence
}

func newSignIn(options EntraOptions) *signIn {
	return &signIn{
		transport: options.Transport,
		httpsOnly: options.Kind == EntraClientSecret || options.Kind == EntraWorkloadIdentity,
	}
}

// evidence is what is known of a sign-in that failed.
type evidence struct {
	detail Detail // "" where an answer came that says no more than its status
	status int
	aadsts int
	imds   bool // it was the identity endpoint of this machine
}

// reset forgets what was remembered.
func (s *signIn) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = evidence{}
}

func (s *signIn) seen() evidence {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// remember keeps what was found last; a number of Entra ID says more than anything after it.
func (s *signIn) remember(found evidence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure.aadsts == 0 {
		s.failure = found
	}
}

var aadsts = regexp.MustCompile(`AADSTS(\d{4,9})`)

// RoundTrip is part of http.RoundTripper.
func (s *signIn) RoundTrip(request *http.Request) (*http.Response, error) {
	local := request.URL.Scheme == "http"
	if local && s.httpsOnly {
		s.remember(evidence{detail: DetailSignInFails})
		return nil, errSignInPlain
	}
	response, err := s.transport.RoundTrip(request)
	if err != nil {
		s.remember(evidence{detail: unreachable(request.Context(), err, local), imds: local})
		return nil, err
	}
	release := context.AfterFunc(request.Context(), func() { _ = response.Body.Close() })
	defer func() {
		release()
		_ = response.Body.Close() // it was read, or will not be
	}()
	found := evidence{status: response.StatusCode, imds: local}
	switch {
	case response.StatusCode < 200:
		err = errSignInStatus
	case response.StatusCode >= 300 && response.StatusCode < 400:
		found.detail, err = DetailSignInRedirect, errSignInStatus
	}
	if err != nil {
		s.remember(found)
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxSignInBody+1))
	switch {
	case err != nil:
		found.detail = unreachable(request.Context(), err, local)
	case len(body) > maxSignInBody:
		err = errSignInTooLarge
	}
	if err != nil {
		s.remember(found)
		return nil, err
	}
	if response.StatusCode >= 400 {
		if match := aadsts.FindSubmatch(body); match != nil {
			found.aadsts, _ = strconv.Atoi(string(match[1])) // at most nine digits
			found.detail = DetailSignInRefused
		}
		s.remember(found)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.ContentLength = int64(len(body))
	return response, nil
}

// unreachable tells what an error of the transport means for a sign-in. A context that has ended means that it took too long.
func unreachable(ctx context.Context, err error, local bool) Detail {
	if local {
		return DetailIMDSUnreachable
	}
	if code, _ := transportDetail(err); code == CodeTLS {
		return DetailSignInTLS
	}
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() || ctx.Err() != nil {
		return DetailSignInTimeout
	}
	return DetailSignInUnreachable
}
