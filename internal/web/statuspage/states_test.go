package statuspage_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/web/statuspage"
)

func TestStates(t *testing.T) {
	forbidden := &faceclient.Error{Code: "UnsupportedFeature", Status: http.StatusForbidden}
	aged := func(age time.Duration) func(*statuspage.List) {
		return func(l *statuspage.List) { l.Age, l.DueIn = age, max(0, 5*time.Minute-age) }
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
				"1,234 active", "11,111 expired", "321 of these never started (2.9 %)", "10,790 started", "72.9 % have a TTL of 5 to 10 min", "Top devices of 4,321",
				"Other sessions: 10,035 on other devices, 1,000 without a device",
				"Snapshot finished 2 min ago, 13 pages in 12 s", "Last refresh succeeded 2 min ago, took 12 s",
				"Next refresh in 1 min 47 s, with the next scrape, then every 5 min",
				"234 requests, 230 billed, cost 0.34 at your price of 1.50 per 1,000", "≈ 112,320 requests, cost 168.48; 13 pages every 5 min",
			},
			[]string{"stimate", "What it means", "before the last refresh", "Outcomes"},
		},
		{"up to date until two intervals", with(healthy(), aged(10*time.Minute)), "good", []string{"as of 10 min ago", "Next refresh with the next scrape"}, []string{"was due"}},
		{
			"old", with(healthy(), aged(40*time.Minute)), "notice",
			[]string{"Old", "A refresh was due 35 min ago.", "check that Prometheus scrapes", "12,345 listed as of 40 min ago"},
			nil,
		},
		{
			"old and being renewed", with(healthy(), func(l *statuspage.List) { aged(40 * time.Minute)(l); l.Health.Refreshing = true }), "notice",
			[]string{"A refresh is under way.", "Next refresh under way"},
			[]string{"check that Prometheus"},
		},
		{
			"too old", with(healthy(), tooOld), "bad",
			[]string{"Too old", "was 3 h ago", "no sessions", "finished 3 h ago", "≈ 112,320 requests"},
			[]string{"12,345", "device", "What it means"},
		},
		{
			"failing", failing(forbidden), "bad",
			[]string{
				"Refresh fails", "last complete refresh found 2 min ago", "UnsupportedFeature HTTP 403 20 s ago, 3 in a row",
				"What it means Limited access to liveness detection is not granted", "What to do Apply for it", "The first scrape after 40 s tries again.",
				"12,345 listed", "failed 20 s ago", "docs/errors.md",
			},
			[]string{"Detail"},
		},
		{"failing with a detail, and differently before", failing(&faceclient.Error{
			Code: faceclient.CodeConnection, Detail: faceclient.DetailRefused, Before: &faceclient.Error{Code: "429", Status: 429},
		}), "bad", []string{"Detail connection_refused", "Before that 429"}, nil},
		{"failing and tried again", with(failing(forbidden), func(l *statuspage.List) { l.Health.Refreshing = true }), "bad", []string{"It is being tried again now."}, []string{"tries again"}},
		{"failing and not scraped", with(failing(forbidden), func(l *statuspage.List) { l.DueIn = 0 }), "bad", []string{"The next scrape tries again."}, nil},
		{"failing and too old", with(failing(forbidden), tooOld), "bad", []string{"Failing, too old", "was 3 h ago", "Apply for it"}, []string{"12,345", "device"}},
		{
			"failing from the start", with(empty(), func(l *statuspage.List) {
				l.Health = collector.Health{LastError: forbidden, Failures: 1, FailuresInRow: 1, Refreshes: 1, LastEnded: now()}
			}), "bad",
			[]string{"Failing, no data", "No refresh has succeeded yet", "HTTP 403 just now", "not known yet"},
			[]string{"in a row", "listed"},
		},
		{
			"failing for long, and not by our fault", with(failing(&faceclient.Error{Code: "503", Status: 503}), func(l *statuspage.List) { l.Health.FailuresInRow = 5 }), "bad",
			[]string{"This has lasted for 5 refreshes.", "service health", "apim_request_id"},
			[]string{"othing, if it passes"},
		},
		{
			"no answer for long", with(failing(&faceclient.Error{Code: faceclient.CodeTimeout, Detail: faceclient.DetailNoAnswer}), func(l *statuspage.List) { l.Health.FailuresInRow = 5 }), "bad",
			[]string{"This has lasted for 5 refreshes. Check Azure's service health", "resource. Check the network, the firewall", "api.request_timeout. Look at"},
			[]string{"othing, if it passes"},
		},
		{"quota", failing(&faceclient.Error{Code: faceclient.CodeQuotaExceeded, Status: 403}), "bad", []string{"QuotaExceeded", "quota", "api.monthly_request_budget"}, nil},
		{"not read yet", empty(), "begun", []string{"Not read yet", "The next scrape starts the first refresh.", "Snapshot none yet", "Last refresh none yet", "In 30 days not known yet"}, []string{"listed", "What it means"}},
		{"first refresh", with(empty(), func(l *statuspage.List) { l.Health.Refreshing = true }), "begun", []string{"First refresh", "being read for the first time"}, []string{"starts the first"}},
		{
			"estimate", with(healthy(), func(l *statuspage.List) {
				l.Snapshot.Coverage, l.Budget = 0.034, 50_000
			}), "good",
			[]string{
				"≈ 363,088 listed Estimate from 3.4 % of the list", "≈ 326,794 expired", "≈ 9,441 of these never started", "≈ 14,706", "≈ 295,147 on other devices",
				"budget of the resource 50,000",
			},
			[]string{"4,321"}, // the number of devices cannot be estimated
		},
		{"estimate from nearly all", with(healthy(), func(l *statuspage.List) { l.Snapshot.Coverage = 0.9999 }), "good", []string{"Estimate from over 99.9 % of the list"}, nil},
		{"more than the budget", with(healthy(), func(l *statuspage.List) { l.Health.Overspent = true }), "good", []string{"can only be read as a whole"}, nil},
		{
			"no sessions", with(healthy(), func(l *statuspage.List) {
				l.Snapshot = &collector.Snapshot{Pages: 1, Coverage: 1, TTL: collector.NewHistogram(nil)}
				l.Age = time.Second
			}), "good",
			[]string{"0 listed as of 1 s ago", "0 active", "0 expired", "1 page in", "≈ 8,640 requests"},
			[]string{"TTL", "device", "NaN", "Inf", "%"},
		},
		{
			"no device may be shown", with(healthy(), func(l *statuspage.List) {
				l.Snapshot.TopDevices, l.Settings.Devices.Label = nil, collector.DeviceNone
			}), "good",
			[]string{"Top devices of 4,321", "Devices are hidden by configuration. Sessions: 10,000 on other devices, 1,000 without a device"},
			[]string{"7f9c24e5"},
		},
		{
			"devices that have other names now", with(healthy(), func(l *statuspage.List) { l.Snapshot.TopDevices = nil }), "good",
			[]string{"the next refresh shows them", "10,000 on other devices"},
			[]string{"hidden"},
		},
		{
			"no session names a device", with(healthy(), func(l *statuspage.List) {
				l.Snapshot.TopDevices, l.Snapshot.OtherDeviceSessions, l.Snapshot.Devices = nil, 0, 0
			}), "good",
			[]string{"No session names a device."},
			nil,
		},
		{
			"what happened last", with(healthy(), func(l *statuspage.List) {
				l.LastFlows = collector.Flows{Creations: 120, Starts: 70, Expirations: 64, Abandonments: 30, Window: 299.96}
			}), "good",
			[]string{"In the 5 min before the last refresh: 120 created, 70 started, 64 expired, 30 of these never started (46.9 %)"},
			nil,
		},
		{
			"nothing happened last", with(healthy(), func(l *statuspage.List) { l.LastFlows.Window = 300 }), "good",
			[]string{"0 created, 0 started, 0 expired"},
			[]string{"NaN", "expired, of these"},
		},
		{
			"outcomes", with(healthy(), func(l *statuspage.List) {
				l.Settings.Samples = 20
				l.Outcomes.Sessions[collector.RealFace], l.Outcomes.Samples[collector.RealFace] = 9000, 90
				l.Outcomes.Sessions[collector.SpoofFace], l.Outcomes.Samples[collector.SpoofFace] = 1000, 10
			}), "good",
			[]string{"Outcomes since the start: real face 90.0 % (82.3 to 94.6 %), spoof 10.0 % (5.4 to 17.7 %), uncertain 0 % (0.0 to 4.6 %)", "no result 0 % (0.0 to 4.6 %); 100 looked up", "and outcomes"},
			[]string{"match the photo"},
		},
		{
			"faces that are compared", with(healthy(), func(l *statuspage.List) {
				l.Outcomes.Sessions[collector.RealFace], l.Outcomes.Samples[collector.RealFace] = 1000, 100
				l.Outcomes.Verifications, l.Outcomes.VerificationSamples = [2]float64{50, 950}, [2]uint64{5, 95}
			}), "good", []string{"100 looked up. Faces that match the photo: 95.0 % (88.5 to 98.1 %)"}, nil,
		},
		{
			"a budget that leaves nothing for outcomes", with(healthy(), func(l *statuspage.List) { l.Settings.Samples, l.MonthlyBudget = 20, 13*8640 }), "good",
			[]string{"≈ 112,320 requests", "13 pages every 5 min, and none left for outcomes"},
			[]string{"and outcomes"},
		},
		{"a service that bills nothing by its own word", with(healthy(), func(l *statuspage.List) { l.Billed = 0 }), "good", []string{"234 requests, cost 0.35 at"}, []string{"billed"}},
		{"refused requests cost nothing", with(empty(), func(l *statuspage.List) { l.Requests = 5000 }), "begun", []string{"5,000 requests, cost 0.00 at"}, nil},
		{"a little money", with(healthy(), func(l *statuspage.List) { l.Requests, l.Billed, l.Price = 2, 2, 0.375 }), "good", []string{"2 requests, cost under 0.01 at your price of 0.375 per 1,000"}, nil},
		{"a proof that is needed once", with(healthy(), func(l *statuspage.List) { l.Snapshot.Pages, l.Snapshot.Proofs = 2, 1 }), "good", []string{"2 pages in", "≈ 8,640 requests", "1 page every 5 min"}, nil},
		{"a demo", with(healthy(), func(l *statuspage.List) { l.Interval, l.Settings.CostInterval = 5*time.Second, 5*time.Minute }), "notice", []string{"≈ 112,320 requests", "13 pages every 5 min", "Next refresh by itself, every 5 s"}, []string{"next scrape"}},
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

