package statuspage_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"face_liveness_exporter/internal/web/statuspage"
)

// attributes are those of each of the elements, with spaces between.
func attributes(nodes []*html.Node, names ...string) (all []string) {
	for _, node := range nodes {
		values := make([]string, len(names))
		for i, name := range names {
			values[i] = attribute(node, name)
		}
		all = append(all, strings.Join(values, " "))
	}
	return all
}

func TestBar(t *testing.T) {
	for name, test := range map[string]struct {
		sessions, expired, abandoned uint64
		want                         string // x and width of each part
	}{
		"parts":                    {1000, 900, 200, "expired 0% 100%, active 0% 10%, abandoned 80% 20%"},
		"active alone":             {10, 0, 0, "expired 0% 100%, active 0% 100%, abandoned 100% 0%"},
		"abandoned alone":          {10, 10, 10, "expired 0% 100%, active 0% 0%, abandoned 0% 100%"},
		"one in a million is seen": {1_000_000, 999_999, 999_998, "expired 0% 100%, active 0% 0.8%, abandoned 0.8% 99.2%"},
		"none":                     {0, 0, 0, "expired 0% 0%, active 0% 0%, abandoned 100% 0%"},
	} {
		t.Run(name, func(t *testing.T) {
			card := cardOf(t, changed(func(l *statuspage.List) {
				l.Snapshot.Sessions, l.Snapshot.Expired, l.Snapshot.Abandoned = test.sessions, test.expired, test.abandoned
			}))
			bar := find(find(card, "svg", "bar")[0], "rect", "")
			if got := strings.Join(attributes(bar, "class", "x", "width"), ", "); got != test.want {
				t.Errorf("drawn is %s, want %s", got, test.want)
			}
		})
	}
}

func TestColumns(t *testing.T) {
	card := cardOf(t, changed(func(l *statuspage.List) {
		for range 7 {
			l.Snapshot.TTL.Observe(86401)
		}
	}))
	drawing := find(card, "svg", "columns")[0]
	wantText(t, find(drawing, "title", ""), "2 min to 5 min: 2,345, 19.0 % | 5 min to 10 min: 9,000, 72.9 % | 15 min to 30 min: 900, 7.3 % | 12 h to 1 d: 100, 0.8 % | more than 1 d: 7, under 0.1 %")
	wantText(t, find(drawing, "text", ""), "2 min | 10 min | 30 min | 2 h | 8 h | 1 d")
	heights := attributes(find(drawing, "rect", ""), "height", "y")
	if want := []string{"26.06% 73.94%", "100% 0%", "10% 90%", "3% 97%", "3% 97%"}; !slices.Equal(heights, want) {
		t.Errorf("heights %q, want %q", heights, want)
	}
}

func TestDevices(t *testing.T) {
	list := find(cardOf(t, changed(func(l *statuspage.List) { l.Snapshot.TopDevices[1].Label = "  " })), "ol", "devices")[0]
	wantText(t, find(list, "li", ""), `device-1 500 | " " 400 | device-3 250 | device-4 100 | device-5 60`)
	if got, want := attributes(find(list, "rect", ""), "width"), []string{"100%", "80%", "50%", "20%", "12%"}; !slices.Equal(got, want) {
		t.Errorf("bars %q, want %q", got, want)
	}
}

func wantText(t *testing.T, nodes []*html.Node, want string) {
	t.Helper()
	if got := text(nodes...); got != want {
		t.Errorf("shown is\n%s, want\n%s", got, want)
	}
}
