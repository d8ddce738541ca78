package doctor_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/config"
	"face_liveness_exporter/internal/tool/doctor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// healthy are the facts of a list about which there is nothing to say.
func healthy() doctor.Facts {
	return doctor.Facts{
		API:        config.API{Version: "v1.2-preview.1", PageSize: 1000, MonthlyRequestBudget: 720, PricePer1000Requests: 1},
		Credential: "a key", Sessions: 4321, Active: 21, NeverStarted: 300, Coverage: 1, Oldest: 47 * time.Hour, Youngest: 3 * time.Second,
		Usage: collector.Usage{Requests: 6, Billed: 6, Duration: 480 * time.Millisecond}, Took: time.Second,
		Interval: 5 * time.Minute, Effective: 5 * time.Minute, Demand: collector.Demand{Pages: 1},
	}
}

func TestReport(t *testing.T) {
	looked := func(f *doctor.Facts) { f.Demand.Samples, f.LookedUp = 1, true }
	for name, test := range map[string]struct {
		change func(*doctor.Facts)
		want   string // the only line that is not ok, "" for none
	}{
		"nothing to say": {func(*doctor.Facts) {}, ""},
		"a refused key":  {func(f *doctor.Facts) { f.Failure = &faceclient.Error{Code: "401", Status: 401} }, "problem credential: a key does not work. 401: the key or token is not accepted; check"},
		"no credential": {func(f *doctor.Facts) {
			f.Failure, f.Usage = &faceclient.Error{Code: "authentication"}, collector.Usage{}
		}, "problem credential: a key does not work. authentication: "},
		"another failure": {func(f *doctor.Facts) { f.Failure = &faceclient.Error{Code: "SomethingNew", Status: 403} }, "problem list: cannot be read with v1.2-preview.1. SomethingNew (HTTP 403): the service refused the request with SomethingNew; if it does not pass, ask Azure support"},
		"an empty list":   {func(f *doctor.Facts) { f.Sessions = 0 }, "note sessions: no session is listed"},
		"an estimate":     {func(f *doctor.Facts) { f.Coverage = 0.25 }, "note sessions: about 4,321 listed, 21 active, 300 never started; the oldest was created 1 d 23 h ago (estimated from 25.0 % of the list, because of api.monthly_request_budget; the total is right within ± 5.2 % in 95"},
		"old sessions":    {func(f *doctor.Facts) { f.Oldest = 60 * time.Hour }, "note sessions: the service lists sessions for longer"},
		"unordered ids":   {func(f *doctor.Facts) { f.Knowledge.Unordered = true }, "note ids: are not in ascending order"},
		"uneven ids":      {func(f *doctor.Facts) { f.Knowledge.Uneven = true }, "note ids: are not random"},
		"few ids":         {func(f *doctor.Facts) { f.Sessions = 99 }, "note ids: are too few to tell"},
		"capped pages":    {func(f *doctor.Facts) { f.Knowledge.Capped, f.Knowledge.FullPage = true, 100 }, "note pages: the service gives at most 100 sessions a page, not 1000"},
		"small pages":     {func(f *doctor.Facts) { f.API.PageSize = 100 }, "problem pages: full pages have 100 sessions: set api.page_size to 1000"},
		"no bill":         {func(f *doctor.Facts) { f.Usage.Billed = 0 }, "note requests: 6 requests, 80 ms each on average; the refresh took 1 s; the answers do not say"},
		"one request":     {func(f *doctor.Facts) { f.Usage.Requests, f.Usage.Billed = 1, 0 }, "note requests: 1 request, 480 ms each"},
		"rate limit":      {func(f *doctor.Facts) { f.Usage.RateLimited = 2 }, "problem rate limit: the service refused 2 requests because"},
		"clock behind":    {func(f *doctor.Facts) { f.Ahead = time.Hour }, "problem clock: this machine is 1 h behind the service"},
		"clock ahead":     {func(f *doctor.Facts) { f.Ahead = -90 * time.Second }, "problem clock: this machine is 1 min 30 s ahead of the service"},
		"clock, a second": {func(f *doctor.Facts) { f.Ahead, f.Youngest = -2*time.Second, -time.Second }, ""},
		"two clocks":      {func(f *doctor.Facts) { f.Youngest = -12 * time.Second }, "note clock: the service's clocks differ: the youngest session was created 12 s after the Date"},
		"no session":      {func(f *doctor.Facts) { f.Demand.Samples = 1 }, "note outcomes: no session was started and has expired"},
		"a result":        {func(f *doctor.Facts) { looked(f); f.Check.HasResult = true }, ""},
		"no result":       {looked, ""},
		"deleted": {func(f *doctor.Facts) {
			looked(f)
			f.LookUpFailure = &faceclient.Error{Code: "SessionNotFound", Status: 404}
		}, "note outcomes: the session that was looked up is deleted"},
		"look-up failed": {func(f *doctor.Facts) { looked(f); f.LookUpFailure = &faceclient.Error{Code: "403", Status: 403} }, "problem outcomes: a session could not be looked up. 403: "},
		"no look-ups": {func(f *doctor.Facts) {
			looked(f)
			f.Demand = collector.Demand{Pages: 6, Started: 6912, Samples: 20, Budget: 20_000}
		}, "problem outcomes: the list takes the whole budget"},
		"costly":          {func(f *doctor.Facts) { f.Interval, f.Effective, f.Demand.Pages = 24*time.Hour, 24*time.Hour, 5000 }, "problem cost: about 150,000 requests in 30 days at one refresh every 1 d, which cost 150.00 at your price of 1 per 1,000: to stay below 100,000, set refresh.interval to 1d12h or set api.monthly_request_budget to 100000"},
		"costly look-ups": {func(f *doctor.Facts) { looked(f); f.Demand.Started, f.Demand.Samples = 6912, 20 }, "problem cost: about 112,320 requests in 30 days at one refresh every 5 min, which cost 112.32 at your price of 1 per 1,000: to stay below 100,000, set refresh.interval to 10m, lower outcomes.samples, or set"},
		"simulated":       {func(f *doctor.Facts) { f.Demand.Pages, f.Simulated = 20, true }, "note cost: about 172,800 requests in 30 days at one refresh every 5 min, which cost 172.80 at your price of 1 per 1,000; the simulated service"},
		"too much for F0": {func(f *doctor.Facts) { f.Demand.Pages = 4 }, "note cost: about 34,560 requests in 30 days at one refresh every 5 min, which cost 34.56 at your price of 1 per 1,000; the tier F0 allows 30,000"},
		"small budget":    {func(f *doctor.Facts) { f.Effective = time.Hour }, "note interval: the effective interval is 1 h instead of 5 min, because the budget of 720 requests"},
	} {
		t.Run(name, func(t *testing.T) {
			facts := healthy()
			test.change(&facts)
			wantNotable(t, doctor.Report(facts), test.want)
		})
	}
}

func TestSettings(t *testing.T) {
	for rate, want := range map[float64]string{0.3: "", 2: "note rate: api.max_requests_per_second is 2, which is more than the tier F0", 6: "note rate: api.max_requests_per_second is 6, which leaves little", 11: "problem rate: api.max_requests_per_second is 11"} {
		wantNotable(t, doctor.Settings(config.API{Limits: config.Limits{MaxRequestsPerSecond: rate}}, nil), want)
	}
	wantNotable(t, doctor.Settings(config.API{}, []string{"a: b; do c"}), "problem settings: a: b; do c")
}

// wantNotable fails unless the only line that is not ok begins with this.
func wantNotable(t *testing.T, lines []doctor.Line, want string) {
	t.Helper()
	var notable []string
	for _, line := range lines {
		if line.Verdict != doctor.OK {
			notable = append(notable, string(line.Verdict)+" "+line.Subject+": "+line.Text)
		}
	}
	if got := strings.Join(notable, "\n"); (want == "") != (got == "") || !strings.HasPrefix(got, want) || len(notable) > 1 {
		t.Errorf("says  %s\nwants %s", got, want)
	}
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
