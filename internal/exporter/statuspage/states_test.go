package statuspage_test

import (
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/explain"
	"face_liveness_exporter/internal/exporter/statuspage"
)

func TestStates(t *testing.T) {
	forbidden := statuspage.Failure{Code: "UnsupportedFeature", Status: 403, Meaning: "access is not granted", Remedy: "apply for it"}
	aged := func(age time.Duration) func(*statuspage.List) {
		return func(l *statuspage.List) { l.Snapshot.Ended = now().Add(-age) }
	}
	tooOld := func(l *statuspage.List) { aged(3 * time.Hour)(l); l.Shown = false }
	tests := []struct {
		name     string
		list     statuspage.List
		class    string
		want     []string
		unwanted []string
	}{
		{
			"healthy", healthy(), "good",
			[]string{
				"contoso-prod Up to date detectLiveness · contoso-prod.cognitiveservices.azure.com", "12,345 listed as of 2 min ago",
				"1,234 active", "11,111 expired", "321 of these never started (2.9 %)", "72 % over 5 min, up to 10 min", "of 4,321 devices",
				"Snapshot 2 min old, 13 pages in 12 s", "Last refresh succeeded 2 min ago, took 12 s; due after 5 min",
				"234 requests, 230 billed, cost 0.34 at your price of 1.50 per 1,000", "≈ 112,320 requests, cost 168.48; 13 pages every 5 min",
			},
			[]string{"stimate", "What it means", "scrape"},
		},
		{"up to date until two intervals", with(healthy(), aged(10*time.Minute)), "good", []string{"as of 10 min ago"}, []string{"newer"}},
		{
			"old", with(healthy(), aged(40*time.Minute)), "notice",
			[]string{"Old", "A newer list was due 35 min ago.", "check that Prometheus scrapes", "12,345 listed as of 40 min ago"},
			nil,
		},
		{
			"old and being renewed", with(healthy(), func(l *statuspage.List) { aged(40 * time.Minute)(l); l.Refreshing = true }), "notice",
			[]string{"A refresh is under way."},
			[]string{"check that Prometheus"},
		},
		{
			"too old", with(healthy(), tooOld), "bad",
			[]string{"Too old", "from 3 h ago", "no sessions", "3 h old", "≈ 112,320 requests"},
			[]string{"12,345", "device", "What it means"},
		},
		{
			"failing", failing(forbidden), "bad",
			[]string{
				"Refresh fails", "last complete list, from 2 min ago", "UnsupportedFeature HTTP 403 20 s ago, 3 in a row",
				"What it means Access is not granted. What to do Apply for it. The first scrape after 40 s tries again.",
				"12,345 listed", "failed 20 s ago",
			},
			[]string{"In detail"},
		},
		{"failing and tried again", with(failing(forbidden), func(l *statuspage.List) { l.Refreshing = true }), "bad", []string{"It is being tried again now."}, []string{"tries again"}},
		{"failing and not scraped", with(failing(forbidden), func(l *statuspage.List) { l.RetryAt = now().Add(-time.Hour) }), "bad", []string{"The next scrape tries again."}, nil},
		{"failing and too old", with(failing(forbidden), tooOld), "bad", []string{"Failing, too old", "from 3 h ago", "Apply for it."}, []string{"12,345", "device"}},
		{
			"failing from the start", with(empty(), func(l *statuspage.List) {
				l.Failure, l.FailuresInRow, l.Refreshes, l.LastEnded = &forbidden, 1, 1, now()
			}), "bad",
			[]string{"Failing, no list", "No walk has succeeded yet", "HTTP 403 just now", "not known yet"},
			[]string{"in a row", "listed"},
		},
		{"not read yet", empty(), "begun", []string{"Not read yet", "The next scrape starts the first walk.", "Snapshot none yet", "Last refresh none yet", "In 30 days not known yet"}, []string{"listed", "What it means"}},
		{"first walk", with(empty(), func(l *statuspage.List) { l.Refreshing = true }), "begun", []string{"First walk goes on", "being read for the first time"}, []string{"next scrape"}},
		{
			"estimate", with(healthy(), func(l *statuspage.List) {
				l.Snapshot.Coverage, l.Budget, l.Snapshot.Sessions = 0.034, 50_000, 1_234_567.4
			}), "good",
			[]string{
				"≈ 1,234,567 listed Estimate from 3.4 % of the list", "≈ 11,111 expired", "≈ 321 of these never started", "≈ 500", "≈ 10,035 of other devices",
				"budget of the resource 50,000",
			},
			[]string{"4,321"}, // the number of devices cannot be estimated
		},
		{"estimate from nearly all", with(healthy(), func(l *statuspage.List) { l.Snapshot.Coverage = 0.9999 }), "good", []string{"Estimate from over 99.9 % of the list"}, nil},
		{"more than the budget", with(healthy(), func(l *statuspage.List) { l.Overspent = true }), "good", []string{"the ids are not random"}, nil},
		{
			"no sessions", with(healthy(), func(l *statuspage.List) {
				l.Snapshot = &statuspage.Snapshot{Ended: now().Add(-time.Second), Pages: 1, Coverage: 1}
			}), "good",
			[]string{"0 listed as of 1 s ago", "0 active", "0 expired", "1 page in", "≈ 8,640 requests"},
			[]string{"TTL", "device", "NaN", "Inf", "%"},
		},
		{
			"no device may be shown", with(healthy(), func(l *statuspage.List) { l.Snapshot.TopDevices = nil }), "good",
			[]string{"of 4,321 devices", "None is shown by itself (devices.label, devices.top). Sessions: 10,000 of other devices, 1,000 without a device"},
			[]string{"7f9c24e5"},
		},
		{
			"no session names a device", with(healthy(), func(l *statuspage.List) {
				l.Snapshot.TopDevices, l.Snapshot.OtherDeviceSessions, l.Snapshot.Devices = nil, 0, 0
			}), "good",
			[]string{"No session names a device."},
			nil,
		},
		{"a service that bills nothing by its own word", with(healthy(), func(l *statuspage.List) { l.Billed = 0 }), "good", []string{"234 requests, cost 0.35 at"}, []string{"billed"}},
		{"refused requests cost nothing", with(empty(), func(l *statuspage.List) { l.Requests = 5000 }), "begun", []string{"5,000 requests, cost 0.00 at"}, nil},
		{"a little money", with(healthy(), func(l *statuspage.List) { l.Requests, l.Billed, l.Price = 2, 2, 0.375 }), "good", []string{"2 requests, cost under 0.01 at your price of 0.375 per 1,000"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			card, got := cardOf(t, test.list)
			if class, _ := attribute(card, "class"); class != test.class {
				t.Errorf("the card is %q, want %q", class, test.class)
			}
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
			for _, unwanted := range test.unwanted {
				if strings.Contains(got, unwanted) {
					t.Errorf("%q in\n%s", unwanted, got)
				}
			}
		})
	}
}

