package exporter

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/version"
	"golang.org/x/sync/errgroup"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/config"
)

// maxStartJitter bounds how far the first refreshes are spread.
const maxStartJitter = 2 * time.Second

// fleet is all resources of a configuration.
type fleet struct {
	onStart   bool
	simulated bool // a demo
	resources []*resource
	targets   []*collector.Target // of all resources
}

// resource is one Face resource with all that belongs to it.
type resource struct {
	client   *faceclient.Client
	registry *prometheus.Registry
}

// newFleet builds every resource. It asks nobody for anything. The error names the resource.
func newFleet(cfg *config.Config, simulated bool, logger *slog.Logger) (*fleet, error) {
	built := &fleet{onStart: cfg.Refresh.OnStart, simulated: simulated}
	slots := make(chan struct{}, cfg.Refresh.MaxConcurrent)
	for _, r := range cfg.Resources {
		if err := built.add(cfg, r, slots, logger); err != nil {
			return nil, fmt.Errorf("resource %q: %w", r.Name, err)
		}
	}
	return built, nil
}

func (f *fleet) add(cfg *config.Config, r config.Resource, slots chan struct{}, logger *slog.Logger) error {
	operations := make([]faceclient.Operation, len(r.Operations))
	for i, operation := range r.Operations {
		operations[i] = faceclient.Operation(operation)
	}
	api := collector.NewAPIMetrics(r.Name, operations, r.API.MonthlyRequestBudget)
	client, err := newClient(r, api, logger)
	if err != nil {
		return err
	}
	budget := collector.NewBudget(r.API.MonthlyRequestBudget, cfg.Refresh.Interval, operations)
	targets := make([]*collector.Target, len(operations))
	for i, operation := range operations {
		targets[i] = collector.NewTarget(collector.TargetOptions{
			Resource:  r.Name,
			Operation: operation,
			Source:    client.Lister(operation),
			Interval:  cfg.Refresh.Interval,
			Timeout:   cfg.Refresh.Timeout,
			MaxStale:  cfg.Refresh.MaxStale,
			Budget:    budget,
			Devices: collector.DeviceOptions{
				Top: cfg.Devices.Top, Label: collector.DeviceLabel(cfg.Devices.Label), HashKey: []byte(cfg.Devices.HashKey.Reveal()),
			},
			Simulated: f.simulated,
			Slots:     slots,
			Logger:    logger.With("host", client.Host()),
		})
	}
	registry := prometheus.NewRegistry()
	info := collector.ResourceInfo{Name: r.Name, Endpoint: r.Endpoint, APIVersion: r.API.Version}
	if err := registry.Register(collector.New(info, api, targets...)); err != nil {
		return err
	}
	f.resources = append(f.resources, &resource{client: client, registry: registry})
	f.targets = append(f.targets, targets...)
	return nil
}

// newClient makes the client of a resource.
func newClient(r config.Resource, observer faceclient.Observer, logger *slog.Logger) (*faceclient.Client, error) {
	credential, err := newCredential(r)
	if err != nil {
		return nil, err
	}
	tlsConfig, err := newTLSConfig(r.TLS)
	if err != nil {
		return nil, err
	}
	return faceclient.New(faceclient.Options{
		Endpoint:              r.Endpoint,
		APIVersion:            r.API.Version,
		Credential:            credential,
		PageSize:              r.API.PageSize,
		MaxPages:              r.API.MaxPages,
		MaxRequestsPerSecond:  r.API.MaxRequestsPerSecond,
		MaxConcurrentRequests: r.API.MaxConcurrentRequests,
		RequestTimeout:        r.API.RequestTimeout,
		MaxRetries:            r.API.MaxRetries,
		MaxRetryWait:          r.API.MaxRetryWait,
		UserAgent:             userAgent(),
		TLS:                   tlsConfig,
		Observer:              observer,
		Logger:                logger.With("resource", r.Name),
	})
}

func newCredential(r config.Resource) (faceclient.Credential, error) {
	if r.Entra == nil {
		if r.KeyFile != "" {
			return faceclient.NewKeyCredential(secretFile(r.KeyFile)), nil
		}
		return faceclient.NewKeyCredential(faceclient.StaticSecret(r.Key.Reveal())), nil
	}
	options := faceclient.EntraOptions{
		Kind:     faceclient.EntraKind(r.Entra.Credential),
		Cloud:    faceclient.Cloud(r.Entra.Cloud),
		TenantID: r.Entra.TenantID,
		ClientID: r.Entra.ClientID,
	}
	if r.Entra.ClientSecretFile != "" {
		options.ClientSecret = secretFile(r.Entra.ClientSecretFile)
	}
	return faceclient.NewEntraCredential(options)
}

func secretFile(path string) faceclient.Secret {
	return func() (string, error) {
		secret, err := config.ReadSecretFile(path)
		return secret.Reveal(), err
	}
}

func newTLSConfig(t config.TLS) (*tls.Config, error) {
	return commonconfig.NewTLSConfig(&commonconfig.TLSConfig{
		CAFile: t.CAFile, CertFile: t.CertFile, KeyFile: t.KeyFile,
		ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify,
	})
}

func userAgent() string {
	if version.Version == "" {
		return programName + "/unknown"
	}
	return programName + "/" + version.Version
}

// run refreshes until ctx ends: once at start where that is asked for, and then whenever a scrape finds it due.
func (f *fleet) run(ctx context.Context) error {
	var group errgroup.Group
	jitter := min(maxStartJitter, time.Duration(len(f.targets)-1)*50*time.Millisecond)
	for _, target := range f.targets {
		group.Go(func() error {
			target.Run(ctx)
			return nil
		})
		if !f.onStart {
			continue
		}
		group.Go(func() error {
			select {
			case <-time.After(rand.N(jitter + 1)):
				collector.Prepare(ctx, target)
			case <-ctx.Done():
			}
			return nil
		})
	}
	return group.Wait()
}

// ready tells whether the first refresh of every target has ended.
func (f *fleet) ready() bool {
	for _, target := range f.targets {
		if target.Health().Refreshes == 0 {
			return false
		}
	}
	return true
}

func (f *fleet) gatherers() prometheus.Gatherers {
	gatherers := make(prometheus.Gatherers, len(f.resources))
	for i, resource := range f.resources {
		gatherers[i] = resource.registry
	}
	return gatherers
}

func (f *fleet) close() {
	for _, resource := range f.resources {
		resource.client.Close()
	}
}
