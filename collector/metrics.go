package collector

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// namespace is the prefix of every metric.
const namespace = "face_liveness"

// cached is what the HELP of every population metric ends with.
const cached = " From the last complete walk over the list, which is kept between scrapes: see face_liveness_snapshot_timestamp_seconds."

// descriptions are of the metrics that come from snapshots and health.
type descriptions struct {
	sessions, active, expired, started, abandoned *prometheus.Desc
	ttl, remainingTTL, startDelay                 *prometheus.Desc
	devices, deviceSessions, deviceSessionsOther  *prometheus.Desc
	withoutDevice, sessionsPerDevice              *prometheus.Desc
	creations, starts, expirations, abandonments  *prometheus.Desc
	flowWindow                                    *prometheus.Desc
	up, timestamp, pages, coverage                *prometheus.Desc
	interval, duration, refreshes, failures       *prometheus.Desc
	info                                          *prometheus.Desc
}

func newDescriptions() *descriptions {
	target := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, append([]string{"resource", "operation"}, more...), nil)
	}
	population := func(name, help string, more ...string) *prometheus.Desc { return target(name, help+cached, more...) }
	const window = " Divide its increase by that of face_liveness_flow_window_seconds_total."
	return &descriptions{
		sessions:            population("sessions", "Liveness sessions that the service lists: those created in the last 48 hours and not deleted."),
		active:              population("sessions_active", "Listed sessions whose TTL is running, perhaps already finished."),
		expired:             population("sessions_expired", "Listed sessions whose TTL is over, used or not."),
		started:             population("sessions_started", "Listed sessions whose check the client began."),
		abandoned:           population("sessions_abandoned", "Listed sessions that expired without having been started."),
		ttl:                 population("session_ttl_seconds", "TTL that the listed sessions were created with."),
		remainingTTL:        population("session_remaining_ttl_seconds", "Time that the TTL of the active sessions goes on from the walk."),
		startDelay:          population("session_start_delay_seconds", "Time from the creation of the started sessions to their start."),
		devices:             population("devices", "Distinct devices (deviceCorrelationId) of the listed sessions."),
		deviceSessions:      population("device_sessions", "Listed sessions of a device, for the devices that have most.", "device_correlation_id"),
		deviceSessionsOther: population("device_sessions_other", "Listed sessions of all devices that are not shown one by one."),
		withoutDevice:       population("sessions_without_device", "Listed sessions that name no device."),
		sessionsPerDevice:   population("sessions_per_device", "Listed sessions of each device: one observation a device."),

		creations:    target("session_creations_total", "Sessions that were created since the exporter started and still listed at the next walk."+window),
		starts:       target("session_starts_total", "Sessions whose check was begun since the exporter started."+window),
		expirations:  target("session_expirations_total", "Sessions whose TTL ended since the exporter started."+window),
		abandonments: target("session_abandonments_total", "Sessions whose TTL ended since the exporter started and that were never begun."+window),
		flowWindow:   target("flow_window_seconds_total", "Time whose creations, starts, expirations and abandonments have been counted: what to divide their increase by."),

		up:        target("up", "Whether the last finished refresh succeeded; 0 before the first."),
		timestamp: target("snapshot_timestamp_seconds", "When the last complete walk over the list began, in Unix time."),
		pages:     target("snapshot_pages", "Answers of the service that the last complete walk took."),
		coverage:  target("snapshot_coverage_ratio", "Share of the key space that the last complete walk covered: 1 counts every session, less is an estimate from that share."),
		interval:  target("refresh_interval_seconds", "Age from which on a scrape renews the snapshot, as it is in force."),
		duration:  target("refresh_duration_seconds", "Time that the last finished refresh took."),
		refreshes: target("refreshes_total", "Refreshes that have finished, well or not."),
		failures:  target("refresh_failures_total", "Refreshes that have failed."),
		info: prometheus.NewDesc(namespace+"_resource_info", "The Face resource that the metrics with this resource label are about; always 1.",
			[]string{"resource", "service_endpoint", "api_version"}, nil),
	}
}

