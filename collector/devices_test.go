package collector_test

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"
	dto "github.com/prometheus/client_model/go"

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

// byDevice are the values of face_liveness_device_sessions by label.
func byDevice(families map[string]*dto.MetricFamily) map[string]float64 {
	values := map[string]float64{}
	for _, metric := range families["face_liveness_device_sessions"].GetMetric() {
		for _, pair := range metric.GetLabel() {
			if pair.GetName() == "device_correlation_id" {
				values[pair.GetValue()] = metric.GetGauge().GetValue()
			}
		}
	}
	return values
}

// times makes a list with so many sessions of each device; those of different devices take turns.
func times(sessions map[string]int) []faceclient.Session {
	var ids []string
	left := maps.Clone(sessions)
	for len(left) > 0 {
		for _, id := range slices.Sorted(maps.Keys(left)) {
			ids = append(ids, id)
			if left[id]--; left[id] == 0 {
				delete(left, id)
			}
		}
	}
	return of(ids...)
}

func TestWhichDevicesAreShown(t *testing.T) {
	longA, longB := strings.Repeat("x", 128)+"A", strings.Repeat("x", 128)+"B"
	tests := []struct {
		name     string
		options  collector.DeviceOptions
		sessions map[string]int
		shown    map[string]float64
		other    float64
		distinct float64
	}{
		{
			name:     "no device at all",
			options:  collector.DeviceOptions{Top: 3, Label: collector.DeviceRaw},
			sessions: map[string]int{"": 4},
		},
		{
			name:    "UUIDs rank among other names, and are other names in capitals",
			options: collector.DeviceOptions{Top: 4, Label: collector.DeviceRaw},
			sessions: map[string]int{
				"b0000000-0a38-4d4e-9a5f-3a1d6c0f8b21": 2, "b0000000-0a38-4d4e-9a5f-3a1d6c0f8b2": 2, "B0000000-0A38-4D4E-9A5F-3A1D6C0F8B21": 2,
				"a0000000-0a38-4d4e-9a5f-3a1d6c0f8b21": 2, "b": 2, "c0000000-0a38-4d4e-9a5f-3a1d6c0f8b21": 1, "a": 1,
			},
			shown: map[string]float64{
				"B0000000-0A38-4D4E-9A5F-3A1D6C0F8B21": 2, "a0000000-0a38-4d4e-9a5f-3a1d6c0f8b21": 2, "b": 2, "b0000000-0a38-4d4e-9a5f-3a1d6c0f8b2": 2,
			},
			other:    4,
			distinct: 7,
		},
		{
			name:     "fewer than top",
			options:  collector.DeviceOptions{Top: 3, Label: collector.DeviceRaw},
			sessions: map[string]int{"a": 2, "b": 1, "": 1},
			shown:    map[string]float64{"a": 2, "b": 1},
			distinct: 2,
		},
		{
			name:     "those with most sessions",
			options:  collector.DeviceOptions{Top: 2, Label: collector.DeviceRaw},
			sessions: map[string]int{"a": 1, "b": 3, "c": 2, "d": 5, "e": 1},
			shown:    map[string]float64{"d": 5, "b": 3},
			other:    4,
			distinct: 5,
		},
		{
			name:     "ties by ascending bytes",
			options:  collector.DeviceOptions{Top: 3, Label: collector.DeviceRaw},
			sessions: map[string]int{"b": 2, "B": 2, "é": 2, "a": 2, "10": 2, "9": 2, "z": 9},
			shown:    map[string]float64{"z": 9, "10": 2, "9": 2},
			other:    8,
			distinct: 7,
		},
		{
			name:     "ties by the raw id, not by the label",
			options:  collector.DeviceOptions{Top: 1, Label: collector.DeviceRaw},
			sessions: map[string]int{"\xfe": 2, "\xf0\x9f\x93\xb1": 2, "\xff": 2}, // repaired, the first and the last are U+FFFD, below 📱
			shown:    map[string]float64{"📱": 2},
			other:    4,
			distinct: 3,
		},
		{
			name:     "none with top 0",
			options:  collector.DeviceOptions{Top: 0, Label: collector.DeviceRaw},
			sessions: map[string]int{"a": 2, "b": 1, "": 1},
			other:    3,
			distinct: 2,
		},
		{
			name:     "none with label none",
			options:  collector.DeviceOptions{Top: 50, Label: collector.DeviceNone},
			sessions: map[string]int{"a": 2, "b": 1, "": 1},
			other:    3,
			distinct: 2,
		},
		{
			name:     "a top that no list ever reaches",
			options:  collector.DeviceOptions{Top: 1 << 40, Label: collector.DeviceRaw},
			sessions: map[string]int{"a": 2, "b": 1},
			shown:    map[string]float64{"a": 2, "b": 1},
			distinct: 2,
		},
		{
			name:    "hash: the start of HMAC-SHA-256",
			options: collector.DeviceOptions{Top: 50, Label: collector.DeviceHash, HashKey: []byte("key")},
			sessions: map[string]int{
				"The quick brown fox jumps over the lazy dog": 2,
			},
			shown:    map[string]float64{"f7bc83f43053": 2},
			distinct: 1,
		},
		{
			name:    "hash: of the id's own bytes",
			options: collector.DeviceOptions{Top: 50, Label: collector.DeviceHash, HashKey: []byte("key")},
			sessions: map[string]int{
				"\xff": 2, "\xfe": 1,
			},
			shown:    map[string]float64{"b666d53a97d5": 2, "3d33a19f2356": 1},
			distinct: 2,
		},
		{
			name:     "two long ids with one beginning stay two",
			options:  collector.DeviceOptions{Top: 50, Label: collector.DeviceRaw},
			sessions: map[string]int{longA: 3, longB: 2},
			shown: map[string]float64{
				strings.Repeat("x", 115) + "~aef70585f2b7": 3,
				strings.Repeat("x", 115) + "~10f21ced66e8": 2,
			},
			distinct: 2,
		},
		{
			name:     "labels that become equal are added up",
			options:  collector.DeviceOptions{Top: 50, Label: collector.DeviceRaw},
			sessions: map[string]int{"a\xff": 3, "a\xfe": 2, "a\ufffd": 1, "b": 4},
			shown:    map[string]float64{"a\ufffd": 6, "b": 4},
			distinct: 4,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			target := counted(t, test.options, times(test.sessions))
			if got := byDevice(gather(t, resource(target))); !maps.Equal(got, test.shown) {
				t.Errorf("shown %v, want %v", got, test.shown)
			}
			values := shown(t, target)
			values.want(t, "device_sessions_other", test.other)
			values.want(t, "devices", test.distinct)
			values.want(t, "sessions_per_device_count", test.distinct)
			values.want(t, "sessions_without_device", float64(test.sessions[""]))
		})
	}
}

