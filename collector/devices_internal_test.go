package collector

import (
	"fmt"
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
			for i := 0; i < 10_000 && !devices.cut; i++ {
				devices.add([]byte(another(i)))
			}
			kept := devices.distinct()
			devices.add([]byte(first))
			devices.add([]byte(another(0)))
			if bytes := 100_000 / kept; !devices.cut || bytes < 40 || bytes > 500 {
				t.Errorf("%d devices of 10,000 are kept in 100,000 bytes", kept)
			}
			if shown, sessions := devices.top(0); len(shown) != 1 || shown[0].Sessions != 2 || sessions != 2 {
				t.Errorf("%v with %d sessions", shown, sessions)
			}
		})
	}
	if room := newDeviceTally(DeviceOptions{}).room / uuidBytes; room < 1_000_000 {
		t.Errorf("there is room for %d devices, want a million", room)
	}
}
