package tool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/internal/config"
	"face_liveness_exporter/internal/explain"
	"face_liveness_exporter/internal/exporter"
	"face_liveness_exporter/internal/tool/doctor"
)

// examine reads every list once and prints what there is to say about it. For each list, it costs what one refresh costs and
// one request more if outcomes are looked up. The error counts the lists that could not be read.
func examine(ctx context.Context, e *exporter.Exporter, refresh config.Refresh, simulated bool, process Process) error {
	colour := isTerminal(process.Stdout) && process.getenv("NO_COLOR") == ""
	failed := 0
	for _, resource := range e.Resources() {
		r := resource.Config
		if lines := doctor.Settings(r.API, unfitSettings(r, refresh)); len(lines) > 0 && !simulated {
			if err := doctor.Print(process.Stdout, r.Name, lines, colour); err != nil {
				return err
			}
		}
		for _, list := range resource.Lists {
			facts := examineList(ctx, resource, list, refresh)
			if facts.Failure != nil {
				failed++
			}
			if err := doctor.Print(process.Stdout, r.Name+", "+string(list.Operation), doctor.Report(facts), colour); err != nil {
				return err
			}
		}
	}
	if !simulated {
		if _, err := fmt.Fprintln(process.Stdout, explain.UnlistedSessions); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d lists could not be read", failed, len(e.Targets()))
	}
	return nil
}

// examineList refreshes a list once and gathers what is known of it then.
func examineList(ctx context.Context, resource *exporter.Resource, list exporter.List, refresh config.Refresh) doctor.Facts {
	options := resource.TargetOptions(list)
	observed := &observedSource{Source: options.Source}
	looker := options.Looker
	options.Source, options.Looker = observed, nil
	target := collector.NewTarget(options)
	var group sync.WaitGroup
	running, cancel := context.WithCancel(ctx)
	group.Go(func() { target.Run(running) })
	collector.EnsureFresh(ctx, target)
	cancel()
	group.Wait()

	state, r := target.State(), resource.Config
	facts := doctor.Facts{
		API: r.API, Credential: credentialInWords(r), Interval: refresh.Interval, Effective: state.Interval,
		Failure: state.Health.LastError, Took: state.Health.LastDuration,
		Knowledge: list.Lister.Knowledge(), Oldest: observed.oldest, Youngest: observed.youngest, Ahead: observed.ahead, Demand: state.Demand(),
	}
	if instead := state.Settings.CostInterval; instead > 0 {
		facts.Interval, facts.Effective, facts.Simulated = instead, instead, true
	}
	if s := state.Snapshot; s != nil {
		facts.Sessions, facts.Coverage = s.Estimate(s.Sessions), s.Coverage
		facts.Active, facts.NeverStarted = s.Estimate(s.Active()), s.Estimate(s.Abandoned)
		if facts.LookedUp = observed.finished != "" && r.Outcomes.Samples > 0; facts.LookedUp {
			facts.Check, _, facts.LookUpFailure = looker.Session(ctx, observed.finished, 1)
		}
	} else if facts.Failure == nil {
		facts.Failure = errors.New("stopped before its turn came")
	}
	facts.Usage = resource.API.Usage(list.Operation)
	return facts
}

// observedSource keeps what the collector does not need.
type observedSource struct {
	collector.Source

	// ahead is how far the service's clock was ahead of this machine's at the first page; for an empty list at least.
	ahead time.Duration
	// oldest and youngest are the ages of these sessions, by the service's clock; 0 if there is none.
	oldest, youngest time.Duration
	// finished is the id of a session that was started and has expired; "" if there is none.
	finished string
}

// Walk has the visitor watched.
func (o *observedSource) Walk(ctx context.Context, attempts int, visitor facelist.Visitor) (facelist.Result, error) {
	began := time.Now()
	walk, err := o.Source.Walk(ctx, attempts, watcher{visitor, o})
	if err == nil && o.oldest == 0 {
		o.ahead = max(0, time.Until(walk.Horizon)) + min(0, walk.Horizon.Sub(began))
	}
	return walk, err
}

type watcher struct {
	facelist.Visitor
	seen *observedSource
}

// Visit looks at a batch, and passes it on.
func (w watcher) Visit(batch facelist.Batch) {
	seen, first := w.seen, w.seen.oldest == 0
	if first {
		seen.ahead = time.Until(batch.Date)
	}
	for i := range batch.Sessions {
		session := &batch.Sessions[i]
		age := batch.Date.Sub(session.Created)
		if first {
			seen.oldest, seen.youngest, first = age, age, false
		}
		seen.oldest, seen.youngest = max(seen.oldest, age), min(seen.youngest, age)
		if seen.finished == "" && session.Expired && session.HasStarted() {
			seen.finished = string(session.ID)
		}
	}
	w.Visitor.Visit(batch)
}