// A share of a handful of sessions says nothing. Where a part of the list was read, those count that were really seen.
func TestSharesOfFewSessions(t *testing.T) {
	for _, test := range []struct {
		seen     uint64
		coverage float64
		shares   int // the legend, the last refresh, five outcomes with their ranges, a column, the highest column, and the sum
	}{{1, 1, 0}, {20, 1, 0}, {20, 0.25, 0}, {21, 1, 15}, {21, 0.25, 15}} {
		expired := float64(test.seen) / test.coverage
		l := with(healthy(), func(l *statuspage.List) {
			l.Snapshot = &collector.Snapshot{
				Pages: 1, Coverage: test.coverage, Sessions: test.seen, Expired: test.seen, Abandoned: test.seen, TTL: collector.NewHistogram([]float64{600}),
			}
			for range test.seen {
				l.Snapshot.TTL.Observe(600)
			}
			l.LastFlows = collector.Flows{Expirations: expired, Abandonments: expired, Window: 300}
			l.Outcomes.Sessions[collector.RealFace], l.Outcomes.Samples[collector.RealFace] = float64(test.seen), test.seen
		})
		got := strings.ReplaceAll(text(parsed(t, page(l))), "Estimate from 25.0 %", "")
		if shares := strings.Count(got, "%"); shares != test.shares {
			t.Errorf("%d sessions of %.0f: %d shares, want %d, in\n%s", test.seen, expired, shares, test.shares, got)
		}
	}
}

