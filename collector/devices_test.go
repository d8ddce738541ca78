package collector_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
)

// hostile are device ids that somebody might send to break a page, a parser or a dashboard.
func hostile() []string {
	return []string{
		`"quoted"`, `back\slash`, `\n`, "new\nline", "carriage\rreturn", "nul\x00byte", "\x00", " ", "tab\t",
		`"} 1` + "\n" + `face_liveness_up{resource="forged"} 1`, "# HELP forged", "# EOF",
		`<script>alert("x")</script>`, `{{ template "x" }}`, `=cmd|' /C calc'!A0`, "'; DROP TABLE sessions; --",
		"\xff", "a\xffb", "a\xfeb", "a\xc3", "\xed\xa0\x80", "\ufffd", "\u202egnp.exe", "\u0000\u2028", "📱", "e\u0301", "\u00e9",
		"7f0b1c6e-0a38-4d4e-9a5f-3a1d6c0f8b21", "7F0B1C6E-0A38-4D4E-9A5F-3A1D6C0F8B21", "{7f0b1c6e-0a38-4d4e-9a5f-3a1d6c0f8b21}",
		"7f0b1c6e00a3804d4e09a5f03a1d6c0f8b21", "7f0b1c6e-0a38-4d4e-9a5f-3a1d6c0f8b2g", "7f0b1c6e-0a38-4d4e-9a5f-3a1d6c0f8b2 ",
		"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "------------------------------------",
		strings.Repeat("x", 64), strings.Repeat("x", 129), strings.Repeat("📱", 200), strings.Repeat("\xff", 300),
	}
}

// times makes a list with so many sessions of each device.
func times(sessions map[string]int) []faceclient.Session {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(sessions)) {
		ids = append(ids, slices.Repeat([]string{id}, sessions[id])...)
	}
	return of(ids...)
}

func TestWhichDevicesAreShown(t *testing.T) {
	raw := func(top int) collector.DeviceOptions {
		return collector.DeviceOptions{Top: top, Label: collector.DeviceRaw}
	}
	hashed := collector.DeviceOptions{Top: 50, Label: collector.DeviceHash, HashKey: []byte("key")}
	longA, longB := strings.Repeat("x", 128)+"A", strings.Repeat("x", 128)+"B"
	const upper, lower = "B0000000-0A38-4D4E-9A5F-3A1D6C0F8B21", "b0000000-0a38-4d4e-9a5f-3a1d6c0f8b21"
	for name, test := range map[string]struct {
		options  collector.DeviceOptions
		sessions map[string]int
		shown    map[string]float64
	}{
		"no device at all":              {raw(3), map[string]int{"": 4}, nil},
		"fewer than top":                {raw(1 << 40), map[string]int{"a": 2, "b": 1, "": 1}, map[string]float64{"a": 2, "b": 1}},
		"those with the most sessions":  {raw(2), map[string]int{"a": 1, "b": 3, "c": 2, "d": 5}, map[string]float64{"d": 5, "b": 3}},
		"none with top 0":               {raw(0), map[string]int{"a": 2}, nil},
		"none with label none":          {collector.DeviceOptions{Top: 50, Label: collector.DeviceNone}, map[string]int{"a": 2}, nil},
		"a UUID in capitals is another": {raw(2), map[string]int{lower: 2, upper: 2, "c": 1}, map[string]float64{lower: 2, upper: 2}},
		"ties by ascending bytes": {
			raw(3), map[string]int{"b": 2, "B": 2, "é": 2, "a": 2, "10": 2, "9": 2, "z": 9}, map[string]float64{"z": 9, "10": 2, "9": 2},
		},
		"ties by the raw id, not by the label": { // repaired, the first and the last are U+FFFD, below 📱
			raw(1), map[string]int{"\xfe": 2, "\xf0\x9f\x93\xb1": 2, "\xff": 2}, map[string]float64{"📱": 2},
		},
		"hash: the start of HMAC-SHA-256": {
			hashed, map[string]int{"The quick brown fox jumps over the lazy dog": 2}, map[string]float64{"f7bc83f43053": 2},
		},
		"hash: of the id's own bytes": {hashed, map[string]int{"\xff": 2, "\xfe": 1}, map[string]float64{"b666d53a97d5": 2, "3d33a19f2356": 1}},
		"two long ids with the same beginning stay two": {
			raw(50),
			map[string]int{longA: 3, longB: 2},
			map[string]float64{strings.Repeat("x", 115) + "~aef70585f2b7": 3, strings.Repeat("x", 115) + "~10f21ced66e8": 2},
		},
		"an id that is longer than the service allows is one device": {
			hashed, map[string]int{longA: 2, strings.Repeat("é", 64): 1}, map[string]float64{"d093d4664901": 2, "b75fa6d999ba": 1},
		},
		"labels that become equal are added up": {
			raw(50), map[string]int{"a\xff": 3, "a\xfe": 2, "a\ufffd": 1, "b": 4}, map[string]float64{"a\ufffd": 6, "b": 4},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := checkParts(t, test.options, times(test.sessions)); !maps.Equal(got, test.shown) {
				t.Errorf("shown %v, want %v", got, test.shown)
			}
		})
	}
}

