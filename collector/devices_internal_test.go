package collector

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// More devices than there is room for are not told apart, and not counted wrongly. Those that came first are.
func TestMoreDevicesThanThereIsRoomFor(t *testing.T) {
	const first = "00000000-0000-0000-0000-000000000001"
	for name, another := range map[string]func(int) string{
		"UUIDs":    func(i int) string { return fmt.Sprintf("7f0b1c6e-0a38-4d4e-9a5f-%012x", i) },
		"names":    func(i int) string { return fmt.Sprint("device-", i) },
		"long ids": func(i int) string { return strings.Repeat("long", 10_000) + fmt.Sprint(i) },
	} {
		t.Run(name, func(t *testing.T) {
			devices := newDeviceTally(DeviceOptions{Top: 1, Label: DeviceRaw})
			devices.room = 100_000
			devices.add([]byte(first))
			kept := 0
			for i := range 10_000 {
				before := devices.distinct()
				devices.add([]byte(another(i)))
				if kept += devices.distinct() - before; devices.cut {
					break
				}
			}
			devices.add([]byte(first))
			devices.add([]byte(another(0)))
			if bytes := 100_000 / kept; !devices.cut || bytes < 40 || bytes > 500 {
				t.Errorf("%d devices of 10,000 are kept in 100,000 bytes", kept)
			}
			if shown, sessions := devices.top(0); !slices.Equal(shown, []DeviceCount{{first, 2}}) && !slices.Contains(shown, DeviceCount{shown[0].Label, 2}) || sessions != 2 {
				t.Errorf("%v with %d sessions", shown, sessions)
			}
		})
	}
	if room := newDeviceTally(DeviceOptions{}).room / uuidBytes; room < 1_000_000 {
		t.Errorf("there is room for %d devices, want a million", room)
	}
}
