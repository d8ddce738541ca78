package exporter

import (
	"cmp"
	"log/slog"
	"os"

	"github.com/prometheus/common/version"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/entra"
	"face_liveness_exporter/internal/config"
)

// clientOptions are the options of the client of a resource, without its observer.
func clientOptions(r config.Resource, logger *slog.Logger) (faceclient.Options, error) {
	credential, err := newCredential(r)
	if err != nil {
		return faceclient.Options{}, err
	}
	transport, err := serviceTransport(r.TLS, r.API.MaxConcurrentRequests)
	if err != nil {
		return faceclient.Options{}, err
	}
	return faceclient.Options{
		Endpoint:   r.Endpoint,
		APIVersion: r.API.Version,
		Credential: credential,
		Limits:     faceclient.Limits(r.API.Limits),
		UserAgent:  userAgent(),
		Transport:  transport,
		Logger:     logger.With("resource", r.Name),
	}, nil
}

func newCredential(r config.Resource) (faceclient.Credential, error) {
	if r.Entra == nil {
		if r.KeyFile != "" {
			return faceclient.NewKeyCredential(secretFile(r.KeyFile)), nil
		}
		return faceclient.NewKeyCredential(faceclient.StaticSecret(r.Key.Reveal())), nil
	}
	transport, err := signInTransport(r.TLS)
	if err != nil {
		return nil, err
	}
	options := entra.Options{
		Kind:      r.Entra.Credential,
		Cloud:     r.Entra.Cloud,
		TenantID:  r.Entra.TenantID,
		ClientID:  r.Entra.ClientID,
		Transport: transport,
	}
	switch options.Kind {
	case faceclient.EntraClientSecret:
		options.Secret = secretFile(r.Entra.ClientSecretFile)
	case faceclient.EntraClientCertificate:
		options.Secret = func() (string, error) {
			content, err := os.ReadFile(r.Entra.ClientCertificateFile)
			return string(content), err
		}
	}
	return entra.New(options)
}

func secretFile(path string) faceclient.Secret {
	return func() (string, error) {
		secret, err := config.ReadSecretFile(path)
		return secret.Reveal(), err
	}
}

func userAgent() string {
	return Name + "/" + cmp.Or(version.Version, "unknown")
}
