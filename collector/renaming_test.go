package collector_test

import (
	"slices"
	"testing"
	"time"

	"face_liveness_exporter/collector"
)

// Devices that may be named no more are not, not even by the walk that was under way when that was decided.
func TestDevicesOfAWalkUnderWayAreNamedAsInForce(t *testing.T) {
	raw := collector.DeviceOptions{Top: 50, Label: collector.DeviceRaw}
	hashed := collector.DeviceOptions{Top: 50, Label: collector.DeviceHash, HashKey: []byte("key")}
	for name, test := range map[string]struct {
		before, after  collector.DeviceOptions
		underWay, next []string // the devices that are shown of the walk that was under way, and of the next
	}{
		"none":        {raw, collector.DeviceOptions{Top: 50, Label: collector.DeviceNone}, nil, nil},
		"hash":        {raw, hashed, nil, []string{"4231744f934c", "4099c9e6b893"}},
		"another key": {hashed, collector.DeviceOptions{Top: 50, Label: collector.DeviceHash, HashKey: []byte("another")}, nil, []string{"d719f753a85f", "42a1d6879386"}},
		"fewer":       {raw, collector.DeviceOptions{Top: 1, Label: collector.DeviceRaw}, []string{"first", "second"}, []string{"first"}},
	} {
		bubble(t, name, func(t *testing.T) {
			var settings collector.Settings
			slow := lists(page{after: 4 * time.Second, sessions: of("first", "first", "second")})
			target := newTarget(walks(slow), devices(test.before), func(options *collector.TargetOptions) { settings = options.Settings })
			run(t, target)
			scrape(time.Second, target) // leaves before the walk has ended
			settings.Devices = test.after
			target.Apply(settings)
			advance(4 * time.Second)
			for i, want := range [][]string{test.underWay, test.next} {
				var shown []string
				for _, device := range target.State().Snapshot.TopDevices {
					shown = append(shown, device.Label)
				}
				if !slices.Equal(shown, want) {
					t.Errorf("walk %d shows %v, want %v", i+1, shown, want)
				}
				advance(10 * time.Minute)
				scrape(inTime, target)
			}
		})
	}
}
