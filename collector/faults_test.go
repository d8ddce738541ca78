package collector_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/faceclient/facetest"
)

//nolint:gochecknoglobals // a test's flag is declared before the tests begin
var update = flag.Bool("update", false, "write the pages anew that tests compare with the program")

const faultsPage = "../docs/faults.md"

// fault is what every request gets. There is one for each class of outcomes.
type fault struct {
	name   string
	faults []facetest.Fault
	up     bool // the refresh succeeds
}

func faultsOfTheMatrix() []fault {
	fails := func(name string, f facetest.Fault) fault { return fault{name: name, faults: []facetest.Fault{f}} }
	works := func(name string, faults ...facetest.Fault) fault { return fault{name, faults, true} }
	return []fault{
		works("no fault"),
		fails("no answer", facetest.Hang()),
		fails("a connection that breaks, or a body that ends early", facetest.CutBody()),
		fails("401, 403 or 404", facetest.StatusError(403, facetest.ShapeCode, "403", "no")),
		fails("403 of a quota", facetest.StatusError(403, facetest.ShapeStatusCode, "403", "Out of call volume quota. Quota will be replenished in 2 days.")),
		fails("429 for 2 s", facetest.RateLimited(facetest.ShapeStatusCode, facetest.HintMessage, 2*time.Second)),
		fails("429 for an hour", facetest.RateLimited(facetest.ShapeCode, facetest.HintHeader, time.Hour)),
		fails("500, 502, 503 or 504", facetest.Status(503, "")),
		fails("a status that is not retried", facetest.StatusError(418, facetest.ShapeCode, "NeverHeardOf", "no")),
		fails("a redirect", facetest.Redirect(302, "https://elsewhere.example/")),
		fails("a page of HTML", facetest.HTML(200)),
		fails("JSON that is not a list of sessions", facetest.JSON(`{"value":[]}`)),
		fails("a body without an end", facetest.EndlessItems()),
		fails("pages that repeat", facetest.IgnoreStart()),
		works("fewer sessions in a page than asked for", facetest.ShortPages(40)),
		works("pages in another order", facetest.Disordered()),
		works("no Date", facetest.NoDate()),
	}
}

// simulated is a target whose list the real client reads from a simulated service, and what it shows.
func simulated(t *testing.T, service *facetest.Server, pageSize, retries, samples int) (target *collector.Target, exposition func() series) {
	t.Helper()
	transport := service.Transport()
	t.Cleanup(service.Close)
	t.Cleanup(transport.CloseIdleConnections)
	api := collector.NewAPIMetrics("contoso-prod", []faceclient.Operation{faceclient.DetectLiveness}, 0)
	limits := facelist.Limits{PageSize: pageSize, MaxPages: 20_000, Workers: 1}
	list := listOf(t, service, faceclient.DetectLiveness, limits, api, func(options *faceclient.Options) {
		options.MaxRetries, options.Transport = retries, transport
	})
	target = newTarget(list, sampled(samples, list), func(options *collector.TargetOptions) { options.API = api })
	run(t, target)
	info := collector.ResourceInfo{Name: "contoso-prod", Endpoint: "http://face.test", APIVersion: faceclient.DefaultAPIVersion}
	return target, func() series {
		return valuesOf(gather(t, collector.New(info, api, target)), faceclient.DetectLiveness)
	}
}

// cell is what one scrape brings about.
type cell struct {
	before, after series // the exposition before the scrape and once its refresh has ended
	code          string // of the refresh
	requests      int
	listed        int // sessions, at the scrape
}

