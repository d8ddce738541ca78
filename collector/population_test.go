package collector_test

import (
	"bytes"
	"context"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// golden is a list in two pages, and what testdata/population.prom was worked out from by hand.
func golden() []page {
	date := time.Date(2024, time.May, 19, 16, 20, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return date.Add(-d) }
	return []page{
		{after: time.Second, date: date, sessions: []faceclient.Session{
			// Active and started; perhaps already finished.
			{ID: []byte("02"), DeviceID: []byte("phone-a"), Created: ago(200 * time.Second), Started: ago(188 * time.Second), TTL: time.Hour},
			{ID: []byte("03"), DeviceID: []byte("phone-b"), Created: ago(2 * time.Hour), Started: ago(2*time.Hour - 500*time.Millisecond), TTL: faceclient.DefaultTTL, Expired: true},
			// Abandoned, without a device.
			{ID: []byte("04"), Created: ago(2 * time.Hour), TTL: time.Minute, Expired: true},
			// Its TTL is over by a second, but the service has not flagged it yet: remaining TTL 0.
			{ID: []byte("05"), Created: ago(601 * time.Second), TTL: faceclient.DefaultTTL},
			// Created later than the answer's Date: its whole TTL remains, and no more.
			{ID: []byte("06"), DeviceID: []byte("phone-c"), Created: ago(-500 * time.Millisecond), TTL: 24 * time.Hour},
			// Started before it was created: delay 0; its remaining TTL is a bucket's bound.
			{ID: []byte("07"), DeviceID: []byte("phone-a"), Created: ago(300 * time.Second), Started: ago(301 * time.Second), TTL: 15 * time.Minute},
			// The delay is the last bucket's bound, and then just above.
			{ID: []byte("08"), DeviceID: []byte("phone-b"), Created: ago(24 * time.Hour), Started: ago(23 * time.Hour), TTL: 12 * time.Hour, Expired: true},
			{ID: []byte("09"), DeviceID: []byte("phone-d"), Created: ago(10_000 * time.Second), Started: ago(6_399 * time.Second), TTL: 2 * time.Hour, Expired: true},
		}},
		// The remaining TTL is by the Date of its own page, 10 s later.
		{after: 2 * time.Second, date: date.Add(10 * time.Second), sessions: []faceclient.Session{
			{ID: []byte("10"), DeviceID: []byte("phone-a"), Created: ago(100 * time.Second), TTL: faceclient.DefaultTTL},
		}},
	}
}

func TestGoldenExposition(t *testing.T) {
	isPopulation := inPopulation(t)
	want, err := os.ReadFile("testdata/population.prom")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		plain := newTarget(walks(lists(golden()...)), sampled(1, nil), devices(collector.DeviceOptions{Top: 3, Label: collector.DeviceRaw}))
		verify := newTarget(walks(lists(page{})), func(options *collector.TargetOptions) {
			options.Operation = faceclient.DetectLivenessWithVerify
		})
		stop := run(t, plain, verify)
		advance(1500 * time.Millisecond)
		collector.EnsureFresh(context.Background(), plain, verify)
		stop()
		part := resource(plain, verify)
		names := slices.DeleteFunc(slices.Collect(maps.Keys(gather(t, part))), func(name string) bool {
			return !isPopulation(name) && !bytes.Contains(want, []byte("# TYPE "+name+" "))
		})
		got, err := testutil.CollectAndFormat(part, expfmt.TypeTextPlain, names...)
		if got = regexp.MustCompile("(?m)^# HELP .*\n").ReplaceAll(got, nil); err != nil || !bytes.Equal(got, want) {
			t.Errorf("testdata/population.prom does not have what is shown: %v\n%s", err, got)
		}
	})
}

// A walk counts afresh: without what the walk before counted, and without what it counted itself before it began again.
func TestWalksCountAfresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newTarget(walks(lists(page{sessions: of("phone", "pager")}), func(_ context.Context, _ int, visitor facelist.Visitor) (facelist.Result, error) {
			page{sessions: slices.Concat(lively(), of("phone", "laptop", "", "tablet"))}.visit(visitor)
			page{sessions: lively()}.visit(visitor)
			visitor.Restart()
			page{sessions: slices.Concat(lively(), of("watch", "watch"))}.visit(visitor)
			return whole(1), nil
		}))
		run(t, target)
		scrape(time.Second, target)
		advance(10 * time.Minute)
		scrape(time.Second, target)
		got := shown(t, target)
		for name, value := range map[string]float64{
			"sessions": 6, "sessions_active": 4, "sessions_expired": 2, "sessions_started": 2, "sessions_abandoned": 1, "sessions_without_device": 1,
			"session_ttl_seconds_count": 6, "session_remaining_ttl_seconds_count": 4, "session_start_delay_seconds_count": 2,
			"devices": 3, "sessions_per_device_count": 3, "sessions_per_device_sum": 5, `device_sessions{device_correlation_id="watch"}`: 2,
		} {
			got.want(t, name, value)
		}
		got.wantAbsent(t, `device_sessions{device_correlation_id="pager"}`)
	})
}
