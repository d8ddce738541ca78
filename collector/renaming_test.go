package collector_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"face_liveness_exporter/collector"
)

// Devices that may be named no more are not, not even by the walk that was under way when that was decided.
func TestDevicesOfAWalkUnderWayAreNamedAsInForce(t *testing.T) {
	raw := collector.DeviceOptions{Top: 50, Label: collector.DeviceRaw}
	hashed := collector.DeviceOptions{Top: 50, Label: collector.DeviceHash, HashKey: []byte("key")}
	for name, test := range map[string]struct {
		before, after collector.DeviceOptions
		shown         [2]int // devices of the walk that was under way, and of the next
	}{
		"none":        {raw, collector.DeviceOptions{Top: 50, Label: collector.DeviceNone}, [2]int{0, 0}},
		"hash":        {raw, hashed, [2]int{0, 2}},
		"another key": {hashed, collector.DeviceOptions{Top: 50, Label: collector.DeviceHash, HashKey: []byte("another")}, [2]int{0, 2}},
		"fewer":       {raw, collector.DeviceOptions{Top: 1, Label: collector.DeviceRaw}, [2]int{2, 1}},
	} {
		bubble(t, name, func(t *testing.T) {
			var settings collector.Settings
			keep := func(o *collector.TargetOptions) { settings = o.Settings }
			slow := lists(page{after: 4 * time.Second, sessions: of("first", "first", "second")})
			target := newTarget(walks(slow), devices(test.before), keep)
			run(t, target)
			scrape(time.Second, target) // leaves before the walk has ended
			settings.Devices = test.after
			target.Apply(settings)
			advance(4 * time.Second)
			for i, want := range test.shown {
				shown := target.State().Snapshot.TopDevices
				if len(shown) != want {
					t.Errorf("walk %d shows %v, want %d devices", i+1, shown, want)
				}
				for _, device := range shown {
					if !wantedLabels(test.after, "first", "second")[device.Label] {
						t.Errorf("%q is shown", device.Label)
					}
				}
				advance(10 * time.Minute)
				scrape(inTime, target)
			}
		})
	}
}

// wantedLabels are those that devices may have.
func wantedLabels(options collector.DeviceOptions, ids ...string) map[string]bool {
	labels := map[string]bool{}
	for _, id := range ids {
		switch options.Label {
		case collector.DeviceRaw:
			labels[id] = true
		case collector.DeviceHash:
			mac := hmac.New(sha256.New, options.HashKey)
			mac.Write([]byte(id))
			labels[hex.EncodeToString(mac.Sum(nil))[:12]] = true
		}
	}
	return labels
}
