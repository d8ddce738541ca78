package collector_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// logbook keeps log lines.
type logbook struct{ lines bytes.Buffer }

// take returns the lines since the last time; it must be called in a bubble.
func (b *logbook) take(t *testing.T) (lines []map[string]any) {
	t.Helper()
	synctest.Wait() // a refresh is logged after its scrapers have been let go
	for decoder := json.NewDecoder(&b.lines); decoder.More(); {
		var fields map[string]any
		if err := decoder.Decode(&fields); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fields)
	}
	return lines
}

// levels are the levels of lines, without one of them and without those of lines about cost.
func levels(lines []map[string]any, without string) (all []string) {
	for _, line := range lines {
		if level := line["level"]; line["requests_in_30_days"] == nil && level != without {
			all = append(all, fmt.Sprint(level))
		}
	}
	return all
}

func logged(book *logbook) func(*collector.TargetOptions) {
	logger := slog.New(slog.NewJSONHandler(&book.lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return func(options *collector.TargetOptions) { options.Logger = logger }
}

func TestLogLinesTellWhatIsNew(t *testing.T) {
	bad := fails(answered(http.StatusServiceUnavailable, "503"))
	good := lists(page{sessions: created(3)})
	steps := []struct {
		do    script
		level string
	}{
		{bad, "WARN"},
		{bad, "DEBUG"},
		{fails(answered(http.StatusForbidden, "403")), "WARN"}, // another code
		{fails(answered(http.StatusForbidden, "403")), "DEBUG"},
		{bad, "WARN"},
		{good, "INFO"},
		{good, "DEBUG"},
		{fails(fmt.Errorf("list page 1: %w", http.ErrHandlerTimeout)), "WARN"}, // no error of the client
		{good, "INFO"},
		{good, "DEBUG"},
	}
	synctest.Test(t, func(t *testing.T) {
		var book logbook
		var scripts []script
		for _, step := range steps {
			scripts = append(scripts, step.do)
		}
		target := newTarget(walks(scripts...), logged(&book), func(options *collector.TargetOptions) {
			options.Explain = func(err error) string { return "explained " + faceclient.Code(err) }
		})
		run(t, target)
		for i, step := range steps {
			scrape(inTime, target)
			lines := book.take(t)
			if got := levels(lines, ""); !slices.Equal(got, []string{step.level}) {
				t.Errorf("refresh %d logs %v, want %v: %v", i+1, got, step.level, lines)
			}
			for _, line := range lines {
				if line["resource"] != "contoso-prod" || line["operation"] != "detectLiveness" {
					t.Errorf("a line without its target: %v", line)
				}
				code, failed := line["error_code"]
				if failed && line["error"] != fmt.Sprint("explained ", code) {
					t.Errorf("a line that does not explain its error: %v", line)
				}
				if failed && code != faceclient.CodeConnection && (line["apim_request_id"] != "apim-7" || line["client_request_id"] != "client-7") {
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

// What goes on is logged at once and then now and then. An empty list may be that of an application whose sessions are not listed.
func TestTroubleThatGoesOnIsLoggedAgain(t *testing.T) {
	nothing, something := lists(page{}), lists(page{sessions: created(1)})
	for name, test := range map[string]struct {
		walks   []script
		message string
		every   time.Duration
	}{
		"a failure":     {[]script{fails(unavailable())}, "refresh failed", time.Hour},
		"an empty list": {[]script{nothing, nothing, something, nothing}, "no session is listed: those created through v1.2 or later may not be", 24 * time.Hour},
	} {
		bubble(t, name, func(t *testing.T) {
			var book logbook
			target := newTarget(walks(test.walks...), logged(&book))
			run(t, target)
			var told []time.Duration
			for begun := time.Now(); time.Since(begun) < 3*test.every-time.Minute; advance(time.Minute) {
				scrape(inTime, target)
				for _, line := range book.take(t) {
					if line["level"] == "WARN" && strings.HasPrefix(fmt.Sprint(line["msg"]), test.message) {
						told = append(told, time.Since(begun))
					}
				}
			}
			if len(told) != 3 || told[0] != 0 {
				t.Fatalf("told after %v, want at once and then every %v", told, test.every)
			}
			for i := 1; i < len(told); i++ {
				if gap := told[i] - told[i-1]; gap < test.every || gap > test.every+6*time.Minute {
					t.Errorf("told after %v, want every %v", told, test.every)
				}
			}
		})
	}
}

func TestFirstWalkTellsItsCost(t *testing.T) {
	for name, test := range map[string]struct {
		pages          int
		interval, cost time.Duration // the interval, and the one to work out the cost for
		level          string
		requests       float64
	}{
		"a hundred thousand": {25, 648 * time.Second, 0, "INFO", 100_000},
		"just above":         {25, 647 * time.Second, 0, "WARN", 100_155},
		"simulated: what the default interval would cost": {1000, 5 * time.Second, 5 * time.Minute, "INFO", 8_640_000},
	} {
		bubble(t, name, func(t *testing.T) {
			var book logbook
			list := func(ctx context.Context, attempts int, visitor facelist.Visitor) (facelist.Result, error) {
				walk, err := lists(make([]page, test.pages)...)(ctx, attempts, visitor)
				walk.Pages, walk.Proofs = walk.Pages+1, 1 // a proof is needed once, and not part of the cost
				return walk, err
			}
			target := newTarget(walks(fails(unavailable()), list), every(test.interval), logged(&book),
				func(options *collector.TargetOptions) { options.CostInterval = test.cost })
			run(t, target)
			for range 5 {
				scrape(inTime, target)
				advance(2 * test.interval)
			}
			costs := slices.DeleteFunc(book.take(t), func(line map[string]any) bool { return line["requests_in_30_days"] == nil })
			if len(costs) != 1 {
				t.Fatalf("%d lines about cost in 4 walks, want 1: %v", len(costs), costs)
			}
			line := costs[0]
			if line["level"] != test.level || line["requests_in_30_days"] != test.requests || line["interval"] != float64(test.interval) ||
				test.cost == 0 && line["cost_interval"] != nil || test.cost > 0 && line["cost_interval"] != float64(test.cost) {
				t.Errorf("%v, want %+v", line, test)
			}
		})
	}
}