func TestHashedDevices(t *testing.T) {
	ids := slices.Concat([]string{"phone-of-jane-doe"}, hostile())
	ids = slices.DeleteFunc(ids, func(id string) bool { return len(id) < 6 }) // shorter ones could be in any text
	labels := func(key string, reversed bool) []string {
		sessions := of(ids...)
		if reversed {
			slices.Reverse(sessions)
		}
		options := collector.DeviceOptions{Top: len(ids), Label: collector.DeviceHash, HashKey: []byte(key)}
		families := gather(t, resource(counted(t, options, sessions)))
		for name, format := range formats() {
			text := encoded(t, families, format)
			for _, id := range ids {
				if bytes.Contains(text, []byte(id)) {
					t.Errorf("the %s exposition contains the raw id %q", name, id)
				}
			}
		}
		return slices.Sorted(maps.Keys(byDevice(families)))
	}
	first := labels("a key", false)
	if len(first) != len(ids) {
		t.Errorf("%d labels for %d devices", len(first), len(ids))
	}
	for _, label := range first {
		if len(label) != 12 || strings.Trim(label, "0123456789abcdef") != "" {
			t.Errorf("label %q is not 12 hexadecimal digits", label)
		}
	}
	if again := labels("a key", true); !slices.Equal(again, first) {
		t.Error("the same devices and key give other labels in the next walk")
	}
	for _, label := range labels("another key", false) {
		if slices.Contains(first, label) {
			t.Errorf("label %q does not depend on the key", label)
		}
	}
}

