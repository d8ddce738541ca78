package exporter

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/config"
)

// serviceTransport is for the requests to the service. It trusts what the resource's tls says, or the system's CAs.
func serviceTransport(t config.TLS, concurrent int) (*rotating, error) {
	return newRotating([]string{t.CAFile, t.CertFile, t.KeyFile}, func(files [][]byte) (*http.Transport, error) {
		trusted := &tls.Config{ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify, MinVersion: tls.VersionTLS12} //nolint:gosec // as configured
		if t.CAFile != "" {
			trusted.RootCAs = x509.NewCertPool()
			if !trusted.RootCAs.AppendCertsFromPEM(files[0]) {
				return nil, errNoCertificate
			}
		}
		if t.CertFile != "" {
			own, err := tls.X509KeyPair(files[1], files[2])
			if err != nil {
				return nil, fmt.Errorf("client certificate: %w", err)
			}
			trusted.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil }
		}
		return faceclient.NewTransport(trusted, concurrent), nil
	})
}

// errNoCertificate says that the CA file has no certificate.
var errNoCertificate = errors.New("no certificate in the CA file")

// signInTransport is for the requests to Entra ID. It trusts the CA file as well as the system's CAs: where a proxy opens
// TLS, the file has the proxy's CA, and where the endpoint has a CA of its own, the sign-in still has a public one. The
// other settings of tls are only about the endpoint.
func signInTransport(t config.TLS) (*rotating, error) {
	return newRotating([]string{t.CAFile}, func(files [][]byte) (*http.Transport, error) {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if t.CAFile != "" && !roots.AppendCertsFromPEM(files[0]) {
			return nil, errNoCertificate
		}
		return faceclient.NewSignInTransport(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}), nil
	})
}

// rotating is a transport that is made anew when the files that it is made of change. While they cannot be read, or are
// half written, the last good transport stays in use.
type rotating struct {
	read  func() ([][]byte, error) // gives the content of all files
	build func(files [][]byte) (*http.Transport, error)

	mu        sync.Mutex // guards what follows; held while files are read
	files     [][]byte
	transport *http.Transport
}

// newRotating makes the transport of files, of which those without a name have no content.
func newRotating(paths []string, build func(files [][]byte) (*http.Transport, error)) (*rotating, error) {
	r := &rotating{build: build, read: func() ([][]byte, error) {
		files := make([][]byte, len(paths))
		for i, path := range paths {
			if path == "" {
				continue
			}
			var err error
			if files[i], err = config.ReadFile(path); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
		return files, nil
	}}
	var err error
	if r.files, err = r.read(); err != nil {
		return nil, err
	}
	r.transport, err = build(r.files)
	return r, err
}

// RoundTrip is part of http.RoundTripper.
func (r *rotating) RoundTrip(request *http.Request) (*http.Response, error) {
	return r.current().RoundTrip(request)
}

func (r *rotating) current() *http.Transport {
	r.mu.Lock()
	defer r.mu.Unlock()
	files, err := r.read()
	if err != nil || slices.EqualFunc(files, r.files, bytes.Equal) {
		return r.transport
	}
	if transport, err := r.build(files); err == nil {
		r.transport.CloseIdleConnections()
		r.transport, r.files = transport, files
	}
	return r.transport
}

// CloseIdleConnections is for faceclient, which calls it when the transport is no longer used.
func (r *rotating) CloseIdleConnections() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.transport.CloseIdleConnections()
}
