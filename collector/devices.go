package collector

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"
)

// DeviceLabel is how a device is named in the label device_correlation_id.
type DeviceLabel string

// The ways to name a device.
const (
	DeviceRaw  DeviceLabel = "raw"  // as the service lists it
	DeviceHash DeviceLabel = "hash" // first 12 hexadecimal digits of an HMAC-SHA-256
	DeviceNone DeviceLabel = "none" // no device is shown
)

// maxLabelLength bounds a device's label, in characters.
const maxLabelLength = 128

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

// deviceTally counts sessions by device. It keeps one string a distinct device.
type deviceTally struct {
	index  map[string]int
	counts []uint64
}

func newDeviceTally() deviceTally { return deviceTally{index: map[string]int{}} }

func (t *deviceTally) add(id []byte) {
	i, known := t.index[string(id)]
	if !known {
		i = len(t.counts)
		t.index[string(id)] = i
		t.counts = append(t.counts, 0)
	}
	t.counts[i]++
}

// top gives the devices with most sessions and at least so many, most first, ties by ascending bytes of the id, and how many sessions they
// have together. Devices with the same label are one.
func (t *deviceTally) top(options DeviceOptions, least uint64) (shown []DeviceCount, sessions uint64) {
	type device struct {
		id    string
		count uint64
	}
	byRank := func(a, b device) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.id, b.id))
	}
	limit := min(options.shown(), len(t.index))
	if limit == 0 {
		return nil, 0
	}
	// Candidates are cut back to the limit whenever they are twice as many, so that a million devices are not sorted.
	candidates := make([]device, 0, 2*limit)
	for id, i := range t.index {
		if t.counts[i] < least {
			continue
		}
		if candidates = append(candidates, device{id, t.counts[i]}); len(candidates) == cap(candidates) {
			slices.SortFunc(candidates, byRank)
			candidates = candidates[:limit]
		}
	}
	slices.SortFunc(candidates, byRank)
	byLabel := map[string]int{}
	for _, d := range candidates[:min(limit, len(candidates))] {
		label := options.label(d.id)
		at, known := byLabel[label]
		if !known {
			at = len(shown)
			byLabel[label] = at
			shown = append(shown, DeviceCount{Label: label})
		}
		shown[at].Sessions += d.count
		sessions += d.count
	}
	return shown, sessions
}