// checkParts asserts what holds for every list: the parts of a population add up, and the devices that are shown are those that
// counting by hand gives, which it returns.
func checkParts(t *testing.T, options collector.DeviceOptions, sessions []faceclient.Session) (byLabel map[string]float64) {
	t.Helper()
	target := newTarget(walks(lists(page{sessions: sessions})), devices(options))
	stop := run(t, target)
	collector.EnsureFresh(context.Background(), target)
	stop()
	values := shown(t, target)
	counts, without := map[string]int{}, 0
	for _, session := range sessions {
		if len(session.DeviceID) == 0 {
			without++
		} else {
			counts[string(session.DeviceID)]++
		}
	}
	values.want(t, "sessions", float64(len(sessions)))
	values.want(t, "sessions_without_device", float64(without))
	values.want(t, "devices", float64(len(counts)))
	values.want(t, "sessions_per_device_count", float64(len(counts)))
	values.want(t, "sessions_per_device_sum", float64(len(sessions)-without))

	ranked := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	limit := min(options.Top, len(ranked))
	if options.Label == collector.DeviceNone {
		limit = 0
	}
	want, sum := 0.0, 0.0
	byLabel = map[string]float64{}
	for name, value := range values {
		quoted, is := strings.CutPrefix(name, "face_liveness_device_sessions{device_correlation_id=")
		if !is {
			continue
		}
		label, err := strconv.Unquote(strings.TrimSuffix(quoted, "}"))
		byLabel[label], sum = value, sum+value
		if err != nil || !utf8.ValidString(label) || utf8.RuneCountInString(label) > 128 {
			t.Errorf("label %q", label)
		}
	}
	for _, id := range ranked[:limit] {
		want += float64(counts[id])
		short := utf8.ValidString(id) && utf8.RuneCountInString(id) <= 128
		if options.Label == collector.DeviceRaw && short && byLabel[id] < float64(counts[id]) {
			t.Errorf("%q has %v sessions, want %d", id, byLabel[id], counts[id])
		}
	}
	if sum != want {
		t.Errorf("%v sessions of devices are shown, want %v", sum, want)
	}
	values.want(t, "device_sessions_other", float64(len(sessions)-without)-want)
	return byLabel
}

func TestPartsAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	labels := []collector.DeviceLabel{collector.DeviceRaw, collector.DeviceHash, collector.DeviceNone}
	for range 100 {
		pool := append(hostile(), "")
		for i := range random.IntN(60) {
			uuid := fmt.Sprintf("%08x-0a38-4d4e-9a5f-%012x", random.Uint32(), i)
			pool = append(pool, fmt.Sprintf("device-%d", i), uuid, strings.ToUpper(uuid), uuid[:35])
		}
		random.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
		var ids []string
		for range random.IntN(500) {
			ids = append(ids, pool[random.IntN(1+random.IntN(len(pool)))]) // the lower an index, the more sessions
		}
		options := collector.DeviceOptions{Top: random.IntN(30), Label: labels[random.IntN(3)], HashKey: []byte("key")}
		if checkParts(t, options, of(ids...)); t.Failed() {
			t.Fatalf("with %+v and %d sessions", options, len(ids))
		}
	}
}
