package collector_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/faceclient/facetest"
	facesim "face_liveness_exporter/faceclient/facetest"
)

//nolint:gochecknoglobals // a test's flag is declared before the tests begin
var update = flag.Bool("update", false, "write the golden files and docs/faults.md anew")

const faultsPage = "../docs/faults.md"

// cell is what one scrape brings about.
type cell struct {
	before, after series // the exposition before the scrape and once its refresh has ended
	inTime        bool   // the refresh ended before the scrape had to
	code          string // of the refresh
	requests      int
	listed        int // sessions, at the scrape
	isPopulation  func(name string) bool
}

// happens plays a fault in a state, with the settings that an exporter has by itself but for small pages.
func happens(t *testing.T, f fault, s state) cell {
	t.Helper()
	got := cell{isPopulation: inPopulation(t)}
	synctest.Test(t, func(t *testing.T) {
		service := facesim.New(facesim.Options{Gzip: true})
		defer service.Close()
		service.Populate(facesim.DetectLiveness, 250, 1)
		var refused atomic.Bool
		transport := service.Transport()
		defer transport.CloseIdleConnections()
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if refused.Load() {
				return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
			}
			return service.Dial(ctx, network, address)
		}
		api := collector.NewAPIMetrics("contoso-prod", []faceclient.Operation{faceclient.DetectLiveness}, 0)
		limits := facelist.Limits{PageSize: 100, MaxPages: 20000, Workers: 1}
		target := newTarget(listOf(t, service, faceclient.DetectLiveness, limits, api, func(options *faceclient.Options) {
			options.MaxRetries, options.Transport = 4, transport
		}))
		defer run(t, target)()
		info := collector.ResourceInfo{Name: "contoso-prod", Endpoint: "http://face.test", APIVersion: faceclient.DefaultAPIVersion}
		exposition := func() series {
			return valuesOf(gather(t, collector.New(info, api, target)), faceclient.DetectLiveness)
		}
		if s.walked {
			scrape(9500*time.Millisecond, target)
			if !target.State().Health.Up {
				t.Fatalf("the walk before the fault failed: %v", target.State().Health.LastError)
			}
			advance(s.age)
		}
		for i, session := range service.Sessions(facesim.DetectLiveness) {
			if i%10 == 1 { // so that what is old can be told from what is new
				service.Delete(facesim.DetectLiveness, session.ID)
			}
		}
		if f.refused {
			refused.Store(true)
			transport.CloseIdleConnections()
		}
		service.Fail(facetest.Delay(20 * time.Millisecond)) // an answer takes time, a bad one too
		service.Fail(f.faults...)
		service.ForgetRequests()

		got.before, got.listed = exposition(), service.Len(facesim.DetectLiveness)
		finished := target.State().Health.Refreshes
		scrape(9500*time.Millisecond, target)
		got.inTime = target.State().Health.Refreshes > finished
		advance(10 * time.Minute)
		got.after = exposition()
		got.code = faceclient.Code(target.State().Health.LastError)
		got.requests = service.Counts(facesim.DetectLiveness).Requests
		if f.refused && s.name != "fresh" {
			got.requests = int(got.after["face_liveness_api_requests_total{code=\"error\"}"])
		}
	})
	return got
}

// moves are the metrics that say when and how long, which no golden file can hold.
func moves(name string) bool {
	for _, part := range []string{"_duration_seconds", "_timestamp_seconds", "_throttle_wait_seconds", "flow_window_seconds"} {
		if strings.Contains(name, part) {
			return !strings.Contains(name, "_count")
		}
	}
	return false
}

// populationOf is the part of an exposition that shows sessions.
func (c cell) populationOf(values series) series {
	own := maps.Clone(values)
	maps.DeleteFunc(own, func(key string, _ float64) bool { return !c.isPopulation(key) })
	return own
}

func (c cell) population() string {
	before, after := c.populationOf(c.before), c.populationOf(c.after)
	switch {
	case len(after) == 0 && len(before) == 0:
		return "nothing"
	case len(after) == 0:
		return "gone"
	case maps.Equal(before, after):
		return "kept"
	}
	return "new"
}

// changes are the lines of a golden file: every series that the scrape changed, the population as one.
func (c cell) changes() []string {
	population := c.populationOf(c.after)
	lines := []string{"population: " + c.population()}
	if len(population) > 0 {
		lines[0] += fmt.Sprintf(", %v sessions", population["face_liveness_sessions"])
	}
	names := maps.Clone(c.before)
	maps.Copy(names, c.after)
	for _, key := range slices.Sorted(maps.Keys(names)) {
		before, had := c.before[key]
		after, has := c.after[key]
		if c.isPopulation(key) || moves(key) || (had == has && before == after) {
			continue
		}
		switch {
		case !had:
			lines = append(lines, fmt.Sprintf("%s %v", key, after))
		case !has:
			lines = append(lines, key+" gone")
		default:
			lines = append(lines, fmt.Sprintf("%s %v -> %v", key, before, after))
		}
	}
	if !c.inTime && c.requests > 0 {
		lines = append(lines, "the scrape was answered before the refresh had ended")
	}
	return lines
}

