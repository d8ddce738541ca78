package exporter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/prometheus/common/expfmt"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/internal/explain"
)

// dryRun reads every list once, prints what a scrape would get, and reports how it went. Where no list could be read, there
// is nothing to print.
func dryRun(ctx context.Context, e *exporter, process Process) error {
	fleet := e.fleet.Load()
	fleet.startOrApply(ctx, false) // everything is asked for below, and waited for
	collector.EnsureFresh(ctx, fleet.targets...)
	fleet.stop(ctx)

	if slices.ContainsFunc(fleet.targets, hasSnapshot) {
		if err := expose(e, process.Stdout); err != nil {
			return err
		}
	}
	return summarize(fleet, process)
}

func hasSnapshot(target *collector.Target) bool { return target.State().Snapshot != nil }

// expose writes what a scrape would get.
func expose(e *exporter, out io.Writer) error {
	families, err := e.Gather()
	if err != nil {
		return err
	}
	encoder := expfmt.NewEncoder(out, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return err
		}
	}
	return nil
}

// errNotBegun is the reason for a list that was not read because the exporter was stopped first.
var errNotBegun = errors.New("stopped before its turn came")

// summarize prints a line for each target. The error counts those that failed.
func summarize(fleet *fleet, process Process) error {
	table := tabwriter.NewWriter(process.Stderr, 0, 0, 2, ' ', 0)
	failed := 0
	fmt.Fprintln(table, "RESOURCE\tOPERATION\tSESSIONS\tACTIVE\tEXPIRED\tDEVICES\tPAGES\tTOOK\tRESULT")
	for _, target := range fleet.targets {
		state := target.State()
		health, snapshot := state.Health, state.Snapshot
		if snapshot == nil {
			failed++
			reason := errNotBegun.Error()
			if health.LastError != nil {
				reason = explain.Text(health.LastError)
			}
			fmt.Fprintf(table, "%s\t%s\t-\t-\t-\t-\t-\t%s\t%s\n", target.Resource(), target.Operation(),
				health.LastDuration.Round(time.Millisecond), reason)
			continue
		}
		devices, result := "-", "ok"
		if n, known := snapshot.DeviceCount(); known {
			devices = strconv.FormatFloat(n, 'f', 0, 64)
		}
		if !snapshot.Complete() {
			result = fmt.Sprintf("estimated from %.1f %% of the list", 100*snapshot.Coverage)
		}
		fmt.Fprintf(table, "%s\t%s\t%.0f\t%.0f\t%.0f\t%s\t%d\t%s\t%s\n", target.Resource(), target.Operation(),
			snapshot.Estimate(snapshot.Sessions), snapshot.Estimate(snapshot.Active()), snapshot.Estimate(snapshot.Expired),
			devices, snapshot.Pages, health.LastDuration.Round(time.Millisecond), result)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d lists could not be read", failed, len(fleet.targets))
	}
	return nil
}