func TestLabelsAreCutToCharacters(t *testing.T) {
	var ids []string
	for _, unit := range []string{"x", "é", "📱", "\xff", "e\u0301"} {
		for _, n := range []int{63, 64, 65, 127, 128, 129, 130, 500} {
			ids = append(ids, strings.Repeat(unit, n))
		}
	}
	options := collector.DeviceOptions{Top: len(ids), Label: collector.DeviceRaw}
	got := byDevice(gather(t, resource(counted(t, options, of(ids...)))))
	for label := range got {
		if n := utf8.RuneCountInString(label); n > 128 || !utf8.ValidString(label) {
			t.Errorf("label of %d characters, valid %t: %q", n, utf8.ValidString(label), label)
		}
	}
	for _, id := range ids {
		if utf8.ValidString(id) && utf8.RuneCountInString(id) <= 128 && got[id] != 1 {
			t.Errorf("%q has %v sessions, want 1 under its own name", id, got[id])
		}
	}
}

func TestHostileDevicesParseAgain(t *testing.T) {
	families := gather(t, resource(counted(t, collector.DeviceOptions{Top: 100, Label: collector.DeviceRaw}, of(hostile()...))))
	want := byDevice(families)
	for _, id := range hostile() {
		repaired := strings.ToValidUTF8(id, "\ufffd")
		if utf8.RuneCountInString(repaired) <= 128 && want[repaired] == 0 {
			t.Errorf("no device %q", repaired)
		}
	}
	maps.DeleteFunc(families, func(name string, _ *dto.MetricFamily) bool { return !strings.Contains(name, "_device_sessions") })
	for name, format := range formats() {
		t.Run(name, func(t *testing.T) {
			again := parsedAgain(t, families, format)
			if got := byDevice(again); !maps.Equal(got, want) {
				t.Errorf("devices %v, want %v", got, want)
			}
			if len(again) != len(families) {
				t.Errorf("%d families, want %d", len(again), len(families))
			}
		})
	}
}

// checkParts asserts what holds for every list: the parts of a population add up, and the devices shown are those that
// counting by hand gives.
func checkParts(t testing.TB, options collector.DeviceOptions, sessions []faceclient.Session) {
	t.Helper()
	target := counted(t, options, sessions)
	families := gather(t, resource(target))
	values := valuesOf(families, target.Operation())

	counts := map[string]int{}
	without, expired, started := 0, 0, 0
	for _, session := range sessions {
		if len(session.DeviceID) == 0 {
			without++
		} else {
			counts[string(session.DeviceID)]++
		}
		if session.Expired {
			expired++
		}
		if session.HasStarted() {
			started++
		}
	}
	values.want(t, "sessions", float64(len(sessions)))
	values.want(t, "sessions_expired", float64(expired))
	values.want(t, "sessions_active", float64(len(sessions)-expired))
	values.want(t, "sessions_started", float64(started))
	values.want(t, "session_ttl_seconds_count", float64(len(sessions)))
	values.want(t, "session_remaining_ttl_seconds_count", float64(len(sessions)-expired))
	values.want(t, "session_start_delay_seconds_count", float64(started))
	values.want(t, "sessions_without_device", float64(without))
	values.want(t, "devices", float64(len(counts)))
	values.want(t, "sessions_per_device_count", float64(len(counts)))
	values.want(t, "sessions_per_device_sum", float64(len(sessions)-without))

	ranked := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	limit := options.Top
	if options.Label == collector.DeviceNone {
		limit = 0
	}
	want := 0.0
	for _, id := range ranked[:min(limit, len(ranked))] {
		want += float64(counts[id])
	}
	sum, shown := 0.0, byDevice(families)
	for _, id := range ranked[:min(limit, len(ranked))] {
		short := utf8.ValidString(id) && utf8.RuneCountInString(id) <= 128
		if options.Label == collector.DeviceRaw && short && shown[id] < float64(counts[id]) {
			t.Errorf("%q has %v sessions, want %d", id, shown[id], counts[id])
		}
	}
	for label, value := range shown {
		sum += value
		if !utf8.ValidString(label) || utf8.RuneCountInString(label) > 128 {
			t.Errorf("label %q", label)
		}
	}
	if sum != want {
		t.Errorf("%v sessions of devices are shown, want %v", sum, want)
	}
	values.want(t, "device_sessions_other", float64(len(sessions)-without)-want)
}

func TestPartsAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	labels := []collector.DeviceLabel{collector.DeviceRaw, collector.DeviceHash, collector.DeviceNone}
	for range 300 {
		pool := slices.Clone(hostile())
		for i := range random.IntN(60) {
			uuid := fmt.Sprintf("%08x-0a38-4d4e-9a5f-%012x", random.Uint32(), i)
			pool = append(pool, fmt.Sprintf("device-%d", i), uuid, strings.ToUpper(uuid), uuid[:35])
		}
		random.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
		pool = append(pool[:random.IntN(len(pool))], "")
		sessions := lively()[:random.IntN(5)]
		for range random.IntN(500) {
			// The lower an index, the more sessions.
			session := of(pool[random.IntN(1+random.IntN(len(pool)))])[0]
			if session.Expired = random.IntN(2) == 0; random.IntN(2) == 0 {
				session.Started = session.Created.Add(1)
			}
			sessions = append(sessions, session)
		}
		options := collector.DeviceOptions{Top: random.IntN(30), Label: labels[random.IntN(3)], HashKey: []byte("key")}
		if checkParts(t, options, sessions); t.Failed() {
			t.Fatalf("with %+v and %d sessions", options, len(sessions))
		}
	}
}

// FuzzDevices takes the lines of its input for device ids.
func FuzzDevices(f *testing.F) {
	f.Add([]byte(strings.Join(hostile(), "\n")), 5)
	f.Add([]byte("a\na\nb\n\n\xff\n\xfe"), 1)
	f.Add([]byte(""), 0)
	f.Fuzz(func(t *testing.T, lines []byte, top int) {
		top &= 0xff
		sessions := of(strings.Split(string(lines), "\n")...)
		options := collector.DeviceOptions{Top: top, Label: collector.DeviceRaw}
		checkParts(t, options, sessions)
		families := gather(t, resource(counted(t, options, sessions)))
		maps.DeleteFunc(families, func(name string, _ *dto.MetricFamily) bool { return name != "face_liveness_device_sessions" })
		for name, format := range formats() {
			if name == "OpenMetrics" && len(lines) > 200 {
				continue // its parser is slow
			}
			if got, want := byDevice(parsedAgain(t, families, format)), byDevice(families); !maps.Equal(got, want) {
				t.Errorf("%s: devices %v, want %v", name, got, want)
			}
		}
	})
}

// More devices than there is room for are not told apart, and not counted wrongly. Those that came first are.
func TestMoreDevicesThanThereIsRoomFor(t *testing.T) {
	t.Parallel()
	first := uuid.UUID{15: 1}.String()
	ids := []string{first}
	for n := range 1_100_000 {
		ids = append(ids, uuid.UUID{0: 1, 12: byte(n >> 16), 13: byte(n >> 8), 14: byte(n)}.String())
	}
	ids = append(ids, first, strings.Repeat("long", 100), "short")
	target := counted(t, collector.DeviceOptions{Top: 1, Label: collector.DeviceRaw}, of(ids...))
	snapshot := target.State().Snapshot
	if _, known := snapshot.DeviceCount(); known || !snapshot.Complete() {
		t.Errorf("%d devices of a complete list are known", snapshot.Devices)
	}
	if want := []collector.DeviceCount{{Label: first, Sessions: 2}}; !slices.Equal(snapshot.TopDevices, want) {
		t.Errorf("%v, want %v", snapshot.TopDevices, want)
	}
	if want := uint64(len(ids) - 2); snapshot.OtherDeviceSessions != want {
		t.Errorf("%d sessions of others, want %d", snapshot.OtherDeviceSessions, want)
	}
}
