package collector_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
)

// logbook keeps log lines.
type logbook struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (b *logbook) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lines.Write(line)
}

func (b *logbook) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// take returns the lines since the last time; it must be called in a bubble.
func (b *logbook) take(t *testing.T) []map[string]any {
	t.Helper()
	synctest.Wait() // a refresh is logged after its scrapers have been let go
	b.mu.Lock()
	defer b.mu.Unlock()
	var lines []map[string]any
	for line := range strings.Lines(b.lines.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fields)
	}
	b.lines.Reset()
	return lines
}

// levels are the levels of lines, without those of lines about cost.
func levels(lines []map[string]any) []string {
	var all []string
	for _, line := range lines {
		if _, cost := line["requests_in_30_days"]; !cost {
			all = append(all, fmt.Sprint(line["level"]))
		}
	}
	return all
}

func logged(book *logbook) func(*collector.TargetOptions) {
	return func(options *collector.TargetOptions) { options.Logger = book.logger() }
}

func TestLogLinesTellWhatIsNew(t *testing.T) {
	bad := fails(answered(http.StatusServiceUnavailable, "503"))
	good := lists(page{sessions: created(3)})
	steps := []struct {
		do     script
		levels []string
	}{
		{bad, []string{"WARN"}},
		{bad, []string{"DEBUG"}},
		{fails(answered(http.StatusForbidden, "403")), []string{"WARN"}}, // another code
		{fails(answered(http.StatusForbidden, "403")), []string{"DEBUG"}},
		{bad, []string{"WARN"}},
		{good, []string{"INFO"}},
		{good, []string{"DEBUG"}},
		{bad, []string{"WARN"}},
		{good, []string{"INFO"}},
		{good, []string{"DEBUG"}},
	}
	synctest.Test(t, func(t *testing.T) {
		var book logbook
		var scripts []script
		for _, step := range steps {
			scripts = append(scripts, step.do)
		}
		target := newTarget(walks(scripts...), logged(&book))
		run(t, target)
		for i, step := range steps {
			scrape(inTime, target)
			lines := book.take(t)
			if got := levels(lines); !slices.Equal(got, step.levels) {
				t.Errorf("refresh %d logs %v, want %v: %v", i+1, got, step.levels, lines)
			}
			for _, line := range lines {
				if line["resource"] != "contoso-prod" || line["operation"] != "detectLiveness" {
					t.Errorf("a line without its target: %v", line)
				}
				if line["level"] == "WARN" && (line["error_code"] == nil || line["apim_request_id"] != "apim-7" || line["client_request_id"] != "client-7") {
					t.Errorf("a warning without what support asks for: %v", line)
				}
			}
			scrape(inTime, target) // nothing is due
			if lines := book.take(t); len(lines) != 0 {
				t.Errorf("a scrape without a refresh logs %v", lines)
			}
			advance(10 * time.Minute)
		}
	})
}

func TestAFailureThatGoesOnIsLoggedOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logbook
		target := newTarget(walks(fails(unavailable())), logged(&book))
		run(t, target)
		var warned []time.Duration
		for begun := time.Now(); time.Since(begun) < 190*time.Minute; advance(time.Minute) {
			scrape(inTime, target)
			for _, line := range book.take(t) {
				if line["level"] == "WARN" {
					warned = append(warned, time.Since(begun))
				}
			}
		}
		if len(warned) != 4 || warned[0] != 0 {
			t.Fatalf("warned after %v, want at once and then once an hour", warned)
		}
		for i := 1; i < len(warned); i++ {
			if gap := warned[i] - warned[i-1]; gap < time.Hour || gap > 66*time.Minute {
				t.Errorf("warned after %v, want once an hour", warned)
			}
		}
	})
}

func TestALogLineSaysWhatAnErrorMeans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logbook
		target := newTarget(walks(fails(unavailable())), logged(&book), func(options *collector.TargetOptions) {
			options.Explain = func(err error) string { return "explained " + faceclient.Code(err) }
		})
		run(t, target)
		scrape(inTime, target)
		if lines := book.take(t); len(lines) != 1 || lines[0]["error"] != "explained 503" {
			t.Errorf("logged %v", lines)
		}
	})
}

