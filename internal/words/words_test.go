package words_test

import (
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/internal/words"
)

func TestNumbers(t *testing.T) {
	for want, got := range map[string]string{
		"0": words.Count(0), "999": words.Count(999), "1,000": words.Count(999.5), "1,234,567": words.Count(1234567),
		"≈ 1,000": words.About(1000, true), "12": words.About(12, false), "1 page": words.Many(1, "page"), "0 pages": words.Many(0.4, "page"), "1,001 pages": words.Many(1001, "page"),
		"0.00": words.Money(0), "under 0.01": words.Money(0.009), "0.01": words.Money(0.01), "1,234.50": words.Money(1234.5),
		"1": words.Price(1), "0.375": words.Price(0.375), "2 s": words.Seconds(1.6),
		"0 %": words.Percent(0), "under 0.1 %": words.Percent(0.0009), "12.3 %": words.Percent(0.1234), "over 99.9 %": words.Percent(0.9999), "100 %": words.Percent(1),
	} {
		if plain(got) != want {
			t.Errorf("wrote %q, want %q", got, want)
		}
	}
}

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 ms", 999 * time.Millisecond: "999 ms", time.Second: "1 s", 1990 * time.Millisecond: "1.9 s", 59900 * time.Millisecond: "59 s",
		time.Minute: "1 min", 107 * time.Second: "1 min 47 s", time.Hour: "1 h", 5*time.Hour + 59*time.Second: "5 h", 90 * time.Minute: "1 h 30 min",
		24 * time.Hour: "1 d", 47 * time.Hour: "1 d 23 h", 1000 * time.Hour: "41 d 16 h",
	} {
		if got := plain(words.Span(d)); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
	if now, later := words.Ago(900*time.Millisecond), plain(words.Ago(2900*time.Millisecond)); now != "just now" || later != "2 s ago" {
		t.Errorf("wrote %q and %q", now, later)
	}
}

// plain has usual spaces.
func plain(text string) string { return strings.ReplaceAll(text, words.Space, " ") }
