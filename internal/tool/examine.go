package tool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/internal/config"
	"face_liveness_exporter/internal/explain"
	"face_liveness_exporter/internal/exporter"
	"face_liveness_exporter/internal/tool/doctor"
)

// examine reads every list once and prints what there is to say about it. It costs what one refresh costs and, for each
// list, two requests at most.
func examine(ctx context.Context, e *exporter.Exporter, refresh config.Refresh, process Process) error {
	colour := isTerminal(process.Stdout) && process.Getenv("NO_COLOR") == ""
	failed, all := 0, 0
	for _, resource := range e.Resources() {
		for _, list := range resource.Lists {
			facts := examination{resource, list, refresh}.facts(ctx)
			all++
			if facts.Failure != "" {
				failed++
			}
			title := fmt.Sprintf("%s, %s", facts.Resource, facts.Operation)
			if err := doctor.Print(process.Stdout, title, doctor.Report(facts), colour); err != nil {
				return err
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d lists could not be read", failed, all)
	}
	return nil
}

// examination is of one list.
type examination struct {
	resource *exporter.Resource
	list     exporter.List
	refresh  config.Refresh
}

func (x examination) facts(ctx context.Context) doctor.Facts {
	r := x.resource.Config
	options := x.resource.TargetOptions(x.list)
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

	state := target.State()
	facts := doctor.Facts{
		Resource: r.Name, Operation: x.list.Operation, Credential: credentialInWords(r), APIVersion: r.API.Version,
		Interval: x.refresh.Interval, Effective: state.Interval, Took: state.Health.LastDuration,
		Budget: float64(r.API.MonthlyRequestBudget), Price: r.API.PricePer1000Requests,
		PageSize: r.API.PageSize, MaxRequestsPerSecond: r.API.MaxRequestsPerSecond,
		Doubts: unfitSettings(r, x.refresh),
	}
	if instead := state.Settings.CostInterval; instead > 0 {
		facts.Interval, facts.Effective, facts.Simulated = instead, instead, true
	}
	snapshot := state.Snapshot
	if snapshot == nil {
		facts.Failure = "stopped before its turn came"
		if err := state.Health.LastError; err != nil {
			facts.Failure = failure(err)
			facts.RefusedCredential = blamesCredential(err)
		}
		return facts
	}
	facts.Sessions, facts.Coverage = snapshot.Estimate(snapshot.Sessions), snapshot.Coverage
	facts.Active, facts.NeverStarted = snapshot.Estimate(snapshot.Active()), snapshot.Estimate(snapshot.Abandoned)
	facts.Oldest, facts.Ahead = max(0, observed.date.Sub(observed.oldest)), observed.ahead
	facts.Demand = state.Demand()
	x.count(&facts)
	x.tryStart(ctx, &facts)
	if r.Outcomes.Samples > 0 {
		lookUp(ctx, looker, observed.finished, &facts)
	}
	return facts
}

// failure explains an error in one line that ends with what to do.
func failure(err error) string {
	text := explain.Text(err)
	if explain.Of(err).Remedy == "" {
		text += "; if it does not pass, ask Azure support with the apim_request_id of the log"
	}
	return text
}

// blamesCredential reports whether an error is about the credential.
func blamesCredential(err error) bool {
	failure, ok := errors.AsType[*faceclient.Error](err)
	return ok && (failure.Code == faceclient.CodeAuthentication || failure.Status == 401)
}

// tryStart finds out about made-up starts where the walk did not.
func (x examination) tryStart(ctx context.Context, facts *doctor.Facts) {
	if x.list.Lister.Knowledge().MadeUpStart == facelist.Untried {
		if _, err := x.list.Lister.TryStart(ctx); err != nil {
			facts.StartFailure = failure(err)
		}
	}
	facts.Knowledge = x.list.Lister.Knowledge()
}

// lookUp asks for the outcome of a session, "" for none.
func lookUp(ctx context.Context, looker collector.Looker, id string, facts *doctor.Facts) {
	if id == "" {
		facts.LookUp = doctor.NoSession
		return
	}
	switch check, _, err := looker.Session(ctx, id, 1); {
	case faceclient.NotFound(err):
		facts.LookUp = doctor.Deleted
	case err != nil:
		facts.LookUp, facts.LookUpFailure = doctor.Failed, failure(err)
	case check.HasResult:
		facts.LookUp = doctor.Result
	default:
		facts.LookUp = doctor.NoResult
	}
}

// count tells what the requests of the refresh were like.
func (x examination) count(facts *doctor.Facts) {
	used := x.resource.API.Usage(x.list.Operation)
	facts.Requests, facts.Limited, facts.Billed = float64(used.Requests), float64(used.RateLimited), used.Billed
	if used.Requests > 0 {
		facts.Latency = used.Duration / time.Duration(used.Requests)
	}
}

// observedSource keeps what the collector does not need.
type observedSource struct {
	collector.Source

	// date is the service's clock at the first page; ahead is how far it was ahead of this machine's.
	date  time.Time
	ahead time.Duration
	// oldest is the creation of the oldest session, the zero time where there is none.
	oldest time.Time
	// finished is the id of a session that was started and has expired; "" where there is none.
	finished string
}

// Walk has the visitor watched.
func (w *observedSource) Walk(ctx context.Context, attempts int, visitor facelist.Visitor) (facelist.Result, error) {
	return w.Source.Walk(ctx, attempts, watcher{visitor, w})
}

type watcher struct {
	facelist.Visitor
	seen *observedSource
}

// Visit looks at a batch, and passes it on.
func (w watcher) Visit(batch facelist.Batch) {
	seen := w.seen
	if seen.date.IsZero() {
		seen.date, seen.ahead = batch.Date, time.Until(batch.Date)
	}
	for i := range batch.Sessions {
		session := &batch.Sessions[i]
		if seen.oldest.IsZero() || session.Created.Before(seen.oldest) {
			seen.oldest = session.Created
		}
		if seen.finished == "" && session.Expired && session.HasStarted() {
			seen.finished = string(session.ID)
		}
	}
	w.Visitor.Visit(batch)
}