func TestFirstWalkTellsItsCost(t *testing.T) {
	const message = "first refresh done"
	tests := []struct {
		name     string
		pages    int
		interval time.Duration
		cost     time.Duration // the interval to work out the cost for
		level    string
		requests float64
	}{
		{"a page every five minutes", 1, 5 * time.Minute, 0, "INFO", 8640},
		{"a thousand pages every five minutes", 1000, 5 * time.Minute, 0, "WARN", 8_640_000},
		{"a hundred thousand", 25, 648 * time.Second, 0, "INFO", 100_000},
		{"just above", 25, 647 * time.Second, 0, "WARN", 100_155},
		{"simulated: what the default interval would cost", 1000, 5 * time.Second, 5 * time.Minute, "INFO", 8_640_000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var book logbook
				pages := make([]page, test.pages)
				target := newTarget(walks(fails(unavailable()), lists(pages...)), every(test.interval), logged(&book),
					func(options *collector.TargetOptions) { options.CostInterval = test.cost })
				run(t, target)
				for range 5 {
					scrape(inTime, target)
					advance(2 * test.interval)
				}
				var costs []map[string]any
				for _, line := range book.take(t) {
					if _, cost := line["requests_in_30_days"]; cost {
						costs = append(costs, line)
					}
				}
				if len(costs) != 1 {
					t.Fatalf("%d lines about cost in 4 walks, want 1: %v", len(costs), costs)
				}
				if costs[0]["interval"] != float64(test.interval) {
					t.Errorf("interval %v, want %v", costs[0]["interval"], test.interval)
				}
				if as, simulated := costs[0]["cost_interval"]; simulated != (test.cost > 0) || simulated && as != float64(test.cost) {
					t.Errorf("cost_interval %v, want %v", as, test.cost)
				}
				if costs[0]["level"] != test.level || costs[0]["requests_in_30_days"] != test.requests || !strings.HasPrefix(fmt.Sprint(costs[0]["msg"]), message) {
					t.Errorf("%v, want level %s and %v requests", costs[0], test.level, test.requests)
				}
			})
		})
	}
}

func TestNothingPersonalIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logbook
		sessions := of("device-of-jane-doe", "device-of-john-doe", "\xff-device")
		good, bad := lists(page{sessions: sessions}), fails(unavailable(), page{sessions: sessions})
		target := newTarget(walks([]script{good, bad, bad, good}...), logged(&book))
		run(t, target)
		for range 6 {
			scrape(inTime, target)
			advance(10 * time.Minute)
		}
		text := book.lines.String()
		if strings.Count(text, "\n") < 5 {
			t.Fatalf("too little was logged to tell: %s", text)
		}
		for _, personal := range []string{"jane", "john", "-device", "session-0"} {
			if strings.Contains(text, personal) {
				t.Errorf("%q is in the log: %s", personal, text)
			}
		}
	})
}

func TestEndIsNotLoggedAsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logbook
		target := newTarget(walks(hangs()), logged(&book))
		stop := run(t, target)
		scrape(time.Second, target)
		stop()
		if lines := book.take(t); len(lines) != 0 {
			t.Errorf("the end logs %v", lines)
		}
	})
}

func TestErrorOfAnotherKindIsLoggedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logbook
		target := newTarget(walks(fails(fmt.Errorf("list page 1: %w", http.ErrHandlerTimeout))), logged(&book))
		run(t, target)
		scrape(time.Second, target)
		lines := book.take(t)
		if len(lines) != 1 || lines[0]["level"] != "WARN" || lines[0]["error_code"] != faceclient.CodeConnection {
			t.Errorf("logged %v", lines)
		}
	})
}

// In logfmt a large number of requests is written as a person writes it.
func TestCostInLogfmtHasNoExponent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logbook
		target := newTarget(walks(lists(make([]page, 1000)...)), every(time.Minute), func(options *collector.TargetOptions) {
			options.Logger = slog.New(slog.NewTextHandler(&book, nil))
		})
		run(t, target)
		scrape(inTime, target)
		synctest.Wait() // the line is written after the scrape has its answer
		book.mu.Lock()
		defer book.mu.Unlock()
		if lines := book.lines.String(); !strings.Contains(lines, "requests_in_30_days=43200000\n") {
			t.Errorf("no 43200000 requests in\n%s", lines)
		}
	})
}
