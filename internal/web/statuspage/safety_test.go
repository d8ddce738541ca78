package statuspage_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/web/statuspage"
)

// hostile is a text that tries every way out of its place.
const hostile = "\u202e</title></style></script><script>alert(1)</script>\"'`><img src=x onerror=alert(2)>{{.}}&amp;\u0301\u0301\u0301\n\x00\x1b[31m"

// elements counts the elements of a page by name, and fails if one of them can run or load anything.
func elements(t *testing.T, root *html.Node) map[string]int {
	t.Helper()
	harmless := regexp.MustCompile(`^(#[\w.%+-]+|/[^/].*|data:image/svg\+xml,.*)$`)
	counts := map[string]int{}
	for _, node := range find(root, "", "") {
		counts[node.Data] += len(node.Attr) + 1
		for _, a := range node.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "href" && !harmless.MatchString(a.Val) {
				t.Errorf("<%s> has %s=%q", node.Data, a.Key, a.Val)
			}
		}
	}
	return counts
}

func TestHostileText(t *testing.T) {
	disguised := func(text string) *html.Node {
		l := changed(failing(&faceclient.Error{Code: text, Status: 599, Detail: faceclient.Detail(text), Before: &faceclient.Error{Code: text}}))
		l.Resource, l.Operation, l.Host = text, faceclient.Operation(text), text
		for i := range l.Snapshot.TopDevices {
			l.Snapshot.TopDevices[i].Label = text
		}
		p := page(l)
		p.Version, p.Links[0].Text = text, text
		return parsed(t, p)
	}
	root := disguised(hostile)
	if got, plain := elements(t, root), elements(t, disguised("text")); fmt.Sprint(got) != fmt.Sprint(plain) {
		t.Errorf("a hostile text changes the page from\n%v to\n%v", plain, got)
	}
	want := strings.Join(strings.Fields(strings.ReplaceAll(hostile, "\x00", "\ufffd")), " ")
	wantText(t, []*html.Node{find(root, "h2", "")[0], find(find(root, "ol", "devices")[0], "bdi", "")[0]}, want+" | "+want)
}

// The policy allows the page's own style and script, and nothing else.
func TestHeaders(t *testing.T) {
	response := httptest.NewRecorder()
	statuspage.New().Answer(response, page(healthy()))
	wantParts(t, fmt.Sprint(response.Header()), []string{
		"Content-Type:[text/html; charset=utf-8]", "X-Content-Type-Options:[nosniff]", "X-Frame-Options:[DENY]", "Referrer-Policy:[no-referrer]", "Cache-Control:[no-store]",
	})
	policy := response.Header().Get("Content-Security-Policy")
	wantParts(t, policy, []string{"default-src 'none';", "frame-ancestors 'none'", "!unsafe"})
	root, err := html.Parse(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"style", "script"} {
		sum := sha256.Sum256([]byte(find(root, tag, "")[0].FirstChild.Data))
		wantParts(t, policy, []string{tag + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"})
	}
}
