package collector

import (
	"context"
	"errors"
	"log/slog"

	"face_liveness_exporter/faceclient"
)

// report logs what a refresh changed.
func (t *Target) report(ctx context.Context, before, after *State) {
	logger := t.options.Logger.With("resource", after.Resource, "operation", string(after.Operation))
	snapshot := after.Snapshot
	switch {
	case !after.Health.Up:
		reportFailure(ctx, logger, after.Health.LastError, before.Health.FailuresInRow == 0)
		return
	case before.Health.FailuresInRow > 0:
		logger.InfoContext(ctx, "refresh succeeds again", "failures", before.Health.FailuresInRow, "sessions", snapshot.listed())
	default:
		logger.DebugContext(ctx, "refreshed", "sessions", snapshot.listed(), "pages", snapshot.Pages, "duration", snapshot.Took())
	}
	if after.Health.Overspent && !before.Health.Overspent {
		logger.WarnContext(ctx, "ids are not random, so the list can only be read as a whole: the interval grows to what the budget allows",
			"interval", after.Interval, "pages", snapshot.Pages)
	}
	if before.Snapshot == nil {
		t.reportCost(ctx, logger, after)
	}
}

func reportFailure(ctx context.Context, logger *slog.Logger, err error, first bool) {
	level := slog.LevelDebug
	if first {
		level = slog.LevelWarn
	}
	failure := new(faceclient.Error)
	errors.As(err, &failure)
	logger.Log(ctx, level, "refresh failed", "error", err, "error_code", faceclient.Code(err),
		"apim_request_id", failure.RequestID, "client_request_id", failure.ClientRequestID)
}

// reportCost says after the first snapshot what the interval will cost.
func (t *Target) reportCost(ctx context.Context, logger *slog.Logger, state *State) {
	snapshot := state.Snapshot
	requests := MonthlyRequests(float64(snapshot.Pages), state.Interval)
	attributes := []any{
		"sessions", snapshot.listed(), "coverage", snapshot.Coverage, "pages", snapshot.Pages, "duration", snapshot.Took(),
		"interval", state.Interval, "requests_in_30_days", int64(requests),
	}
	if requests > ManyRequests && !t.options.Simulated {
		logger.WarnContext(ctx, "first walk done: a refresh at every interval will be many billed requests; raise refresh.interval or set api.monthly_request_budget", attributes...)
		return
	}
	logger.InfoContext(ctx, "first walk done", attributes...)
}
