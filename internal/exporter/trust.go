package exporter

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"sync"

	commonconfig "github.com/prometheus/common/config"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/config"
)

// serviceTransport is for the requests to the service. It trusts what the resource's tls says, or the system's CAs.
func serviceTransport(t config.TLS, concurrent int) (*rotating, error) {
	return newRotating([]string{t.CAFile, t.CertFile, t.KeyFile}, func() (*http.Transport, error) {
		trusted, err := commonconfig.NewTLSConfig(&commonconfig.TLSConfig{
			CAFile: t.CAFile, CertFile: t.CertFile, KeyFile: t.KeyFile,
			ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify,
		})
		if err != nil {
			return nil, err
		}
		return faceclient.NewTransport(trusted, concurrent), nil
	})
}

// signInTransport is for the requests to Entra ID. It trusts the CA file as well as the system's CAs: where a proxy opens
// TLS, the file has the proxy's CA, and where the endpoint has a CA of its own, the sign-in still has a public one. The
// other settings of tls are about the endpoint alone.
func signInTransport(t config.TLS) (*rotating, error) {
	return newRotating([]string{t.CAFile}, func() (*http.Transport, error) {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if t.CAFile != "" {
			content, err := config.ReadPEMFile(t.CAFile)
			if err != nil {
				return nil, err
			}
			if !roots.AppendCertsFromPEM(content) {
				return nil, errors.New("no certificate in the CA file")
			}
		}
		return faceclient.NewSignInTransport(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}), nil
	})
}

// rotating is a transport that is made anew when the files that it is made of change. While they cannot be read, or are
// half written, it goes on with what it has.
type rotating struct {
	files []string
	build func() (*http.Transport, error)

	mu        sync.Mutex // guards what follows; held while small files are read
	content   []byte     // of the files
	transport *http.Transport
}

func newRotating(files []string, build func() (*http.Transport, error)) (*rotating, error) {
	transport, err := build()
	if err != nil {
		return nil, err
	}
	r := &rotating{files: files, build: build, transport: transport}
	r.content, _ = r.read()
	return r, nil
}

// read gives the content of all files, and false where one of them cannot be read.
func (r *rotating) read() ([]byte, bool) {
	var all []byte
	for _, path := range r.files {
		if path == "" {
			continue
		}
		content, err := config.ReadPEMFile(path)
		if err != nil {
			return nil, false
		}
		all = append(append(all, content...), 0)
	}
	return all, true
}

// RoundTrip is part of http.RoundTripper.
func (r *rotating) RoundTrip(request *http.Request) (*http.Response, error) {
	return r.current().RoundTrip(request)
}

func (r *rotating) current() *http.Transport {
	r.mu.Lock()
	defer r.mu.Unlock()
	content, readable := r.read()
	if !readable || bytes.Equal(content, r.content) {
		return r.transport
	}
	if transport, err := r.build(); err == nil {
		r.transport.CloseIdleConnections()
		r.transport, r.content = transport, content
	}
	return r.transport
}

// CloseIdleConnections is for faceclient, which calls it when the transport is no longer used.
func (r *rotating) CloseIdleConnections() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.transport.CloseIdleConnections()
}
