package statuspage_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/web/statuspage"
)

func TestCard(t *testing.T) {
	type changes = []func(*statuspage.List)
	forbidden := failing(&faceclient.Error{Code: "UnsupportedFeature", Status: http.StatusForbidden})
	refreshing := func(l *statuspage.List) { l.Health.Refreshing = true }
	often := func(l *statuspage.List) { l.Health.FailuresInRow = 5 }
	aged := func(age time.Duration) func(*statuspage.List) {
		return func(l *statuspage.List) { l.Age, l.DueIn = age, max(0, 5*time.Minute-age) }
	}
	tooOld := func(l *statuspage.List) { aged(3 * time.Hour)(l); l.Shown = false }
	estimated := func(l *statuspage.List) { l.Snapshot.Coverage, l.Budget = 0.034, 50_000 }
	nameless := func(l *statuspage.List) { l.Snapshot.TopDevices = nil }
	// Of an estimate, those sessions count that were really seen.
	few := func(n uint64, coverage float64) func(*statuspage.List) {
		return func(l *statuspage.List) {
			l.Snapshot.Coverage, l.Snapshot.TTL = coverage, collector.NewHistogram([]float64{600})
			l.Snapshot.Sessions, l.Snapshot.Expired, l.Snapshot.Abandoned = n, n, n
			for range n {
				l.Snapshot.TTL.Observe(600)
			}
			l.LastFlows = collector.Flows{Expirations: float64(n) / coverage, Abandonments: float64(n) / coverage, Window: 300}
			l.Outcomes.Sessions[collector.RealFace], l.Outcomes.Samples[collector.RealFace] = float64(n), n
		}
	}
	for name, test := range map[string]struct {
		changes changes
		class   string
		want    []string
	}{
		"healthy": {nil, "good", []string{
			"contoso-prod Up to date detectLiveness · contoso-prod.cognitiveservices.azure.com", "12,345 listed as of 2 min ago",
			"1,234 active 11,111 expired 321 of these never started (2.9 %) 10,790 started", "72.9 % have a TTL of 5 min to 10 min", "Top devices of 4,321",
			"Other sessions: 10,035 on other devices, 1,000 without a device", "Snapshot finished 2 min ago, 13 pages in 12 s", "Last refresh succeeded 2 min ago, took 12 s",
			"Next refresh in 1 min 47 s, with the next scrape, then every 5 min", "234 requests, 230 billed, cost 0.35 at your price of 1.5 per 1,000",
			"≈ 112,320 requests, cost 168.48; 13 pages every 5 min", "!stimate", "!What it means", "!before the last refresh", "!Outcomes", "!budget", "!same device id",
		}},
		"up to date until two intervals": {changes{aged(10 * time.Minute)}, "good", []string{"as of 10 min ago", "Next refresh with the next scrape", "!was due"}},
		"old":                            {changes{aged(40 * time.Minute)}, "notice", []string{"Old", "A refresh was due 35 min ago.", "check that Prometheus scrapes", "12,345 listed as of 40 min ago"}},
		"old and being renewed":          {changes{aged(40 * time.Minute), refreshing}, "notice", []string{"A refresh is under way.", "Next refresh under way", "!check that Prometheus"}},
		"too old":                        {changes{tooOld}, "bad", []string{"Too old", "was 3 h ago", "no sessions", "finished 3 h ago", "≈ 112,320 requests", "!12,345", "!device", "!What it means"}},
		"failing": {changes{forbidden}, "bad", []string{
			"Refresh fails", "last successful refresh found 2 min ago", "UnsupportedFeature HTTP 403 20 s ago, 3 in a row", "What it means Limited access to liveness detection is not granted",
			"What to do Apply for it", "The first scrape after 40 s tries again.", "12,345 listed", "failed 20 s ago", "docs/errors.md", "!Detail", "!Microsoft's support",
		}},
		"failing with a detail, and differently before": {changes{failing(&faceclient.Error{
			Code: faceclient.CodeConnection, Detail: faceclient.DetailRefused, Before: &faceclient.Error{Code: "429", Status: 429},
		})}, "bad", []string{"Detail connection_refused", "Before that 429", "!HTTP"}},
		"failing and tried again":  {changes{forbidden, refreshing}, "bad", []string{"It is being tried again now.", "!tries again"}},
		"failing and not scraped":  {changes{forbidden, func(l *statuspage.List) { l.DueIn = 0 }}, "bad", []string{"The next scrape tries again."}},
		"failing and too old":      {changes{forbidden, tooOld}, "bad", []string{"Failing, too old", "was 3 h ago", "Apply for it", "!12,345"}},
		"failing from the start":   {changes{unread, forbidden}, "bad", []string{"Failing, no data", "No refresh has succeeded yet", "not known yet", "!listed"}},
		"failing for long":         {changes{failing(&faceclient.Error{Code: "503", Status: 503}), often}, "bad", []string{"This has lasted for 5 refreshes. Check Azure's service health", "apim_request_id", "!othing, if it passes"}},
		"an error of another kind": {changes{failing(errors.New("a-secret"))}, "bad", []string{"connection 20 s ago", "What to do Check", "!secret"}},
		"an unknown code":          {changes{failing(&faceclient.Error{Code: "SomethingNew", Status: 403})}, "bad", []string{"The service refused the request with SomethingNew.", "What to do Look at this exporter's log"}},
		"not read yet":             {changes{unread}, "begun", []string{"Not read yet", "The next scrape starts the first refresh.", "Snapshot none yet", "Last refresh none yet", "In 30 days not known yet", "!listed", "!What it means"}},
		"first refresh":            {changes{unread, refreshing}, "begun", []string{"First refresh", "being read for the first time", "!starts the first"}},
		"estimate": {changes{estimated}, "good", []string{
			"≈ 363,088 listed Estimate from 3.4 % of the list", "≈ 326,794 expired", "≈ 9,441 of these never started", "≈ 14,706", "≈ 295,147 on other devices", "budget of the resource 50,000",
			"!4,321", // the number of devices cannot be estimated
		}},
		"more than the budget":         {changes{func(l *statuspage.List) { l.Health.Overspent = true }}, "good", []string{"can only be read as a whole"}},
		"too few sessions for shares":  {changes{few(20, 1)}, "good", []string{"!100 %", "20 of these never started", "20 looked up, too few for shares", "The most common TTL is up to 10 min"}},
		"too few were seen for shares": {changes{few(20, 0.25)}, "good", []string{"!100 %", "80 of these never started", "The most common TTL"}},
		"enough sessions for shares":   {changes{few(21, 0.25)}, "good", []string{"never started (100 %)", "expired, ≈ 84 of these never started (100 %)", "100 % have a TTL of", "realface 100 % ("}},
		"a clock that is wrong":        {changes{func(l *statuspage.List) { l.Health.ClockHeldBack = 2 * time.Hour }}, "notice", []string{"Counters wait", "is counted 2 h late"}},
		"no sessions": {changes{func(l *statuspage.List) {
			l.Snapshot = &collector.Snapshot{Pages: 1, Coverage: 1, TTL: collector.NewHistogram(nil)}
		}}, "notice", []string{"Empty", "No session is listed", "v1.2 or later", "0 listed", "0 active 0 expired", "1 page in", "≈ 8,640 requests", "!TTL", "!Top devices", "!NaN", "!Inf", "!%"}},
		"one id for everybody":             {changes{func(l *statuspage.List) { l.Snapshot.TopDevices[0].Sessions = 10_300 }}, "good", []string{"Nearly all sessions have the same device id", "723d6d03-ef33-40a8-9682-23a1feb7bccd", "random id for each person"}},
		"no device may be shown":           {changes{nameless, func(l *statuspage.List) { l.Settings.Devices.Label = collector.DeviceNone }}, "good", []string{"Top devices of 4,321", "Devices are hidden by configuration. Other sessions: 10,000 on other devices"}},
		"devices that have other names":    {changes{nameless}, "good", []string{"the next refresh shows them", "10,000 on other devices", "!hidden"}},
		"no device seen often":             {changes{nameless, estimated}, "good", []string{"No device was seen often enough"}},
		"no session names a device":        {changes{nameless, func(l *statuspage.List) { l.Snapshot.OtherDeviceSessions = 0 }}, "good", []string{"No session names a device."}},
		"a service that bills nothing":     {changes{func(l *statuspage.List) { l.Billed = 0 }}, "good", []string{"234 requests, cost 0.35 at", "!billed"}},
		"refused requests cost nothing":    {changes{unread, func(l *statuspage.List) { l.Requests = 5000 }}, "begun", []string{"5,000 requests, cost 0.00 at"}},
		"a proof that is needed once":      {changes{func(l *statuspage.List) { l.Snapshot.Pages, l.Snapshot.Proofs = 2, 1 }}, "good", []string{"2 pages in", "≈ 8,640 requests", "1 page every 5 min"}},
		"a budget without look-ups":        {changes{func(l *statuspage.List) { l.Settings.Samples, l.MonthlyBudget = 20, 13*8640 }}, "good", []string{"13 pages every 5 min, and none left for outcomes"}},
		"a demo":                           {changes{func(l *statuspage.List) { l.Interval, l.Settings.CostInterval = 5*time.Second, 5*time.Minute }}, "notice", []string{"≈ 112,320 requests", "13 pages every 5 min", "Next refresh by itself, every 5 s", "!next scrape"}},
		"nothing happened since the first": {changes{func(l *statuspage.List) { l.LastFlows.Window = 300 }}, "good", []string{"0 created, 0 started, 0 expired", "!NaN", "!expired, 0"}},
		"what happened last": {changes{func(l *statuspage.List) {
			l.LastFlows = collector.Flows{Creations: 120, Starts: 70, Expirations: 64, Abandonments: 30, Window: 299.96}
		}}, "good", []string{"In the 5 min before the last refresh: 120 created, 70 started, 64 expired, 30 of these never started (46.9 %)"}},
		"outcomes": {changes{func(l *statuspage.List) {
			l.Settings.Samples = 20
			l.Outcomes.Sessions[collector.RealFace], l.Outcomes.Samples[collector.RealFace] = 9000, 90
			l.Outcomes.Sessions[collector.SpoofFace], l.Outcomes.Samples[collector.SpoofFace] = 1000, 10
			l.Outcomes.Verifications, l.Outcomes.VerificationSamples = [2]float64{50, 950}, [2]uint64{5, 95}
			l.Outcomes.FailureSamples = map[string]uint64{"other": 0, "400": 2, "b": 3, "a": 3, "FaceWithMaskDetected": 20}
		}}, "good", []string{
			"Outcomes since the start: 100 looked up, realface 90.0 % (82.3 % to 94.6 %), spoofface 10.0 % (5.4 % to 17.7 %), uncertain 0 % (0 % to 4.6 %)", "no result 0 % (0 % to 4.6 %)",
			"Faces that match the photo: 95.0 % (88.5 % to 98.1 %). Reasons of the failed: FaceWithMaskDetected 20, a 3, b 3", "!b 3,", "and outcomes",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			card := cardOf(t, changed(test.changes...))
			if class := attribute(card, "class"); class != test.class {
				t.Errorf("the card is %q, want %q", class, test.class)
			}
			wantParts(t, text(card), test.want)
		})
	}
}
