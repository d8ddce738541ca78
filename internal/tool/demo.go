package tool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/internal/config"
)

// demoInterval is how often the demo refreshes by itself, so that something moves without a Prometheus.
const demoInterval = 5 * time.Second

// demo is a Face resource that exists only in this process and is asked over loopback like a real one.
type demo struct {
	service *facesim.Server
	server  *http.Server
	address string
	ended   chan struct{}
}

// startDemo begins the simulated service, with the traffic of a customer and a history of 48 hours.
func startDemo(ctx context.Context, logger *slog.Logger) (*demo, error) {
	var listen net.ListenConfig
	listener, err := listen.Listen(context.WithoutCancel(ctx), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	service := facesim.New(facesim.Options{Latency: 60 * time.Millisecond, DateLag: 1400 * time.Millisecond})
	facesim.NewTraffic(service, facesim.TrafficOptions{
		Seed: uint64(time.Now().UnixNano()), Location: midMorning(time.Now()), HammeringDays: 0.5,
	})
	d := &demo{
		service: service,
		server:  &http.Server{Handler: service, ReadHeaderTimeout: time.Minute},
		address: "http://" + listener.Addr().String(),
		ended:   make(chan struct{}),
	}
	go func() {
		defer close(d.ended)
		if err := d.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.ErrorContext(ctx, "the simulated service ended", "error", err)
		}
	}()
	return d, nil
}

// midMorning is a place where it is ten o'clock, so that a demo shows a busy service whenever it is started.
func midMorning(now time.Time) *time.Location {
	sinceMidnight := now.UTC().Sub(now.UTC().Truncate(24 * time.Hour))
	return time.FixedZone("demo", int((10*time.Hour - sinceMidnight).Seconds()))
}

// load returns what a user would write to show the simulated resource.
func (d *demo) load() (*config.Config, config.Problems, error) {
	shown := config.Default()
	shown.Refresh.Interval = demoInterval
	api := config.DefaultAPI()
	api.MaxRequestsPerSecond = 10 // what the standard tier allows
	shown.Resources = []config.Resource{{
		Name:       "demo",
		Endpoint:   d.address,
		Operations: faceclient.Operations(),
		Key:        config.Secret(d.service.Key()),
		API:        api,
		Outcomes:   config.Outcomes{Samples: 20},
	}}
	return &shown, nil, nil
}

func (d *demo) reload() (*config.Config, config.Problems, error) { return nil, nil, errNoFile }

func (d *demo) note(*config.Config) string {
	return fmt.Sprintf("the demo refreshes every %s and costs nothing; costs are those of a real resource that is refreshed every %s",
		demoInterval, costRefresh(config.Refresh{}, true).Interval)
}

// stop ends the service and every answer that it is in the middle of.
func (d *demo) stop() {
	d.service.Close()
	_ = d.server.Close() // its listener is of no more use, whatever it says
	<-d.ended
}

// keepFresh refreshes the targets at once and then at every interval, as a Prometheus would by its scrapes.
func keepFresh(ctx context.Context, interval time.Duration, targets []*collector.Target) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		collector.EnsureFresh(ctx, targets...)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
