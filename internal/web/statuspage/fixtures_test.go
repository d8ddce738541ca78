package statuspage_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/web/statuspage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func now() time.Time { return time.Date(2025, time.March, 12, 12, 0, 0, 0, time.UTC) }

// page holds these lists and nothing of note beside them.
func page(lists ...statuspage.List) statuspage.Page {
	return statuspage.Page{
		Now: now(), Started: now().Add(-90 * time.Minute), Version: "1.2.3",
		Links: []statuspage.Link{{Path: "/metrics", Text: "Metrics"}, {Path: "/-/ready", Text: "Ready"}},
		Lists: lists,
	}
}

// snapshot is a complete walk of 12 s.
func snapshot() *collector.Snapshot {
	s := &collector.Snapshot{
		Ended: collector.Instant{Monotonic: 12 * time.Second}, Pages: 13, Coverage: 1,
		Sessions: 12345, Expired: 11111, Started: 10790, Abandoned: 321,
		Devices: 4321, OtherDeviceSessions: 10000, WithoutDevice: 1000,
		TopDevices: []collector.DeviceCount{
			{Label: "7f9c24e5-0f4d-4f8e-9c55-1b7a35ce2b01", Sessions: 500},
			{Label: "device-2", Sessions: 400},
			{Label: "device-3", Sessions: 250},
			{Label: "device-4", Sessions: 100},
			{Label: "device-5", Sessions: 60},
			{Label: "device-6", Sessions: 35},
		},
		TTL: collector.NewHistogram([]float64{60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400}),
	}
	for ttl, sessions := range map[float64]int{300: 2345, 600: 9000, 1800: 900, 86400: 100} {
		for range sessions {
			s.TTL.Observe(ttl)
		}
	}
	return s
}

// healthy is a list that is as it should be.
func healthy() statuspage.List {
	return statuspage.List{
		State: collector.State{
			Resource: "contoso-prod", Operation: faceclient.DetectLiveness,
			Settings: collector.Settings{Devices: collector.DeviceOptions{Top: 50}},
			Snapshot: snapshot(), Shown: true, Age: 2 * time.Minute, Interval: 5 * time.Minute, DueIn: 107 * time.Second,
			Health: collector.Health{Up: true, Refreshes: 18, LastEnded: now().Add(-2 * time.Minute), LastDuration: 12 * time.Second},
		},
		Host:     "contoso-prod.cognitiveservices.azure.com",
		Requests: 234, Billed: 230, Price: 1.5,
	}
}

// empty is a list that nobody has asked for yet.
func empty() statuspage.List {
	l := healthy()
	l.Snapshot, l.Shown, l.Age, l.DueIn, l.Health, l.Requests, l.Billed = nil, false, 0, 0, collector.Health{}, 0, 0
	return l
}

// failing is a list whose last refresh failed while the snapshot can still be shown.
func failing(err error) statuspage.List {
	l := healthy()
	l.Health.Up, l.Health.LastError, l.Health.FailuresInRow = false, err, 3
	l.Health.LastEnded, l.DueIn = now().Add(-20*time.Second), 40*time.Second
	return l
}

// with gives the list as a change leaves it.
func with(l statuspage.List, change func(*statuspage.List)) statuspage.List {
	change(&l)
	return l
}

// hostile is a text that tries every way out of its place.
const hostile = "\u202e</title></style></script><script>alert(1)</script>\"'`><img src=x onerror=alert(2)>{{.}}&amp;\u0301\u0301\u0301\n\x00\x1b[31m"
