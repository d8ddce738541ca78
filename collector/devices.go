package collector

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// DeviceLabel is how a device is named in the label device_correlation_id.
type DeviceLabel string

// The ways to name a device.
const (
	DeviceRaw  DeviceLabel = "raw"  // as the service lists it
	DeviceHash DeviceLabel = "hash" // first 12 hexadecimal digits of an HMAC-SHA-256
	DeviceNone DeviceLabel = "none" // no device is shown
)

const (
	// maxLabelLength bounds a device's label, in characters.
	maxLabelLength = 128
	// maxIDLength is how long an id may be, in bytes, to be kept whole. The service allows 64 characters.
	maxIDLength = 64
	// maxDeviceBytes is about what the devices of a list may take in memory: a million that are named by UUIDs.
	maxDeviceBytes = 48 << 20
	// uuidBytes and otherBytes are what a device takes, for the latter beside its name.
	uuidBytes, otherBytes = 48, 96
)

// DeviceOptions say which devices are shown, and how.
type DeviceOptions struct {
	// Top is how many devices are shown, those with the most sessions; 0 shows none.
	Top int
	// Label names them.
	Label DeviceLabel
	// HashKey is the key of DeviceHash.
	HashKey []byte
}

// shown is the number of devices to show.
func (o DeviceOptions) shown() int {
	if o.Label == DeviceNone {
		return 0
	}
	return o.Top
}

// namesAs reports whether a device has the same label under both.
func (o DeviceOptions) namesAs(other DeviceOptions) bool {
	return o.Label == other.Label && bytes.Equal(o.HashKey, other.HashKey)
}

// label names a device. A name that is too long ends with a hash of the whole, so that two of them stay two.
func (o DeviceOptions) label(id string) string {
	if o.Label == DeviceHash {
		mac := hmac.New(sha256.New, o.HashKey)
		mac.Write([]byte(id))
		return hex.EncodeToString(mac.Sum(nil))[:12]
	}
	id = strings.ToValidUTF8(id, string(utf8.RuneError))
	if utf8.RuneCountInString(id) <= maxLabelLength {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	suffix := "~" + hex.EncodeToString(sum[:6])
	return string([]rune(id)[:maxLabelLength-len(suffix)]) + suffix
}

// DeviceCount is a device and how many of the listed sessions it has.
type DeviceCount struct {
	Label    string
	Sessions uint64
}

// deviceTally counts sessions by device. Most devices are named by a UUID, which is kept in 16 bytes. An id that is too long is
// kept as its beginning and its hash, so that memory is bounded.
type deviceTally struct {
	options DeviceOptions
	uuids   map[uuid.UUID]uint64
	others  map[string]*uint64 // by id, or by longKey
	labels  map[string]string  // of the long ones, by the same key
	room    int                // about how many bytes further devices may take
	cut     bool               // there was no room for some devices
}

func newDeviceTally(options DeviceOptions) deviceTally {
	return deviceTally{
		options: options, room: maxDeviceBytes,
		uuids: map[uuid.UUID]uint64{}, others: map[string]*uint64{}, labels: map[string]string{},
	}
}

// admit reports whether there is room for one more device that takes this number of bytes. Without room, new devices are not
// told apart.
func (t *deviceTally) admit(bytes int) bool {
	if bytes > t.room {
		t.cut = true
		return false
	}
	t.room -= bytes
	return true
}

func (t *deviceTally) add(id []byte) {
	if compact, ok := compactUUID(id); ok {
		known := len(t.uuids)
		t.uuids[compact]++ // one look-up for a known device, because this is done for every session
		if len(t.uuids) > known && !t.admit(uuidBytes) {
			delete(t.uuids, compact)
		}
		return
	}
	key := id
	if len(id) > maxIDLength {
		key = longKey(id)
	}
	count := t.others[string(key)]
	if count == nil {
		label := ""
		if len(id) > maxIDLength {
			label = t.options.label(string(id))
		}
		if !t.admit(otherBytes + len(key) + len(label)) {
			return
		}
		count = new(uint64)
		t.others[string(key)] = count
		if label != "" {
			t.labels[string(key)] = label
		}
	}
	*count++
}

// longKey stands for an id that is too long. It is longer than any other id.
func longKey(id []byte) []byte {
	sum := sha256.Sum256(id)
	return append(bytes.Clone(id[:maxIDLength]), sum[:]...)
}

// distinct is the number of devices.
func (t *deviceTally) distinct() int { return len(t.uuids) + len(t.others) }

// spread adds the number of sessions of every device to a histogram.
func (t *deviceTally) spread(h *Histogram) {
	for _, count := range t.uuids {
		h.Observe(float64(count))
	}
	for _, count := range t.others {
		h.Observe(float64(*count))
	}
}

// compactUUID returns the bytes of a UUID in its usual form: lower case, with hyphens. Any other form is another name.
func compactUUID(id []byte) (compact uuid.UUID, ok bool) {
	if len(id) != 36 || bytes.ContainsAny(id, "ABCDEF") {
		return compact, false
	}
	compact, err := uuid.ParseBytes(id)
	return compact, err == nil
}

// top returns the devices with the most sessions, and with this minimum, in descending order, ties by ascending bytes of the
// id, and how many sessions they have together. Devices with the same label are one.
func (t *deviceTally) top(minimum uint64) (shown []DeviceCount, sessions uint64) {
	ranked := ranking{limit: min(t.options.shown(), t.distinct()), minimum: minimum}
	if ranked.limit == 0 {
		return nil, 0
	}
	for id, count := range t.uuids {
		if count >= ranked.minimum {
			ranked.add(rankedDevice{id.String(), count})
		}
	}
	for key, count := range t.others {
		if *count >= ranked.minimum {
			ranked.add(rankedDevice{key, *count})
		}
	}
	byLabel := map[string]int{}
	for _, device := range ranked.settle() {
		label, long := t.labels[device.key]
		if !long {
			label = t.options.label(device.key)
		}
		at, known := byLabel[label]
		if !known {
			at = len(shown)
			byLabel[label] = at
			shown = append(shown, DeviceCount{Label: label})
		}
		shown[at].Sessions += device.count
		sessions += device.count
	}
	return shown, sessions
}

// ranking finds the devices with the most sessions without sorting all of them.
type ranking struct {
	limit   int
	minimum uint64 // a device with fewer sessions cannot be among them
	devices []rankedDevice
}

type rankedDevice struct {
	key   string // of deviceTally
	count uint64
}

func (r *ranking) add(device rankedDevice) {
	if r.devices = append(r.devices, device); len(r.devices) >= 2*r.limit {
		r.settle()
	}
}

// settle drops the devices that are not among the first, and returns those in order.
func (r *ranking) settle() []rankedDevice {
	slices.SortFunc(r.devices, func(a, b rankedDevice) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.key, b.key))
	})
	if len(r.devices) >= r.limit {
		r.devices = r.devices[:r.limit]
		r.minimum = max(r.minimum, r.devices[r.limit-1].count)
	}
	return r.devices
}
