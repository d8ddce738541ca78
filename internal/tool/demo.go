package tool

import (
	"context"
	"fmt"
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

// demoCostInterval is the refresh interval that the demo shows the cost of. It costs nothing itself.
func demoCostInterval() time.Duration { return config.Default().Refresh.Interval }

// startDemo begins a Face resource that exists only in this process and is asked over loopback like a real one, with the
// traffic of a customer and a history of 48 hours. The origin is what a user would write to show it; stop ends it.
func startDemo(ctx context.Context) (o origin, stop func(), err error) {
	listener, err := new(net.ListenConfig).Listen(context.WithoutCancel(ctx), "tcp", "127.0.0.1:0")
	if err != nil {
		return origin{}, nil, err
	}
	service := facesim.New(facesim.Options{Latency: 60 * time.Millisecond, DateLag: 1400 * time.Millisecond, Throttled: 100})
	service.Simulate(facesim.TrafficOptions{
		Seed: uint64(time.Now().UnixNano()), Location: midMorning(time.Now()), HammersPerDay: 0.5,
	})
	server := &http.Server{Handler: service, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // until stop

	cfg := config.Default()
	cfg.Refresh.Interval = demoInterval
	api := config.DefaultAPI()
	api.MaxRequestsPerSecond = 10 // what the standard tier allows
	cfg.Resources = []config.Resource{{
		Name: "demo", Endpoint: "http://" + listener.Addr().String(), Operations: faceclient.Operations(),
		Key: config.Secret(service.Key()), API: api, Outcomes: config.Outcomes{Samples: 20},
	}}
	o.read = func() (*config.Config, config.Problems, error) { return &cfg, nil, nil }
	o.note = fmt.Sprintf("the demo refreshes every %s and costs nothing; costs are those of a real resource that is refreshed every %s",
		demoInterval, demoCostInterval())
	stop = func() { _ = server.Close() } // its listener is of no more use, whatever it says
	return o, stop, nil
}

// midMorning is a place where it is ten o'clock, so that a demo shows a busy service whenever it is started.
func midMorning(now time.Time) *time.Location {
	sinceMidnight := now.UTC().Sub(now.UTC().Truncate(24 * time.Hour))
	return time.FixedZone("demo", int((10*time.Hour - sinceMidnight).Seconds()))
}

// keepFresh refreshes the targets at once and then at every interval, as a Prometheus would by its scrapes.
func keepFresh(ctx context.Context, interval time.Duration, targets []*collector.Target) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		collector.EnsureFresh(ctx, targets...)
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}
