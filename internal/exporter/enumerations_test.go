package exporter_test

import (
	"testing"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/internal/config"
)

// The configuration does not know the collector, so each has its own names of the device labels.
func TestDeviceLabelsOfConfigurationAndCollectorAreTheSame(t *testing.T) {
	t.Parallel()
	for configured, shown := range map[config.DeviceLabel]collector.DeviceLabel{
		config.DeviceLabelRaw:  collector.DeviceRaw,
		config.DeviceLabelHash: collector.DeviceHash,
		config.DeviceLabelNone: collector.DeviceNone,
	} {
		if string(configured) != string(shown) {
			t.Errorf("the configuration says %q, the collector %q", configured, shown)
		}
	}
}