// happens plays a fault when the last good refresh ended so long ago, 0 is never, with the settings that an exporter has by
// itself but for small pages.
func (f fault) happens(t *testing.T, age time.Duration) (got cell) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		service := facetest.New(facetest.Options{})
		service.Populate(facetest.DetectLiveness, 250, 1)
		target, exposition := simulated(t, service, 100, 4, 0)
		if age > 0 {
			scrape(9500*time.Millisecond, target)
			advance(age)
		}
		for i, session := range service.Sessions(facetest.DetectLiveness) {
			if i%10 == 1 { // so that what is old can be told from what is new
				service.Delete(facetest.DetectLiveness, session.ID)
			}
		}
		service.Fail(append([]facetest.Fault{facetest.Delay(20 * time.Millisecond)}, f.faults...)...)
		got.before, got.listed = exposition(), service.Len(facetest.DetectLiveness)
		requests := service.Counts(facetest.DetectLiveness).Requests
		scrape(9500*time.Millisecond, target)
		advance(10 * time.Minute)
		got.after, got.code = exposition(), faceclient.Code(target.State().Health.LastError)
		got.requests = service.Counts(facetest.DetectLiveness).Requests - requests
	})
	return got
}

// sound is what holds for every fault. It returns what is shown of the population: new, kept, or nothing.
func (c cell) sound(t *testing.T) (shown string) {
	t.Helper()
	isPopulation := inPopulation(t)
	counted := 0.0
	for key, value := range c.after {
		if strings.Contains(key, "_total") && value < c.before[key] {
			t.Errorf("%s dropped from %v to %v", key, c.before[key], value)
		}
		if strings.HasPrefix(key, "face_liveness_api_requests_total") {
			counted += value - c.before[key]
		}
	}
	const durations = "face_liveness_api_request_duration_seconds_count"
	if observed := c.after[durations] - c.before[durations]; int(counted) != c.requests || observed != counted {
		t.Errorf("%v requests and %v durations are counted, the service saw %d", counted, observed, c.requests)
	}
	populationOf := func(values series) series {
		own := maps.Clone(values)
		maps.DeleteFunc(own, func(key string, _ float64) bool { return !isPopulation(key) })
		return own
	}
	for key := range c.before {
		if _, still := c.after[key]; !still && !isPopulation(key) {
			t.Errorf("%s has gone, and it shows no sessions", key)
		}
	}
	switch before, after := populationOf(c.before), populationOf(c.after); {
	case len(after) == 0:
		return "nothing"
	case maps.Equal(before, after):
		return "kept"
	}
	if c.after["face_liveness_sessions"] != float64(c.listed) {
		t.Errorf("%v sessions are shown, %d are listed", c.after["face_liveness_sessions"], c.listed)
	}
	return "new"
}

// At any age of the last snapshot, a scrape shows a whole one that is young enough, or none.
func TestWhatIsShownByTheAgeOfTheSnapshot(t *testing.T) {
	for _, test := range []struct {
		age         time.Duration
		works, not  string // what is shown of the population if the service works, and if it does not
		upIfNot     float64
		newRequests bool
	}{
		{0, "new", "nothing", 0, true},
		{time.Minute, "kept", "kept", 1, false},
		{6 * time.Minute, "new", "kept", 0, true},
		{90 * time.Minute, "new", "nothing", 0, true},
	} {
		check := func(faults []facetest.Fault, want string, up float64) {
			got := fault{faults: faults}.happens(t, test.age)
			if shown := got.sound(t); shown != want || got.after["face_liveness_up"] != up || (got.requests > 0) != test.newRequests {
				t.Errorf("%v: %s is shown with up %v after %d requests, want %s", test.age, shown, got.after["face_liveness_up"], got.requests, want)
			}
		}
		check(nil, test.works, 1)
		check([]facetest.Fault{facetest.Status(503, "")}, test.not, test.upIfNot)
	}
}

// docs/faults.md says what happens.
func TestFaultMatrix(t *testing.T) {
	matrix := "| every request gets | `error_code` | requests in a refresh | population | `face_liveness_up` |\n|---|---|---|---|---|\n"
	for _, f := range faultsOfTheMatrix() {
		t.Run(f.name, func(t *testing.T) {
			got := f.happens(t, 6*time.Minute)
			shown := got.sound(t)
			if up := got.after["face_liveness_up"] == 1; up != f.up || (shown == "new") != f.up || (got.code == "") != f.up {
				t.Errorf("%s is shown, up %t, error %q", shown, up, got.code)
			}
			code := "–"
			if got.code != "" {
				code = "`" + got.code + "`"
			}
			matrix += fmt.Sprintf("| %s | %s | %d | %s | %v |\n", f.name, code, got.requests, shown, got.after["face_liveness_up"])
		})
	}
	compareTable(t, "matrix", matrix)
}

