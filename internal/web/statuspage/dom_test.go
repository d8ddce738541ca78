package statuspage_test

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"face_liveness_exporter/internal/web/statuspage"
)

// parsed renders a page and reads it as a browser does.
func parsed(t *testing.T, p statuspage.Page) *html.Node {
	t.Helper()
	body, err := statuspage.New().Render(p)
	if err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// find returns the elements for which match holds, in the order of the page.
func find(root *html.Node, match func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for node := range root.Descendants() {
		if node.Type == html.ElementNode && match(node) {
			found = append(found, node)
		}
	}
	return found
}

func byTag(tag string) func(*html.Node) bool {
	return func(node *html.Node) bool { return node.Data == tag }
}

func byClass(tag, class string) func(*html.Node) bool {
	return func(node *html.Node) bool {
		value, _ := attribute(node, "class")
		return node.Data == tag && (value == class || strings.HasPrefix(value, class+" "))
	}
}

func attribute(node *html.Node, name string) (string, bool) {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// text is what can be read in an element, with single spaces.
func text(root *html.Node) string {
	var all strings.Builder
	var read func(*html.Node)
	read = func(node *html.Node) {
		if node.Type == html.TextNode {
			all.WriteString(node.Data)
		}
		for child := range node.ChildNodes() {
			if child.Data != "script" && child.Data != "style" {
				read(child)
			}
		}
		switch node.Data {
		case "li", "dt", "dd", "rect", "text": // stand apart
			all.WriteByte(' ')
		}
	}
	read(root)
	return strings.Join(strings.Fields(all.String()), " ")
}

// texts are what can be read in each of the elements.
func texts(nodes []*html.Node) []string {
	all := make([]string, len(nodes))
	for i, node := range nodes {
		all[i] = text(node)
	}
	return all
}

// cardOf is the card of the page with this list alone, and what can be read there.
func cardOf(t *testing.T, l statuspage.List) (*html.Node, string) {
	t.Helper()
	cards := find(parsed(t, page(l)), byTag("article"))
	if len(cards) != 1 {
		t.Fatalf("%d cards", len(cards))
	}
	return cards[0], text(cards[0])
}
