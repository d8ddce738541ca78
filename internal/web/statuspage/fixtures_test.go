package statuspage_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/html"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/web/statuspage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func now() time.Time { return time.Date(2025, time.March, 12, 12, 0, 0, 0, time.UTC) }

// page holds these lists and nothing of note beside them.
func page(lists ...statuspage.List) statuspage.Page {
	return statuspage.Page{
		Now: now(), Started: now().Add(-90 * time.Minute), Version: "1.2.3",
		Links: []statuspage.Link{{Path: "/metrics", Text: "Metrics"}}, Lists: lists,
	}
}

// healthy is a list that is as it should be; its walk took 12 s.
func healthy() statuspage.List {
	s := &collector.Snapshot{
		Ended: collector.Instant{Monotonic: 12 * time.Second}, Pages: 13, Coverage: 1,
		Sessions: 12345, Expired: 11111, Started: 10790, Abandoned: 321,
		Devices: 4321, OtherDeviceSessions: 10000, WithoutDevice: 1000,
		TTL: collector.NewHistogram([]float64{60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400}),
	}
	for ttl, sessions := range map[float64]int{300: 2345, 600: 9000, 1800: 900, 86400: 100} {
		for range sessions {
			s.TTL.Observe(ttl)
		}
	}
	for i, sessions := range []uint64{500, 400, 250, 100, 60, 35} {
		s.TopDevices = append(s.TopDevices, collector.DeviceCount{Label: "device-" + string(rune('1'+i)), Sessions: sessions})
	}
	return statuspage.List{
		State: collector.State{
			Resource: "contoso-prod", Operation: faceclient.DetectLiveness,
			Settings: collector.Settings{Devices: collector.DeviceOptions{Top: 50}},
			Snapshot: s, Shown: true, Age: 2 * time.Minute, Interval: 5 * time.Minute, DueIn: 107 * time.Second,
			Health: collector.Health{Up: true, Refreshes: 18, LastEnded: now().Add(-2 * time.Minute), LastDuration: 12 * time.Second},
		},
		Host: "contoso-prod.cognitiveservices.azure.com", Requests: 234, Billed: 230, Price: 1.5,
	}
}

// unread is a list that nobody has asked for yet.
func unread(l *statuspage.List) {
	l.Snapshot, l.Shown, l.Age, l.DueIn, l.Health, l.Requests, l.Billed = nil, false, 0, 0, collector.Health{}, 0, 0
}

// failing makes the last three refreshes fail, while the snapshot can still be shown.
func failing(err error) func(*statuspage.List) {
	return func(l *statuspage.List) {
		l.Health.Up, l.Health.LastError, l.Health.FailuresInRow = false, err, 3
		l.Health.LastEnded, l.DueIn = now().Add(-20*time.Second), 40*time.Second
	}
}

// changed is the healthy list after changes.
func changed(changes ...func(*statuspage.List)) statuspage.List {
	l := healthy()
	for _, change := range changes {
		change(&l)
	}
	return l
}

// parsed is a page as a browser reads it.
func parsed(t *testing.T, p statuspage.Page) *html.Node {
	t.Helper()
	response := httptest.NewRecorder()
	statuspage.New().Answer(response, p)
	root, err := html.Parse(response.Body)
	if err != nil || response.Code != 200 {
		t.Fatalf("answers %d, %v", response.Code, err)
	}
	return root
}

// find returns the elements with this name and class, in the order of the page; "" stands for any.
func find(root *html.Node, tag, class string) (found []*html.Node) {
	for node := range root.Descendants() {
		if node.Type == html.ElementNode && (tag == "" || node.Data == tag) && (class == "" || attribute(node, "class") == class) {
			found = append(found, node)
		}
	}
	return found
}

// attribute is the value of an attribute, or "none".
func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return "none"
}

// text is what can be read in each of the elements, with single spaces, and a line between them.
func text(roots ...*html.Node) string {
	texts := make([]string, len(roots))
	for i, root := range roots {
		var all strings.Builder
		for node := range root.Descendants() {
			switch {
			case node.Type == html.TextNode && node.Parent.Data != "script" && node.Parent.Data != "style":
				all.WriteString(node.Data)
			case node.Data == "li" || node.Data == "dt" || node.Data == "dd" || node.Data == "text":
				all.WriteByte(' ') // stand apart
			}
		}
		texts[i] = strings.Join(strings.Fields(all.String()), " ")
	}
	return strings.Join(texts, " | ")
}

// cardOf is the card of the page with this list alone.
func cardOf(t *testing.T, l statuspage.List) *html.Node {
	t.Helper()
	return find(parsed(t, page(l)), "article", "")[0]
}

// wantParts fails unless a text holds the wanted parts, and none of those that begin with a "!".
func wantParts(t *testing.T, text string, parts []string) {
	t.Helper()
	for _, part := range parts {
		unwanted, not := strings.CutPrefix(part, "!")
		if strings.Contains(text, unwanted) == not {
			t.Errorf("want %q in\n%s", part, text)
		}
	}
}