// Whatever goes wrong, the card says what it means and what to do.
func TestEveryErrorHasAMeaningAndARemedy(t *testing.T) {
	for _, code := range append(faceclient.ErrorCodes(), "418") {
		for _, status := range []int{0, 400, 401, 403, 404, 409, 418, 429, 500, 502, 503, 504} {
			_, got := cardOf(t, failing(fmt.Errorf("list: %w", &faceclient.Error{Code: code, Status: status})))
			_, after, _ := strings.Cut(got, "What it means ")
			means, do, ok := strings.Cut(after, ". What to do ")
			do, _, _ = strings.Cut(do, " More about each code")
			if !ok || len(means) < 15 || len(do) < 8 || !strings.HasSuffix(do, ".") || strings.Contains(do, ";") {
				t.Errorf("%d %s means %q, do %q", status, code, means, do)
			}
		}
	}
	_, got := cardOf(t, failing(errors.New("a-secret")))
	if strings.Contains(got, "secret") || !strings.Contains(got, "What to do") {
		t.Errorf("an error of another kind is shown as\n%s", got)
	}
}

func TestSums(t *testing.T) {
	estimate := with(healthy(), func(l *statuspage.List) { l.Snapshot.Coverage, l.Price, l.Resource = 0.5, 0.5, "contoso-dev" })
	flowing := with(healthy(), func(l *statuspage.List) {
		l.LastFlows = collector.Flows{Expirations: 64, Abandonments: 30, Window: 300}
	})
	second := with(flowing, func(l *statuspage.List) {
		l.Operation, l.LastFlows.Abandonments = faceclient.DetectLivenessWithVerify, 2
	})
	for _, test := range []struct {
		name string
		page statuspage.Page
		want []string
	}{
		{"nothing", page(), []string{"No resource is configured.", "Listed sessions – in 0 lists", "Requests since the start 0 cost 0.00 Requests in 30 days – known after the first refresh"}},
		{"one", page(healthy()), []string{"1 resource up to date", "Listed sessions 12,345 in 1 list Never started, last refresh – known after the second refresh Requests since the start 234 cost 0.34 Requests in 30 days ≈ 112,320 cost 168.48 if"}},
		{"several", page(healthy(), estimate, with(empty(), func(l *statuspage.List) { l.Resource = "contoso-test" })), []string{
			"1 resource not read yet 2 resources up to date", "Listed sessions ≈ 37,035 in 2 of 3 lists, some of them estimated", "Requests since the start 468 cost 0.46",
			"≈ 224,640 cost 224.64 if scraped at every interval; known for 2 of 3 lists",
		}},
		{"two lists of a resource", page(healthy(), failing(errors.New("no"))), []string{"1 resource failing or too old Listed"}},
		{"what happened last", page(flowing, second), []string{"Never started, last refresh 25.0 % of 128 that expired between the last two refreshes"}},
		{"little happened last", page(with(healthy(), func(l *statuspage.List) {
			l.LastFlows = collector.Flows{Expirations: 3, Abandonments: 1, Window: 300}
		})), []string{"Never started, last refresh 1 of 3 that expired between the last two refreshes"}},
		{"a demo", statuspage.Page{Now: now(), Started: now(), Simulated: true}, []string{"This is a demo", "cost nothing"}},
		{"dates", page(), []string{"As of 2025-03-12 12:00:00 UTC. Started 1 h 30 min ago, version 1.2.3. Last scrape: never."}},
		{"last scrape", statuspage.Page{Now: now(), LastScrape: now().Add(-7 * time.Second)}, []string{"Last scrape: 7 s ago."}},
		{"refused reload", statuspage.Page{Now: now(), ReloadRefused: now().Add(-3 * time.Minute)}, []string{"The last reload, 3 min ago, was refused: the configuration before it stays in force."}},
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

// A link to a card holds as long as its resource has that name, and no two cards have the same.
func TestAnchorsAreByName(t *testing.T) {
	renamed := func(name string) statuspage.List {
		return with(healthy(), func(l *statuspage.List) { l.Resource = name })
	}
	var ids []string
	for _, card := range find(parsed(t, page(renamed("contoso-prod"), renamed("a b"), renamed("a/b"), failing(errors.New("no")))), byTag("article")) {
		id, _ := attribute(card, "id")
		link, _ := attribute(find(card, byTag("a"))[0], "href")
		if link != "#"+id {
			t.Errorf("%q is linked as %q", id, link)
		}
		ids = append(ids, id)
	}
	if want := []string{"contoso-prod-detectLiveness-2", "contoso-prod-detectLiveness", "a-b-detectLiveness", "a-b-detectLiveness-2"}; !slices.Equal(ids, want) {
		t.Errorf("cards %q, want %q", ids, want)
	}
}
