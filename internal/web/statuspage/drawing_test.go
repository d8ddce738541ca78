package statuspage_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"face_liveness_exporter/internal/web/statuspage"
)

// measure reads a length of a drawing.
func measure(t *testing.T, node *html.Node, name string) float64 {
	t.Helper()
	written, _ := attribute(node, name)
	value, err := strconv.ParseFloat(strings.TrimSuffix(written, "%"), 64)
	if err != nil {
		t.Errorf("%s of a <%s>: %v", name, node.Data, err)
	}
	return value
}

func TestBar(t *testing.T) {
	for _, test := range []struct {
		name                         string
		sessions, expired, abandoned uint64
		want                         map[string]float64 // width in percent
	}{
		{"parts", 1000, 900, 200, map[string]float64{"active": 10, "expired": 70, "abandoned": 20}},
		{"active alone", 10, 0, 0, map[string]float64{"active": 100}},
		{"abandoned alone", 10, 10, 10, map[string]float64{"abandoned": 100}},
		{"one in a million is seen", 1_000_000, 999_999, 0, map[string]float64{"active": 0.79, "expired": 99.21}},
		{"none", 0, 0, 0, map[string]float64{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			card, _ := cardOf(t, with(healthy(), func(l *statuspage.List) {
				l.Snapshot.Sessions, l.Snapshot.Expired, l.Snapshot.Abandoned = test.sessions, test.expired, test.abandoned
			}))
			got, end := map[string]float64{}, 0.0
			for _, part := range find(find(card, byClass("svg", "bar"))[0], byTag("rect")) {
				class, _ := attribute(part, "class")
				got[class] = measure(t, part, "width")
				if x := measure(t, part, "x"); math.Abs(x-end) > 0.02 {
					t.Errorf("%s begins at %v, want %v", class, x, end)
				}
				end += got[class]
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("drawn are %v, want %v", got, test.want)
			}
		})
	}
}

func TestColumns(t *testing.T) {
	l := healthy()
	drawing := func() *html.Node {
		card, _ := cardOf(t, l)
		return find(card, byClass("svg", "columns"))[0]
	}
	columns := find(drawing(), byTag("rect"))
	want := []string{
		"2 to 5 min: 2,345, 19.0 %", "5 to 10 min: 9,000, 72.9 %", "15 to 30 min: 900, 7.3 %", "12 h to 1 d: 100, 0.8 %",
	}
	if got := texts(columns); !slices.Equal(got, want) {
		t.Errorf("columns\n%q, want\n%q", got, want)
	}
	for i, height := range []float64{14.07, 54, 5.4, 2} { // of 54; 2 is the least that is seen
		if got := measure(t, columns[i], "height"); got != height {
			t.Errorf("column %d is %v high, want %v", i, got, height)
		}
		if bottom := measure(t, columns[i], "y") + measure(t, columns[i], "height"); math.Abs(bottom-56) > 0.01 {
			t.Errorf("column %d ends at %v", i, bottom)
		}
	}
	if ticks := texts(find(drawing(), byTag("text"))); !slices.Equal(ticks, []string{"2m", "10m", "30m", "2h", "8h", "24h"}) {
		t.Errorf("ticks %q", ticks)
	}
	for range 7 {
		l.Snapshot.TTL.Observe(86401)
	}
	if last := texts(find(drawing(), byTag("rect")))[4]; last != "more than 1 d: 7, under 0.1 %" {
		t.Errorf("beyond the last bound: %q", last)
	}
}

func TestDevices(t *testing.T) {
	card, _ := cardOf(t, healthy())
	list := find(card, byClass("ol", "devices"))[0]
	want := []string{"7f9c24e5-0f4d-4f8e-9c55-1b7a35ce2b01 500", "device-2 400", "device-3 250", "device-4 100", "device-5 60"}
	if got := texts(find(list, byTag("li"))); !slices.Equal(got, want) {
		t.Errorf("devices %q, want %q", got, want)
	}
	for i, bar := range find(list, byTag("rect")) {
		if got := measure(t, bar, "width"); got != []float64{100, 80, 50, 20, 12}[i] {
			t.Errorf("bar %d is %v wide", i, got)
		}
	}
	blank, _ := cardOf(t, with(healthy(), func(l *statuspage.List) { l.Snapshot.TopDevices[0].Label = "  " }))
	if got := texts(find(blank, byTag("li"))); !slices.ContainsFunc(got, func(row string) bool { return row == `" " 500` }) {
		t.Errorf("a blank name is shown as nothing: %q", got)
	}
}
