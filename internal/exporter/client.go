package exporter

import (
	"cmp"
	"errors"
	"log/slog"

	"github.com/prometheus/common/version"

	"face_liveness_exporter/faceclient"
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
		Limits:     r.API.Limits,
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
	options := faceclient.EntraOptions{
		Kind:     r.Entra.Credential,
		Cloud:    r.Entra.Cloud,
		TenantID: r.Entra.TenantID,
		ClientID: r.Entra.ClientID,
	}
	transport, err := signInTransport(r.TLS)
	if err != nil {
		return nil, err
	}
	options.Transport = transport
	if r.Entra.ClientSecretFile != "" {
		options.ClientSecret = secretFile(r.Entra.ClientSecretFile)
	}
	return faceclient.NewEntraCredential(options)
}

func secretFile(path string) faceclient.Secret {
	return func() (string, error) {
		secret, err := config.ReadSecretFile(path)
		if errors.Is(err, config.ErrEmpty) {
			err = faceclient.ErrSecretEmpty
		}
		return secret.Reveal(), err
	}
}

func userAgent() string {
	return Name + "/" + cmp.Or(version.Version, "unknown")
}
