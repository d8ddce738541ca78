package collector

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"face_liveness_exporter/faceclient"
)

const (
	// reminder is how often a trouble that goes on is logged again.
	reminder = time.Hour
	// emptyReminder is that for an empty list.
	emptyReminder = 24 * time.Hour
)

// reported is what was last logged, so that only news is.
type reported struct {
	failure, lookUps string             // what kind they were; "" after a success
	at               map[string]Instant // when a line was last logged
}

// due reports whether a line is worth being logged again, and notes that it is.
func (r *reported) due(line string, now Instant, every time.Duration) bool {
	if at, logged := r.at[line]; logged && now.Since(at) < every {
		return false
	}
	r.at[line] = now
	return true
}

// report logs what a refresh changed.
func (t *Target) report(ctx context.Context, before, after *State) {
	logger := t.logger()
	snapshot := after.Snapshot
	if !after.Health.Up {
		t.reportFailure(ctx, logger, &after.Health)
		return
	}
	t.reported.failure = ""
	if before.Health.FailuresInRow > 0 {
		logger.InfoContext(ctx, "refresh succeeds again", "failures", before.Health.FailuresInRow, "sessions", snapshot.listed())
	} else {
		logger.DebugContext(ctx, "refreshed", "sessions", snapshot.listed(), "pages", snapshot.Pages, "duration", snapshot.Took())
	}
	if after.Health.Overspent && !before.Health.Overspent {
		logger.WarnContext(ctx, "this list can only be read as a whole, which needs more requests than the budget has: the interval grows to what the budget allows",
			"interval", after.Interval, "pages", snapshot.Pages)
	}
	if before.Snapshot == nil {
		reportCost(ctx, logger, after)
	}
	if snapshot.Sessions == 0 && t.reported.due("empty", t.clock(), emptyReminder) {
		logger.WarnContext(ctx, "no session is listed: those created through v1.2 or later may not be",
			"find_out", "the API version that the application uses: Azure Monitor's metric TotalCalls of the resource, split by ApiName and OperationName, shows it")
	}
	if held := after.Health.ClockHeldBack; held > 0 && t.reported.due("clock", t.clock(), reminder) {
		logger.WarnContext(ctx, "flow counters are held back: the service's clock, or the one of this machine, was or is wrong", "held_back", held)
	}
}

func (t *Target) logger() *slog.Logger {
	return t.options.Logger.With("resource", t.Resource(), "operation", string(t.Operation()))
}

// reportFailure logs the first failure in a row, each that differs from the one before, and otherwise one every hour.
func (t *Target) reportFailure(ctx context.Context, logger *slog.Logger, health *Health) {
	err, level := health.LastError, slog.LevelDebug
	if kind := failureKind(err); kind != t.reported.failure {
		t.reported.failure = kind
		delete(t.reported.at, "failure")
	}
	if t.reported.due("failure", t.clock(), reminder) {
		level = slog.LevelWarn
	}
	if _, panicked := errors.AsType[*panicError](err); panicked {
		level = slog.LevelError
	}
	logger.Log(ctx, level, "refresh failed", append(t.failureAttributes(err), "failures", health.FailuresInRow)...)
}

// reportLookUps logs when look-ups begin to fail and when they succeed again.
func (t *Target) reportLookUps(ctx context.Context, err error) {
	kind := failureKind(err)
	if kind == t.reported.lookUps {
		return
	}
	t.reported.lookUps = kind
	if err == nil {
		t.logger().InfoContext(ctx, "look-ups of outcomes succeed again")
		return
	}
	t.logger().WarnContext(ctx, "look-ups of outcomes fail; refreshes go on without them", t.failureAttributes(err)...)
}

// failureAttributes say what an error is.
func (t *Target) failureAttributes(err error) []any {
	text := err.Error()
	if t.options.Explain != nil {
		text = t.options.Explain(err)
	}
	failure := clientError(err)
	attributes := []any{"error", text, "error_code", faceclient.Code(err)}
	for _, known := range [][2]string{
		{"apim_request_id", failure.RequestID}, {"client_request_id", failure.ClientRequestID}, {"detail", string(failure.Detail)},
	} {
		if known[1] != "" {
			attributes = append(attributes, known[0], known[1])
		}
	}
	if panicked, is := errors.AsType[*panicError](err); is {
		attributes = append(attributes, "panic", panicked.reason, "stack", string(panicked.stack))
	}
	return attributes
}

// failureKind is the same for failures that are logged as one; "" for nil. A service that makes up a code for every answer does
// not fill the log.
func failureKind(err error) string {
	code, failure := faceclient.Code(err), clientError(err)
	if code == "" || slices.Contains(faceclient.ErrorCodes(), code) {
		return strings.TrimSpace(code + " " + string(failure.Detail))
	}
	return "HTTP " + strconv.Itoa(failure.Status)
}

// clientError is the client's part of an error, or the zero value.
func clientError(err error) *faceclient.Error {
	if failure, is := errors.AsType[*faceclient.Error](err); is {
		return failure
	}
	return &faceclient.Error{}
}

// reportCost says after the first snapshot what the refreshes will cost.
func reportCost(ctx context.Context, logger *slog.Logger, state *State) {
	snapshot := state.Snapshot
	list, lookUps := state.MonthlyRequests()
	attributes := []any{
		"sessions", snapshot.listed(), "coverage", snapshot.Coverage, "pages", snapshot.Pages, "duration", snapshot.Took(),
		"interval", state.Interval, "requests_in_30_days", int64(math.Round(list + lookUps)),
	}
	if simulated := state.Settings.CostInterval; simulated > 0 {
		attributes = append(attributes, "cost_interval", simulated)
	} else if list+lookUps > ManyRequests {
		logger.WarnContext(ctx, "first refresh done: refreshes at this interval take many billed requests; choose a longer interval or a monthly request budget", attributes...)
		return
	} else if state.Demand().Starved(state.CostInterval()) {
		logger.WarnContext(ctx, "first refresh done: the list takes the whole budget, and no session is looked up; raise the budget or the interval", attributes...)
		return
	}
	logger.InfoContext(ctx, "first refresh done", attributes...)
}
