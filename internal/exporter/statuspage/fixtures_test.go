package statuspage_test

import (
	"math"
	"testing"
	"time"

	"go.uber.org/goleak"

	"face_liveness_exporter/internal/exporter/statuspage"
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

// snapshot is a complete walk of 12 s that ended 2 min ago.
func snapshot() *statuspage.Snapshot {
	s := &statuspage.Snapshot{
		Ended: now().Add(-2 * time.Minute), Took: 12 * time.Second, Pages: 13, Coverage: 1,
		Sessions: 12345, Expired: 11111, Started: 10790, Abandoned: 321,
		Devices: 4321, OtherDeviceSessions: 10000, WithoutDevice: 1000,
		TopDevices: []statuspage.Device{
			{Name: "7f9c24e5-0f4d-4f8e-9c55-1b7a35ce2b01", Sessions: 500},
			{Name: "device-2", Sessions: 400},
			{Name: "device-3", Sessions: 250},
			{Name: "device-4", Sessions: 100},
			{Name: "device-5", Sessions: 60},
			{Name: "device-6", Sessions: 35},
		},
	}
	for i, bound := range []float64{60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, math.Inf(1)} {
		s.TTL = append(s.TTL, statuspage.Bucket{UpTo: bound, Count: []float64{0, 0, 2345, 9000, 0, 900, 0, 0, 0, 0, 0, 100, 0}[i]})
	}
	return s
}

// healthy is a list that is as it should be.
func healthy() statuspage.List {
	return statuspage.List{
		Resource: "contoso-prod", Operation: "detectLiveness", Host: "contoso-prod.cognitiveservices.azure.com",
		Snapshot: snapshot(), Shown: true, Up: true, Refreshes: 18,
		LastEnded: now().Add(-2 * time.Minute), LastDuration: 12 * time.Second, Interval: 5 * time.Minute,
		Requests: 234, Billed: 230, Price: 1.5,
	}
}

// empty is a list that nobody has asked for yet.
func empty() statuspage.List {
	l := healthy()
	l.Snapshot, l.Shown, l.Up, l.Refreshes, l.Requests, l.Billed = nil, false, false, 0, 0, 0
	return l
}

// failing is a list whose last refresh failed while the snapshot can still be shown.
func failing(failure statuspage.Failure) statuspage.List {
	l := healthy()
	l.Up, l.Failure, l.FailuresInRow = false, &failure, 3
	l.LastEnded, l.RetryAt = now().Add(-20*time.Second), now().Add(40*time.Second)
	return l
}

// with gives the list as a change leaves it.
func with(l statuspage.List, change func(*statuspage.List)) statuspage.List {
	change(&l)
	return l
}

// hostile is a text that tries every way out of its place.
const hostile = "\u202e</title></style></script><script>alert(1)</script>\"'`><img src=x onerror=alert(2)>{{.}}&amp;\u0301\u0301\u0301\n\x00\x1b[31m"