// each calls f with every description.
func (d *descriptions) each(f func(*prometheus.Desc)) {
	for _, desc := range []*prometheus.Desc{
		d.sessions, d.active, d.expired, d.started, d.abandoned, d.ttl, d.remainingTTL, d.startDelay,
		d.devices, d.deviceSessions, d.deviceSessionsOther, d.withoutDevice, d.sessionsPerDevice,
		d.creations, d.starts, d.expirations, d.abandonments, d.flowWindow,
		d.up, d.timestamp, d.pages, d.coverage, d.interval, d.duration, d.refreshes, d.failures, d.info,
	} {
		f(desc)
	}
}

// emitter sends the metrics of one target.
type emitter struct {
	*descriptions
	out                 chan<- prometheus.Metric
	resource, operation string
}

func (e emitter) gauge(desc *prometheus.Desc, value float64, more ...string) {
	e.send(desc, prometheus.GaugeValue, value, more)
}

func (e emitter) counter(desc *prometheus.Desc, value float64) {
	e.send(desc, prometheus.CounterValue, value, nil)
}

func (e emitter) send(desc *prometheus.Desc, kind prometheus.ValueType, value float64, more []string) {
	e.out <- prometheus.MustNewConstMetric(desc, kind, value, append([]string{e.resource, e.operation}, more...)...)
}

func (e emitter) histogram(desc *prometheus.Desc, h *Histogram, coverage float64) {
	e.out <- histogramMetric{desc: desc, histogram: h, coverage: coverage, labels: []*dto.LabelPair{ // sorted by name
		{Name: new("operation"), Value: new(e.operation)},
		{Name: new("resource"), Value: new(e.resource)},
	}}
}

// population shows what a snapshot counted, or estimates it where the snapshot counted a part. The number of devices and
// the distribution of sessions over them cannot be scaled up from a part.
func (e emitter) population(s *Snapshot) {
	e.gauge(e.sessions, s.Estimate(s.Sessions))
	e.gauge(e.active, s.Estimate(s.Sessions-s.Expired))
	e.gauge(e.expired, s.Estimate(s.Expired))
	e.gauge(e.started, s.Estimate(s.Started))
	e.gauge(e.abandoned, s.Estimate(s.Abandoned))
	e.histogram(e.ttl, s.TTL, s.Coverage)
	e.histogram(e.remainingTTL, s.RemainingTTL, s.Coverage)
	e.histogram(e.startDelay, s.StartDelay, s.Coverage)
	for _, device := range s.TopDevices {
		e.gauge(e.deviceSessions, s.Estimate(device.Sessions), device.Label)
	}
	e.gauge(e.deviceSessionsOther, s.Estimate(s.OtherDeviceSessions))
	e.gauge(e.withoutDevice, s.Estimate(s.WithoutDevice))
	if s.Complete() {
		e.gauge(e.devices, float64(s.Devices))
		e.histogram(e.sessionsPerDevice, s.SessionsPerDevice, 1)
	}
}

// flow shows what has happened since the start.
func (e emitter) flow(f Flows) {
	e.counter(e.creations, f.Creations)
	e.counter(e.starts, f.Starts)
	e.counter(e.expirations, f.Expirations)
	e.counter(e.abandonments, f.Abandonments)
	e.counter(e.flowWindow, f.Window)
}

// walk describes the last complete walk, however old.
func (e emitter) walk(s *Snapshot) {
	e.gauge(e.timestamp, unixSeconds(s.Began))
	e.gauge(e.pages, float64(s.Pages))
	e.gauge(e.coverage, s.Coverage)
}

// refreshing shows how refreshing goes.
func (e emitter) refreshing(h Health, interval time.Duration) {
	up := 0.0
	if h.Up {
		up = 1
	}
	e.gauge(e.up, up)
	e.gauge(e.interval, interval.Seconds())
	e.gauge(e.duration, h.LastDuration.Seconds())
	e.counter(e.refreshes, float64(h.Refreshes))
	e.counter(e.failures, float64(h.Failures))
}

func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
