package statuspage_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/web/statuspage"
)

// anchor leads to a card of the page, whatever its name is.
var anchor = regexp.MustCompile(`^#[A-Za-z0-9_.-]+$`)

// elements counts the elements of a page by name, and fails where one of them can run or load anything.
func elements(t *testing.T, root *html.Node) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, node := range find(root, func(*html.Node) bool { return true }) {
		counts[node.Data]++
		for _, a := range node.Attr {
			local := strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "//")
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "src", a.Key == "srcset", a.Key == "action":
				t.Errorf("<%s> has %s=%q", node.Data, a.Key, a.Val)
			case a.Key == "href" && !local && !anchor.MatchString(a.Val) && !strings.HasPrefix(a.Val, "data:image/svg+xml,"):
				t.Errorf("<%s> leads to %q", node.Data, a.Val)
			}
		}
	}
	return counts
}

func TestHostileText(t *testing.T) {
	disguised := func(text string) statuspage.Page {
		l := failing(&faceclient.Error{Code: text, Status: 599, Detail: faceclient.Detail(text), Before: &faceclient.Error{Code: text}})
		l.Resource, l.Operation, l.Host = text, faceclient.Operation(text), text
		for i := range l.Snapshot.TopDevices {
			l.Snapshot.TopDevices[i].Label = text
		}
		p := page(l)
		p.Version = text
		p.Links = []statuspage.Link{{Path: "/metrics", Text: text}}
		return p
	}
	plain, root := elements(t, parsed(t, disguised("text"))), parsed(t, disguised(hostile))
	if got := elements(t, root); fmt.Sprint(got) != fmt.Sprint(plain) {
		t.Errorf("a hostile text changes the page from\n%v to\n%v", plain, got)
	}
	want := strings.Join(strings.Fields(strings.ReplaceAll(hostile, "\x00", "\ufffd")), " ")
	device := find(find(root, byClass("ol", "devices"))[0], byTag("bdi"))[0]
	if got := text(device); got != want {
		t.Errorf("a device is shown as\n%q, want\n%q", got, want)
	}
	if heading := text(find(root, byTag("h2"))[0]); heading != want {
		t.Errorf("a resource is shown as\n%q, want\n%q", heading, want)
	}
}

func TestHeaders(t *testing.T) {
	response := httptest.NewRecorder()
	statuspage.New().Answer(response, page(healthy()))
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
	} {
		if got := response.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	policy := response.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none';") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	root, err := html.Parse(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"style", "script"} {
		found := find(root, byTag(tag))
		if len(found) != 1 {
			t.Fatalf("%d <%s>", len(found), tag)
		}
		sum := sha256.Sum256([]byte(found[0].FirstChild.Data))
		if allowed := tag + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, allowed+";") {
			t.Errorf("the policy does not allow the page's own <%s>: %s", tag, policy)
		}
	}
}

var (
	schemes  = regexp.MustCompile(`(?s):root \{(.*?)\}`)
	variable = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`)
)

// Every colour that text has can be read on every ground that it stands on, in both schemes (WCAG 2.2, 1.4.3).
func TestContrast(t *testing.T) {
	style := find(parsed(t, page()), byTag("style"))[0].FirstChild.Data
	found := schemes.FindAllStringSubmatch(style, -1)
	if len(found) != 2 {
		t.Fatalf("%d colour schemes", len(found))
	}
	for i, scheme := range []string{"light", "dark"} {
		colours := map[string]string{}
		for _, match := range variable.FindAllStringSubmatch(found[i][1], -1) {
			colours[match[1]] = match[2]
		}
		for ground, inks := range map[string][]string{
			"ground":        {"ink", "soft", "accent", "bad"},
			"card":          {"ink", "soft", "notice"},
			"tint":          {"ink"},
			"good-ground":   {"good"},
			"notice-ground": {"notice"},
			"begun-ground":  {"begun"},
			"bad-ground":    {"bad", "ink"},
		} {
			for _, ink := range inks {
				if ratio := contrast(t, colours[ink], colours[ground]); ratio < 4.5 {
					t.Errorf("%s: %s on %s has %.2f, want at least 4.5", scheme, ink, ground, ratio)
				}
			}
		}
		for _, part := range []string{"active", "expired", "abandoned"} { // not text: 1.4.11
			if ratio := contrast(t, colours[part], colours["card"]); ratio < 3 {
				t.Errorf("%s: %s on the card has %.2f, want at least 3", scheme, part, ratio)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	lighter, darker := luminance(t, a), luminance(t, b)
	if lighter < darker {
		lighter, darker = darker, lighter
	}
	return (lighter + 0.05) / (darker + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	value, err := strconv.ParseUint(colour, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	linear := func(channel uint64) float64 {
		share := float64(channel&0xff) / 255
		if share <= 0.04045 {
			return share / 12.92
		}
		return math.Pow((share+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(value>>16) + 0.7152*linear(value>>8) + 0.0722*linear(value)
}
