package doctor_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/internal/tool/doctor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// healthy are the facts of a list about which there is nothing to say.
func healthy() doctor.Facts {
	return doctor.Facts{
		Resource: "contoso", Operation: faceclient.DetectLiveness, Credential: "a key", APIVersion: "v1.2-preview.1",
		Sessions: 4321, Active: 21, NeverStarted: 300, Coverage: 1, Oldest: 47 * time.Hour,
		Knowledge: facelist.Knowledge{MadeUpStart: facelist.Taken},
		Requests:  6, Billed: 6, Latency: 80 * time.Millisecond, Took: time.Second,
		Interval: 5 * time.Minute, Effective: 5 * time.Minute, Demand: collector.Demand{Pages: 1}, Price: 1,
		PageSize: 1000, MaxRequestsPerSecond: 0.3,
	}
}

func TestReport(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*doctor.Facts)
		want   string // one line, "" where every line is ok
	}{
		"nothing to say":  {func(f *doctor.Facts) {}, ""},
		"a refused key":   {func(f *doctor.Facts) { f.Failure, f.RefusedCredential = "401: wrong; check it", true }, "problem credential: a key does not work. 401: wrong; check it"},
		"another failure": {func(f *doctor.Facts) { f.Failure = "404: no list; check it" }, "problem list: cannot be read with v1.2-preview.1. 404: no list; check it"},
		"an empty list":   {func(f *doctor.Facts) { f.Sessions, f.Oldest = 0, 0 }, "note sessions: the list is empty"},
		"an estimate":     {func(f *doctor.Facts) { f.Coverage = 0.25 }, "note sessions: about 4,321 listed, 21 active, 300 never started; the oldest was created 1d23h ago (estimated from 25.0 %"},
		"old sessions":    {func(f *doctor.Facts) { f.Oldest = 60 * time.Hour }, "note sessions: the service lists sessions for longer"},
		"unordered ids":   {func(f *doctor.Facts) { f.Knowledge.Unordered = true }, "note ids: are not in ascending order"},
		"uneven ids":      {func(f *doctor.Facts) { f.Knowledge.Uneven = true }, "note ids: are not random"},
		"few ids":         {func(f *doctor.Facts) { f.Sessions = 99 }, "note ids: are too few to tell"},
		"listed ids only": {func(f *doctor.Facts) { f.Knowledge.MadeUpStart = facelist.Refused }, "note start: the service refuses a start that no session has"},
		"unknown start":   {func(f *doctor.Facts) { f.Knowledge.MadeUpStart, f.StartFailure = facelist.Untried, "timeout: x" }, "note start: it is unknown whether the service takes a start that no session has. timeout: x"},
		"capped pages":    {func(f *doctor.Facts) { f.Knowledge.Capped, f.Knowledge.FullPage = true, 100 }, "note pages: the service gives at most 100 sessions a page, not 1000"},
		"small pages":     {func(f *doctor.Facts) { f.PageSize = 100 }, "problem pages: full pages have 100 sessions: set api.page_size to 1000"},
		"no bill":         {func(f *doctor.Facts) { f.Billed = 0 }, "note billing: 6 requests in 1s, 80ms each on average; the answers do not say"},
		"rate limit":      {func(f *doctor.Facts) { f.Limited = 2 }, "problem rate limit: the service refused 2 requests"},
		"clock behind":    {func(f *doctor.Facts) { f.Ahead = time.Hour }, "problem clock: this machine is 1h behind the service"},
		"clock ahead":     {func(f *doctor.Facts) { f.Ahead = -90 * time.Second }, "problem clock: this machine is 1m30s ahead of the service"},
		"clock, a second": {func(f *doctor.Facts) { f.Ahead = -2 * time.Second }, ""},
		"no session":      {func(f *doctor.Facts) { f.LookUp = doctor.NoSession }, "note outcomes: no session was started and has ended"},
		"a result":        {func(f *doctor.Facts) { f.LookUp = doctor.Result }, ""},
		"no result":       {func(f *doctor.Facts) { f.LookUp = doctor.NoResult }, ""},
		"deleted":         {func(f *doctor.Facts) { f.LookUp = doctor.Deleted }, "note outcomes: the session that was looked up is deleted"},
		"look-up failed":  {func(f *doctor.Facts) { f.LookUp, f.LookUpFailure = doctor.Failed, "403: x; y" }, "problem outcomes: a session could not be looked up. 403: x; y"},
		"costly":          {func(f *doctor.Facts) { f.Interval, f.Effective, f.Demand.Pages = 24*time.Hour, 24*time.Hour, 5000 }, "problem cost: about 150,000 requests in 30 days at one refresh every 1d, which cost 150.00 at your price of 1 per 1,000: to stay below 100,000, set refresh.interval to 1d12h or set api.monthly_request_budget to 100000"},
		"costly look-ups": {func(f *doctor.Facts) { f.Demand.Started, f.Demand.Samples = 6912, 20 }, "problem cost: about 112,320 requests in 30 days at one refresh every 5m, which cost 112.32 at your price of 1 per 1,000: to stay below 100,000, set refresh.interval to 10m, lower outcomes.samples, or set"},
		"a budget": {func(f *doctor.Facts) {
			f.Demand = collector.Demand{Pages: 1, Started: 6912, Samples: 20, Budget: 43_200}
		}, "note cost: this is more than the 30,000 requests"},
		"no outcomes": {func(f *doctor.Facts) {
			f.LookUp, f.Demand = doctor.Result, collector.Demand{Pages: 6, Started: 6912, Samples: 20, Budget: 20_000}
		}, "problem outcomes: the list takes the whole budget, and no session is looked up: raise api.monthly_request_budget or refresh.interval, or set"},
		"simulated":       {func(f *doctor.Facts) { f.Demand.Started, f.Demand.Samples, f.Simulated = 6912, 20, true }, "note cost: about 112,320 requests in 30 days at one refresh every 5m, which cost 112.32 at your price of 1 per 1,000; the simulated service itself costs nothing"},
		"too much for F0": {func(f *doctor.Facts) { f.Demand.Pages = 4 }, "note cost: this is more than the 30,000 requests"},
		"small budget":    {func(f *doctor.Facts) { f.Effective, f.Budget = time.Hour, 720 }, "note interval: the effective interval is 1h instead of 5m, because the budget of 720 requests"},
		"fast":            {func(f *doctor.Facts) { f.MaxRequestsPerSecond = 11 }, "problem rate: api.max_requests_per_second is 11"},
		"rather fast":     {func(f *doctor.Facts) { f.MaxRequestsPerSecond = 6 }, "note rate: api.max_requests_per_second is 6, which leaves little"},
		"for S0":          {func(f *doctor.Facts) { f.MaxRequestsPerSecond = 2 }, "note rate: api.max_requests_per_second is 2, which is more than the tier F0"},
		"doubts":          {func(f *doctor.Facts) { f.Doubts = []string{"a: b; do c"} }, "problem settings: a: b; do c"},
	} {
		t.Run(name, func(t *testing.T) {
			facts := healthy()
			test.change(&facts)
			lines := doctor.Report(facts)
			var notable []string
			for _, line := range lines {
				if line.Verdict != doctor.OK {
					notable = append(notable, word(line.Verdict)+" "+line.Subject+": "+line.Text)
				}
			}
			if strings.HasPrefix(test.want, "problem cost") {
				notable = notable[:1] // the note on the tier F0 follows
			}
			switch got := strings.Join(notable, "\n"); {
			case test.want == "" && got != "":
				t.Errorf("says %s", got)
			case !strings.HasPrefix(got, test.want) || len(notable) > 1:
				t.Errorf("says  %s\nwants %s", got, test.want)
			}
		})
	}
}

func word(v doctor.Verdict) string {
	return [...]string{doctor.OK: "ok", doctor.Note: "note", doctor.Problem: "problem"}[v]
}

func TestPrint(t *testing.T) {
	lines := []doctor.Line{{doctor.OK, "list", "answers"}, {doctor.Note, "ids", "are few"}, {doctor.Problem, "cost", "is high: lower it"}}
	for colour, want := range map[bool]string{
		false: "contoso\n  ok       list: answers\n  note     ids: are few\n  problem  cost: is high: lower it\n",
		true:  "contoso\n  \x1b[32mok      \x1b[0m list: answers\n  \x1b[33mnote    \x1b[0m ids: are few\n  \x1b[31mproblem \x1b[0m cost: is high: lower it\n",
	} {
		var out bytes.Buffer
		if err := doctor.Print(&out, "contoso", lines, colour); err != nil || out.String() != want {
			t.Errorf("printed %q (%v), want %q", out.String(), err, want)
		}
	}
}
