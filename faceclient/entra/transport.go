package entra

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/netip"
	"net/url"

	"face_liveness_exporter/faceclient"
)

// NewTransport makes the transport of a sign-in. It is like that of the service, but sends only https through a proxy: plain http
// goes to an identity endpoint of this machine. It keeps no connection, because a sign-in is an hour after the one before.
func NewTransport(config *tls.Config) *http.Transport {
	transport := faceclient.NewTransport(config, 1)
	transport.DisableKeepAlives = true
	proxy := transport.Proxy
	transport.Proxy = func(request *http.Request) (*url.URL, error) {
		if request.URL.Scheme == "http" {
			return nil, nil //nolint:nilnil // how net/http is told that there is no proxy
		}
		return proxy(request)
	}
	return transport
}

// maxAnswer bounds an answer of a sign-in, in bytes. A token has a few KiB.
const maxAnswer = 1 << 20

// sender sends the requests of one sign-in, and follows no redirect. azidentity's errors do not hold the cause of a failure, so it
// keeps what the last request met.
type sender struct {
	transport http.RoundTripper
	last      answer
}

// answer is what a request met.
type answer struct {
	asked  bool  // there was a request
	local  bool  // it went to an identity endpoint of this machine
	status int   // 0 without an answer
	err    error // why there is no answer
}

// Do sends a request. Without TLS it stays on this machine.
func (s *sender) Do(request *http.Request) (*http.Response, error) {
	host := request.URL.Hostname()
	address, _ := netip.ParseAddr(host)
	s.last = answer{asked: true, local: address.IsLinkLocalUnicast() || address.IsLoopback() || host == "localhost"}
	if request.URL.Scheme != "https" && !s.last.local {
		return nil, errors.New("an address without TLS")
	}
	response, err := s.transport.RoundTrip(request)
	if err != nil {
		s.last.err = err
		return nil, err
	}
	s.last.status = response.StatusCode
	response.Body = http.MaxBytesReader(nil, response.Body, maxAnswer)
	return response, nil
}
