package collector_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
)

// Devices that may be named no more are not, not even by the walk that was under way when that was decided.
func TestDevicesOfAWalkUnderWayAreNamedAsInForce(t *testing.T) {
	raw := collector.DeviceOptions{Top: 50, Label: collector.DeviceRaw}
	for name, after := range map[string]collector.DeviceOptions{
		"none":        {Top: 50, Label: collector.DeviceNone},
		"hash":        {Top: 50, Label: collector.DeviceHash, HashKey: []byte("key")},
		"fewer":       {Top: 1, Label: collector.DeviceRaw},
		"another key": {Top: 50, Label: collector.DeviceHash, HashKey: []byte("another")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				before := raw
				if name == "another key" {
					before = collector.DeviceOptions{Top: 50, Label: collector.DeviceHash, HashKey: []byte("key")}
				}
				sessions := of("first", "first", "second")
				var options collector.TargetOptions
				keep := func(o *collector.TargetOptions) { options = *o }
				target := newTarget(walks(lists(page{after: 4 * time.Second, sessions: sessions})), devices(before), keep)
				run(t, target)
				scrape(time.Second, target) // leaves before the walk has ended
				options.Devices = after
				target.Update(options)
				pass(4 * time.Second)
				for range 2 { // the walk that was under way, and the next
					snapshot, shown := target.Snapshot(time.Now())
					if !shown {
						t.Fatal("the walk has not ended")
					}
					for _, device := range snapshot.TopDevices {
						if _, allowed := wantedLabels(after, "first", "second")[device.Label]; !allowed {
							t.Errorf("%q is shown", device.Label)
						}
					}
					pass(10 * time.Minute)
					scrape(inTime, target)
				}
			})
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