// Refreshes are the same with look-ups that fail as without look-ups, and docs/faults.md says what comes of the look-ups.
func TestLookUpsChangeNothingButOutcomes(t *testing.T) {
	without := lookUpFor(t, 0)
	table := "| every look-up gets | answers that count | `error_code` |\n|---|---|---|\n"
	for _, test := range []struct {
		name   string
		faults []facetest.Fault
		code   string // "" if the answers count
	}{
		{"no fault", nil, ""},
		{"404: the session was deleted", []facetest.Fault{facetest.StatusError(http.StatusNotFound, facetest.ShapeCode, "SessionNotFound", "no").OnSessions()}, ""},
		{"no answer", []facetest.Fault{facetest.Hang().OnSessions()}, "timeout"},
		{"429 for an hour", []facetest.Fault{facetest.RateLimited(facetest.ShapeFlat, facetest.HintHeader, time.Hour).OnSessions()}, "429"},
		{"500, 502, 503 or 504", []facetest.Fault{facetest.Status(503, "").OnSessions()}, "503"},
		{"an answer without a session", []facetest.Fault{facetest.JSON(`{}`).OnSessions()}, "invalid_response"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := lookUpFor(t, 20, test.faults...)
			for _, name := range []string{"up", "refreshes_total", "refresh_failures_total", "session_expirations_total", "sessions", "snapshot_timestamp_seconds"} {
				got.want(t, name, without["face_liveness_"+name])
			}
			answers, code := "all", "–"
			if test.code != "" {
				answers, code = "none", "`"+test.code+"`"
			}
			looked := 0.0
			for key, value := range got {
				if strings.HasPrefix(key, "face_liveness_session_outcome_samples_total") {
					looked += value
				}
				if strings.HasPrefix(key, "face_liveness_api_errors_total") && (value > 0) != strings.Contains(key, fmt.Sprintf("%q", test.code)) {
					t.Errorf("%s is %v", key, value)
				}
			}
			if (looked > 100) != (test.code == "") || looked > 0 && test.code != "" {
				t.Errorf("%v answers count", looked)
			}
			table += fmt.Sprintf("| %s | %s | %s |\n", test.name, answers, code)
		})
	}
	compareTable(t, "look-ups", table)
}

// lookUpFor refreshes every five minutes for an hour while 200 sessions end.
func lookUpFor(t *testing.T, samples int, faults ...facetest.Fault) (got series) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		service := facetest.New(facetest.Options{})
		for i := range 200 {
			ends := time.Now().Add(time.Duration(i+1) * 15 * time.Second)
			service.Add(facetest.DetectLiveness, facetest.Session{
				ID: fmt.Sprintf("%08x-0000-4000-8000-000000000000", i*0x01000193), Created: ends.Add(-facetest.DefaultTTL), Started: ends.Add(-9 * time.Minute),
			})
		}
		service.Fail(faults...)
		target, exposition := simulated(t, service, 1000, 1, samples)
		for range 13 {
			scrape(inTime, target)
			advance(5 * time.Minute)
		}
		got = exposition()
	})
	return got
}

// compareTable compares a table of docs/faults.md with what happens.
func compareTable(t *testing.T, name, table string) {
	t.Helper()
	page, err := os.ReadFile(faultsPage)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+": written by make docs -->\n", "<!-- end of the "+name+" -->\n"
	before, rest, found := strings.Cut(string(page), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the %s", faultsPage, name)
	}
	compare(t, faultsPage, before+begin+table+end+after)
}

// compare compares a page with its content as it should be, or writes it.
func compare(t *testing.T, path, content string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil { //nolint:gosec // a file to read
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != content {
		t.Errorf("%s is not what happens; run make docs and look at the difference", path)
	}
}
