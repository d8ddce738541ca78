package statuspage

import (
	"strconv"
	"strings"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/internal/explain"
	"face_liveness_exporter/internal/words"
)

const (
	// topDevices is how many of the devices a card has room for.
	topDevices = 5
	// sharedBy is how many sessions, and sharedPart which part of those with a device id, an id has that is no device's.
	sharedBy, sharedPart = 100, 0.9
)

// devices are those with the highest numbers of sessions.
type devices struct {
	Number string // of all devices; "" if it is unknown
	Rows   []deviceRow
	Others uint64 // sessions of devices without a row
	Hidden bool   // by configuration
	// Warning says what is wrong with the ids; "" for nothing.
	Warning string
}

type deviceRow struct {
	Name  string
	Count uint64
	Width float64
}

// Devices are those of the snapshot.
func (c *card) Devices() devices {
	s, options := c.Snapshot, c.Settings.Devices
	d := devices{Others: s.OtherDeviceSessions, Hidden: options.Top == 0 || options.Label == collector.DeviceNone}
	if n, known := s.DeviceCount(); known {
		d.Number = words.Count(n)
	} else if s.DevicesCut {
		d.Number = "more devices than can be counted"
	}
	for i, device := range s.TopDevices {
		if i >= topDevices {
			d.Others += device.Sessions
			continue
		}
		name, top := device.Label, float64(s.TopDevices[0].Sessions)
		if strings.TrimSpace(name) == "" {
			name = strconv.Quote(name) // or nothing is seen
		}
		d.Rows = append(d.Rows, deviceRow{name, device.Sessions, tidy(100 * float64(device.Sessions) / top)})
		if top > sharedBy && top > sharedPart*float64(s.Sessions-s.WithoutDevice) {
			d.Warning = explain.SharedDevice
		}
	}
	return d
}
