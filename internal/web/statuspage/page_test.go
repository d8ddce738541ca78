package statuspage_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/web/statuspage"
)

func TestTotals(t *testing.T) {
	estimate := func(l *statuspage.List) { l.Snapshot.Coverage, l.Price = 0.5, 0.5 }
	flows := func(expired, neverStarted float64) func(*statuspage.List) {
		return func(l *statuspage.List) {
			l.LastFlows = collector.Flows{Expirations: expired, Abandonments: neverStarted, Window: 300}
		}
	}
	for name, test := range map[string]struct {
		page statuspage.Page
		want []string
	}{
		"nothing": {page(), []string{
			"No resource is configured.", "Listed sessions – in 0 lists", "Requests since the start 0 cost 0.00 Requests in 30 days – known after the first refresh",
			"As of 2025-03-12 12:00:00 UTC. Started 1 h 30 min ago, version 1.2.3. Last scrape: never.", "split the metric TotalCalls", "!demo", "!reload",
		}},
		"one": {page(healthy()), []string{
			"1 list up to date", "Listed sessions 12,345 in 1 list Never started, last refresh – known after the second refresh Requests since the start 234 cost 0.35 Requests in 30 days ≈ 112,320 cost 168.48 if",
		}},
		"several": {page(healthy(), changed(estimate), changed(unread), changed(failing(errors.New("no")))), []string{
			"1 list failing or too old 1 list not read yet 2 lists up to date", "Listed sessions ≈ 49,380 in 3 of 4 lists, some of them estimated", "Requests since the start 702 cost 0.81",
			"≈ 336,960 cost 393.12 if scraped at every interval; known for 3 of 4 lists",
		}},
		"what happened last":   {page(changed(flows(64, 30)), changed(flows(64, 2))), []string{"Never started, last refresh 25.0 % of 128 that expired between the last two refreshes"}},
		"little happened last": {page(changed(flows(20, 1))), []string{"Never started, last refresh 1 of 20 that expired"}},
		"a demo": {statuspage.Page{Now: now(), Started: now(), LastScrape: now().Add(-7 * time.Second), ReloadRefused: now().Add(-3 * time.Minute), Simulated: true}, []string{
			"This is a demo", "cost nothing", "Last scrape: 7 s ago.", "The last reload, 3 min ago, was refused", "!TotalCalls",
		}},
	} {
		t.Run(name, func(t *testing.T) { wantParts(t, text(parsed(t, test.page)), test.want) })
	}
}

// Many cards are folded and can be filtered; those that fail come first. Each has an address.
func TestManyLists(t *testing.T) {
	lists := make([]statuspage.List, 9)
	for i := range lists {
		lists[i] = changed(func(l *statuspage.List) { l.Resource = fmt.Sprintf("contoso %d", i) })
	}
	failing(&faceclient.Error{Code: "401", Status: 401})(&lists[8])
	for n, want := range map[int]string{9: "contoso 8, folded, filter", 6: "contoso 0, open"} {
		root := parsed(t, page(lists[:n]...))
		card := find(root, "article", "")[0]
		link := find(card, "a", "")[0]
		got := text(link) + ", " + map[string]string{"none": "folded", "": "open"}[attribute(find(card, "details", "")[0], "open")]
		if len(find(root, "input", "")) == 1 {
			got += ", filter"
		}
		if got != want {
			t.Errorf("%d cards: %s, want %s", n, got, want)
		}
		if to, err := url.PathUnescape(attribute(link, "href")); err != nil || to != "#"+attribute(card, "id") || strings.Contains(to, " ") {
			t.Errorf("the card %q has the address %q", attribute(card, "id"), to)
		}
	}
}
