package exporter

import (
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/common/version"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/internal/explain"
	"face_liveness_exporter/internal/exporter/statuspage"
)

// status answers with the page for people. It starts no refresh.
func (h *handler) status(renderer *statuspage.Renderer) http.HandlerFunc {
	links := []statuspage.Link{
		{Path: h.flags.telemetryPath, Text: "Metrics"},
		{Path: "/-/metrics", Text: "Exporter metrics"},
		{Path: "/sd", Text: "Service discovery"},
		{Path: "/-/healthy", Text: "Healthy"},
		{Path: "/-/ready", Text: "Ready"},
	}
	if h.flags.enablePprof {
		links = append(links, statuspage.Link{Path: "/debug/pprof/", Text: "Profiles"})
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		page := statuspage.Page{
			Now: time.Now(), Started: h.started, Version: version.Version, Simulated: h.flags.demo, Links: links,
		}
		for _, resource := range h.fleet.Load().members {
			for _, one := range resource.lists {
				page.Lists = append(page.Lists, statusOf(resource, one, page.Now))
			}
		}
		renderer.Answer(w, page)
	}
}

// statusOf is what the status page shows of a list.
func statusOf(r member, one list, now time.Time) statuspage.List {
	target := one.target
	state := target.State()
	health, snapshot := state.Health, state.Snapshot
	_, host, _ := strings.Cut(r.config.Endpoint, "://")
	list := statuspage.List{
		Resource: r.config.Name, Operation: string(target.Operation()), Host: host,
		Shown: state.Shown,
		Up:    health.Up, Refreshing: health.Refreshing,
		Refreshes: health.Refreshes, FailuresInRow: health.FailuresInRow,
		LastEnded: health.LastEnded, LastDuration: health.LastDuration, RetryAt: health.RetryAt,
		Failure:   failureOf(health.LastError),
		Interval:  state.Interval,
		Overspent: health.Overspent,
		Requests:  r.api.Requests(target.Operation()), Billed: r.api.Billed(target.Operation()),
		Price: r.config.API.PricePer1000Requests, Budget: r.config.API.MonthlyRequestBudget,
	}
	if snapshot != nil {
		list.Snapshot = snapshotOf(snapshot, now.Add(-state.Age), state.Settings.Devices.Label != collector.DeviceNone)
	}
	return list
}

// snapshotOf scales what a walk counted up to the whole list. Devices keep the names that they have in the metrics; where
// none may be shown any more, they are among the others.
func snapshotOf(s *collector.Snapshot, ended time.Time, withDevices bool) *statuspage.Snapshot {
	shown := &statuspage.Snapshot{
		Ended: ended, Took: s.Took(), Pages: s.Pages, Coverage: s.Coverage,
		Sessions: s.Estimate(s.Sessions), Expired: s.Estimate(s.Expired), Started: s.Estimate(s.Started), Abandoned: s.Estimate(s.Abandoned),
		Devices:             float64(s.Devices),
		OtherDeviceSessions: s.Estimate(s.OtherDeviceSessions), WithoutDevice: s.Estimate(s.WithoutDevice),
	}
	for bound, count := range s.TTL.Buckets() {
		shown.TTL = append(shown.TTL, statuspage.Bucket{UpTo: bound, Count: s.Estimate(count)})
	}
	for _, device := range s.TopDevices {
		sessions := s.Estimate(device.Sessions)
		if withDevices {
			shown.TopDevices = append(shown.TopDevices, statuspage.Device{Name: device.Label, Sessions: sessions})
		} else {
			shown.OtherDeviceSessions += sessions
		}
	}
	return shown
}

// failureOf says what an error means; nil for nil.
func failureOf(err error) *statuspage.Failure {
	if err == nil {
		return nil
	}
	e := explain.Of(err)
	failure := &statuspage.Failure{Code: e.Code, Status: e.Status, Meaning: e.Meaning, Remedy: e.Remedy, Detail: e.Detail}
	if e.Before != nil {
		failure.Before = e.Before.String()
	}
	return failure
}
