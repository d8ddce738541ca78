package exporter

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"

	promconfig "github.com/prometheus/common/config"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/entra"
	"face_liveness_exporter/internal/config"
)

// serviceTransport is for the requests to the service. The CA file replaces the system's CAs. Files that change are used by the
// next request.
func serviceTransport(t config.TLS, concurrent int) (http.RoundTripper, error) {
	trusted, err := promconfig.NewTLSConfig(&promconfig.TLSConfig{
		CAFile: t.CAFile, CertFile: t.CertFile, KeyFile: t.KeyFile, ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify,
	})
	if err != nil {
		return nil, err
	}
	files := promconfig.TLSRoundTripperSettings{CA: newPEMFile(t.CAFile), Cert: newPEMFile(t.CertFile), Key: newPEMFile(t.KeyFile)}
	return promconfig.NewTLSRoundTripper(trusted, files, func(trusted *tls.Config) (http.RoundTripper, error) {
		return faceclient.Renewing(faceclient.NewTransport(trusted, concurrent)), nil
	})
}

// signInTransport is for the requests to Entra ID. It trusts the CA file beside the system's CAs: if a proxy opens TLS, the file has
// the proxy's CA, and if the endpoint has a CA of its own, the sign-in still has a public one. The other settings of tls are only
// about the endpoint.
func signInTransport(t config.TLS) (http.RoundTripper, error) {
	file := newPEMFile(t.CAFile)
	return promconfig.NewTLSRoundTripper(&tls.Config{MinVersion: tls.VersionTLS12}, promconfig.TLSRoundTripperSettings{CA: file}, func(*tls.Config) (http.RoundTripper, error) {
		if file == nil {
			return entra.NewTransport(nil), nil
		}
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		content, err := file.Fetch(context.Background())
		if err != nil {
			return nil, err
		}
		roots.AppendCertsFromPEM([]byte(content))
		return entra.NewTransport(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}), nil
	})
}

// pemFile is a file of certificates, or of a private key. If it is of no use, the error says that such a file is why a request fails.
type pemFile struct{ promconfig.SecretReader }

// Fetch reads the file.
func (f pemFile) Fetch(ctx context.Context) (string, error) {
	content, err := f.SecretReader.Fetch(ctx)
	if block, _ := pem.Decode([]byte(content)); err == nil && block == nil {
		err = errors.New("no PEM")
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", faceclient.ErrTLSFiles, err)
	}
	return content, nil
}

// newPEMFile makes a reader of a file; nil without a path.
func newPEMFile(path string) promconfig.SecretReader {
	if path == "" {
		return nil
	}
	return pemFile{promconfig.NewFileSecret(path)}
}
