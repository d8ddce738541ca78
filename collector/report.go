package collector

import (
	"context"
	"errors"
	"log/slog"

	"face_liveness_exporter/faceclient"
)

// manyRequests a month are worth a warning.
const manyRequests = 100_000

// report logs what is new since the refresh before, whose health that was; what goes on as it was is for debugging.
func (t *Target) report(ctx context.Context, options *TargetOptions, before Health, snapshot *Snapshot, err error) {
	logger := options.Logger.With("resource", options.Resource, "operation", string(options.Operation))
	now := t.Health()
	switch {
	case err != nil:
		reportFailure(ctx, logger, err, before.FailuresInRow == 0)
		return
	case before.FailuresInRow > 0:
		logger.InfoContext(ctx, "refresh succeeds again", "failures", before.FailuresInRow, "sessions", snapshot.listed())
	default:
		logger.DebugContext(ctx, "refreshed", "sessions", snapshot.listed(), "pages", snapshot.Pages, "duration", now.LastWalk)
	}
	if now.Overspent && !before.Overspent {
		logger.WarnContext(ctx, "ids are not random, so the list can only be read as a whole: the interval grows to what the budget allows",
			"interval", t.Interval(), "pages", snapshot.Pages)
	}
	if first := before.Refreshes == before.Failures; first {
		t.reportCost(ctx, logger, options, snapshot)
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

// reportCost says after the first walk what the interval will cost.
func (t *Target) reportCost(ctx context.Context, logger *slog.Logger, options *TargetOptions, snapshot *Snapshot) {
	requests := float64(snapshot.Pages) * month.Seconds() / t.Interval().Seconds()
	attributes := []any{
		"sessions", snapshot.listed(), "coverage", snapshot.Coverage, "pages", snapshot.Pages, "duration", snapshot.Ended.Sub(snapshot.Began),
		"interval", t.Interval(), "requests_in_30_days", int64(requests),
	}
	if requests > manyRequests && !options.Simulated {
		logger.WarnContext(ctx, "first walk done: a refresh at every interval will be many billed requests; raise refresh.interval or set api.monthly_request_budget", attributes...)
		return
	}
	logger.InfoContext(ctx, "first walk done", attributes...)
}