// Whatever goes wrong, the card says what it means and what to do.
func TestEveryErrorHasAMeaningAndARemedy(t *testing.T) {
	for _, code := range append(faceclient.ErrorCodes(), "418") {
		for _, status := range []int{0, 400, 401, 403, 404, 409, 418, 429, 500, 502, 503, 504} {
			e := explain.Of(&faceclient.Error{Code: code, Status: status})
			_, got := cardOf(t, failing(statuspage.Failure{Code: code, Status: status, Meaning: e.Meaning, Remedy: e.Remedy}))
			_, after, _ := strings.Cut(got, "What it means ")
			means, do, ok := strings.Cut(after, ". What to do ")
			do, _, _ = strings.Cut(do, " The first scrape")
			if !ok || len(means) < 15 || len(do) < 8 || !strings.HasSuffix(do, ".") || strings.Contains(do, ";") {
				t.Errorf("%d %s means %q, do %q", status, code, means, do)
			}
		}
	}
}

func TestDetailOfAFailure(t *testing.T) {
	_, got := cardOf(t, failing(statuspage.Failure{Code: "pagination", Meaning: "pages do not add up", Remedy: "report a bug", Detail: "nothing_new", Before: "429"}))
	if want := "Pages do not add up. Detail nothing_new Before that 429. What to do Report a bug."; !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
}

func TestSums(t *testing.T) {
	estimate := with(healthy(), func(l *statuspage.List) { l.Snapshot.Coverage, l.Price = 0.5, 0.5 })
	for _, test := range []struct {
		name string
		page statuspage.Page
		want []string
	}{
		{"nothing", page(), []string{"No resource is configured.", "Listed sessions – in 0 lists Requests since the start 0 cost 0.00 Requests in 30 days – known after the first walk"}},
		{"one", page(healthy()), []string{"1 up to date", "Listed sessions 12,345 in 1 list Requests since the start 234 cost 0.34 Requests in 30 days ≈ 112,320 cost 168.48 if"}},
		{"several", page(healthy(), estimate, empty()), []string{
			"1 not read yet 2 up to date", "Listed sessions ≈ 24,690 in 2 of 3 lists, some of them estimated Requests since the start 468 cost 0.46",
			"≈ 224,640 cost 224.64 if scraped at every interval; known of 2 of 3 lists",
		}},
		{"a demo", statuspage.Page{Now: now(), Started: now(), Simulated: true}, []string{"This is a demo", "cost nothing"}},
		{"dates", page(), []string{"As of 2025-03-12 12:00:00 UTC. Started 1 h 30 min ago, version 1.2.3."}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := text(parsed(t, test.page))
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
		})
	}
}