// Every fault in every state: what is shown is decided, written down, and what happens.
func TestFaultMatrix(t *testing.T) {
	cells := map[string]map[string]cell{}
	for _, s := range statesOfTheMatrix() {
		cells[s.name] = map[string]cell{}
		var golden strings.Builder
		for _, f := range faultsOfTheMatrix() {
			var c cell
			t.Run(s.name+"/"+f.name, func(t *testing.T) {
				c = happens(t, f, s)
				c.sound(t, f, s)
			})
			cells[s.name][f.name] = c
			fmt.Fprintf(&golden, "== %s\n%s\n\n", f.name, strings.Join(c.changes(), "\n"))
		}
		compare(t, filepath.Join("testdata", "faults", strings.ReplaceAll(s.name, " ", "-")+".golden"), golden.String())
	}
	page, err := os.ReadFile(faultsPage)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- matrix: written by make docs -->\n", "<!-- end of the matrix -->\n"
	before, rest, found := strings.Cut(string(page), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the matrix", faultsPage)
	}
	compare(t, faultsPage, before+begin+matrix(cells)+end+after)
}

// sound is what holds whatever the fault is.
func (c cell) sound(t *testing.T, f fault, s state) {
	t.Helper()
	for key, value := range c.after {
		if strings.Contains(key, "_total") && value < c.before[key] {
			t.Errorf("%s dropped from %v to %v", key, c.before[key], value)
		}
	}
	for key := range c.before {
		if c.isPopulation(key) {
			continue
		}
		if _, still := c.after[key]; !still {
			t.Errorf("%s has gone, and it shows no sessions", key)
		}
	}
	up, population := c.after["face_liveness_up"] == 1, c.population()
	want := map[bool]map[string]string{
		true:  {"no snapshot": "new", "fresh": "kept", "stale": "new", "too stale": "new"},
		false: {"no snapshot": "nothing", "stale": "kept", "too stale": "nothing"},
	}[up][s.name]
	if population != want {
		t.Errorf("up is %v and the population is %s, want %q", up, population, want)
	}
	if population == "new" && c.after["face_liveness_sessions"] != float64(c.listed) {
		t.Errorf("%v sessions are shown, %d are listed", c.after["face_liveness_sessions"], c.listed)
	}
	if s.name == "fresh" && c.requests != 0 {
		t.Errorf("%d requests within the interval", c.requests)
	}
	counted := 0.0
	for key, value := range c.after {
		if strings.HasPrefix(key, "face_liveness_api_requests_total") {
			counted += value - c.before[key]
		}
	}
	if int(counted) != c.requests {
		t.Errorf("%v requests are counted, the service saw %d", counted, c.requests)
	}
	if observed := c.after["face_liveness_api_request_duration_seconds_count"] - c.before["face_liveness_api_request_duration_seconds_count"]; observed != counted {
		t.Errorf("%v durations of %v requests", observed, counted)
	}
}

// matrix is the table of docs/faults.md.
func matrix(cells map[string]map[string]cell) string {
	var table strings.Builder
	table.WriteString("| what the service does | `error_code` | requests in a refresh | no snapshot | fresh | stale | too stale |\n|---|---|---|---|---|---|---|\n")
	for _, f := range faultsOfTheMatrix() {
		stale := cells["stale"][f.name]
		code := "–"
		if stale.code != "" {
			code = "`" + stale.code + "`"
		}
		fmt.Fprintf(&table, "| %s | %s | %d |", f.name, code, stale.requests)
		for _, s := range statesOfTheMatrix() {
			c := cells[s.name][f.name]
			fmt.Fprintf(&table, " %s, up %v |", c.population(), c.after["face_liveness_up"])
		}
		table.WriteByte('\n')
	}
	return table.String()
}

func compare(t *testing.T, path, content string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // files to read
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil { //nolint:gosec // a file to read
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, got := strings.Split(string(written), "\n"), strings.Split(content, "\n")
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || want[i] != got[i] {
			t.Errorf("%s, line %d is not what happens; look at the difference and then run make docs:\n got %s\nwant %s", path, i+1,
				strings.Join(got[min(i, len(got)):min(i+3, len(got))], "\n     "), strings.Join(want[min(i, len(want)):min(i+3, len(want))], "\n     "))
			return
		}
	}
}
