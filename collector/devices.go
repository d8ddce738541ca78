package collector

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"iter"
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
	// maxIDLength is how long an id may be, in bytes, to be kept whole. The service names 64 characters as the most.
	maxIDLength = 64
	// maxDeviceBytes is about what the devices of a list may take in memory: a million that are named by UUIDs.
	maxDeviceBytes = 48 << 20
	// uuidBytes and otherBytes are what one device takes, for the latter beside its name.
	uuidBytes, otherBytes = 48, 96
)

// DeviceOptions say which devices are shown, and how.
type DeviceOptions struct {
	// Top is how many devices are shown, those with most sessions; 0 shows none.
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

// deviceTally counts sessions by device. Most devices are named by a UUID, which is kept in half of its 36 characters and
// without a string of its own. An id that is longer than it should be is kept as its hash, so that memory is bounded
// whatever a service sends.
type deviceTally struct {
	options DeviceOptions
	uuids   map[[16]byte]uint64
	others  map[string]*uint64
	long    map[[sha256.Size]byte]*longDevice
	bytes   int  // about what these take
	cut     bool // there was no room for some devices
}

// longDevice is a device with a long id: what it is ranked and shown by, and its sessions.
type longDevice struct {
	prefix, label string
	sessions      uint64
}

func newDeviceTally(options DeviceOptions) deviceTally {
	return deviceTally{
		options: options,
		uuids:   map[[16]byte]uint64{}, others: map[string]*uint64{}, long: map[[sha256.Size]byte]*longDevice{},
	}
}

// room reports whether there is room for one more device that takes so many bytes. Without room, new devices are not told apart.
func (t *deviceTally) room(bytes int) bool {
	if t.bytes+bytes > maxDeviceBytes {
		t.cut = true
		return false
	}
	t.bytes += bytes
	return true
}

func (t *deviceTally) add(id []byte) {
	if compact, ok := compactUUID(id); ok {
		known := len(t.uuids)
		t.uuids[compact]++ // one look-up for a known device, because this is done for every session
		if len(t.uuids) > known && !t.room(uuidBytes) {
			delete(t.uuids, compact)
		}
		return
	}
	if len(id) > maxIDLength {
		t.addLong(id)
		return
	}
	count := t.others[string(id)]
	if count == nil {
		if !t.room(otherBytes + len(id)) {
			return
		}
		count = new(uint64)
		t.others[string(id)] = count
	}
	*count++
}

func (t *deviceTally) addLong(id []byte) {
	hash := sha256.Sum256(id)
	device := t.long[hash]
	if device == nil {
		device = &longDevice{prefix: string(id[:maxIDLength]), label: t.options.label(string(id))}
		if !t.room(otherBytes + len(hash) + len(device.prefix) + len(device.label)) {
			return
		}
		t.long[hash] = device
	}
	device.sessions++
}

// distinct is the number of devices.
func (t *deviceTally) distinct() int { return len(t.uuids) + len(t.others) + len(t.long) }

// counts returns the number of sessions of every device.
func (t *deviceTally) counts() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for _, count := range t.uuids {
			if !yield(count) {
				return
			}
		}
		for _, count := range t.others {
			if !yield(*count) {
				return
			}
		}
		for _, device := range t.long {
			if !yield(device.sessions) {
				return
			}
		}
	}
}

// compactUUID returns the bytes of a UUID in its usual form: lower case, with hyphens. Any other form is another name.
func compactUUID(id []byte) (compact [16]byte, ok bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return compact, false
	}
	at := 0
	for i := 0; i < len(id); i += 2 {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			i++
		}
		high, low := hexDigit(id[i]), hexDigit(id[i+1])
		if high|low > 15 {
			return compact, false
		}
		compact[at] = high<<4 | low
		at++
	}
	return compact, true
}

// hexDigit is the value of a lower-case hexadecimal digit, above 15 for any other character.
func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}

// top returns the devices with most sessions and at least so many, most first, ties by ascending bytes of the id, and how
// many sessions they have together. Devices with the same label are one.
func (t *deviceTally) top(least uint64) (shown []DeviceCount, sessions uint64) {
	ranked := ranking{limit: min(t.options.shown(), t.distinct()), least: least}
	if ranked.limit == 0 {
		return nil, 0
	}
	for id, count := range t.uuids {
		if count >= ranked.least {
			ranked.add(rankedDevice{id: uuid.UUID(id).String(), count: count})
		}
	}
	for id, count := range t.others {
		if *count >= ranked.least {
			ranked.add(rankedDevice{id: id, count: *count})
		}
	}
	for _, device := range t.long {
		if device.sessions >= ranked.least {
			ranked.add(rankedDevice{id: device.prefix, label: device.label, count: device.sessions})
		}
	}
	byLabel := map[string]int{}
	for _, device := range ranked.settle() {
		label := device.label
		if label == "" {
			label = t.options.label(device.id)
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

// ranking finds the devices with most sessions without sorting all of them.
type ranking struct {
	limit   int
	least   uint64 // a device with fewer sessions cannot be among them
	devices []rankedDevice
}

type rankedDevice struct {
	id    string // or the beginning of a long one
	label string // of a long id; "" where it is to be made of the id
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
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.id, b.id), cmp.Compare(a.label, b.label))
	})
	if len(r.devices) >= r.limit {
		r.devices = r.devices[:r.limit]
		r.least = max(r.least, r.devices[r.limit-1].count)
	}
	return r.devices
}
