package statuspage_test

import (
	"fmt"
	"testing"

	"golang.org/x/net/html"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/web/statuspage"
)

// crowd is 200 resources with two operations each; one list fails.
func crowd() statuspage.Page {
	p := page()
	for i := range 400 {
		l := healthy()
		if i == 321 {
			l = failing(&faceclient.Error{Code: "401", Status: 401})
		}
		l.Resource = fmt.Sprintf("contoso-%03d", i/2)
		l.Operation = faceclient.Operations()[i%2]
		p.Lists = append(p.Lists, l)
	}
	return p
}

func TestManyLists(t *testing.T) {
	root := parsed(t, crowd())
	headings := texts(find(root, byTag("h2")))
	if len(headings) != 400 || headings[0] != "contoso-160" || headings[1] != "contoso-000" || headings[399] != "contoso-199" {
		t.Errorf("%d cards, beginning with %q", len(headings), headings[:min(2, len(headings))])
	}
	open := func(node *html.Node) bool {
		_, is := attribute(node, "open")
		return node.Data == "details" && is
	}
	if unfolded := find(root, open); len(unfolded) != 0 {
		t.Errorf("%d of 400 cards are unfolded", len(unfolded))
	}
	if body, err := statuspage.New().Render(crowd()); err != nil || len(body) > 2_000_000 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	few := parsed(t, page(healthy(), healthy()))
	if len(find(few, open)) != 2 {
		t.Error("few cards are not unfolded")
	}
	filter := func(node *html.Node) bool { id, _ := attribute(node, "id"); return id == "filter" }
	if len(find(root, filter)) != 1 || len(find(few, filter)) != 0 {
		t.Error("the field to find a card is there for few, or not for many")
	}
}

func BenchmarkRender(b *testing.B) {
	renderer, p := statuspage.New(), crowd()
	for b.Loop() {
		if _, err := renderer.Render(p); err != nil {
			b.Fatal(err)
		}
	}
}
