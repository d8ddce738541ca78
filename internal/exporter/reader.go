package exporter

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// reader reads the lists of one Face resource. It lives as long as its lists are the same, however often settings change:
// rate limit, budget, counters, what is known of the lists, and requests under way stay the same.
type reader struct {
	// Lists are in the order of the configuration.
	Lists []List
	// API counts the requests.
	API *collector.APIMetrics

	client *faceclient.Client
	budget *collector.Budget

	cancel context.CancelFunc // ends the refreshes; nil before start
	group  sync.WaitGroup     // of the refreshes
}

// List is one operation of a resource.
type List struct {
	Operation faceclient.Operation
	Lister    *facelist.Lister
	Target    *collector.Target
}

// source is a list as its target sees it.
type source struct {
	*facelist.Lister
	client    *faceclient.Client
	operation faceclient.Operation
}

// Session looks up one session of the list.
func (s source) Session(ctx context.Context, id string, maxAttempts int) (check faceclient.Check, attempts int, err error) {
	return s.client.Session(ctx, faceclient.SessionQuery{Operation: s.operation, ID: id, MaxAttempts: maxAttempts})
}

// CredentialChanged reports whether the next request would have another key or token than the last one.
func (s source) CredentialChanged() bool { return s.client.CredentialChanged() }

// newReader makes a reader. It asks nobody for anything before start.
func newReader(s settings) (*reader, error) {
	operations := s.Config.Operations
	r := &reader{
		API:    collector.NewAPIMetrics(s.Config.Name, operations, s.Config.API.MonthlyRequestBudget),
		budget: collector.NewBudget(s.Config.API.MonthlyRequestBudget, s.target.Interval, operations, s.target.Clock),
	}
	var err error
	s.client.Observer = r.API
	if r.client, err = faceclient.New(s.client); err != nil {
		return nil, err
	}
	for _, operation := range operations {
		l := List{Operation: operation, Lister: facelist.New(r.client, operation, s.limits)}
		l.Target = collector.NewTarget(r.targetOptions(s, l))
		r.Lists = append(r.Lists, l)
	}
	return r, nil
}

func (r *reader) targetOptions(s settings, l List) collector.TargetOptions {
	options := s.target
	options.Operation = l.Operation
	list := source{l.Lister, r.client, l.Operation}
	options.Source, options.Looker = list, list
	options.Budget = r.budget
	options.API = r.API
	return options
}

// Targets are those of all lists of the resource.
func (r *reader) Targets() []*collector.Target {
	targets := make([]*collector.Target, len(r.Lists))
	for i, l := range r.Lists {
		targets[i] = l.Target
	}
	return targets
}

// apply puts other settings of the same lists in force. They must have passed newSettings, so that nothing can fail.
func (r *reader) apply(s settings) {
	s.client.Observer = r.API
	_ = r.client.Apply(s.client) // newSettings has checked them
	r.API.SetBudget(s.Config.API.MonthlyRequestBudget)
	r.budget.Apply(s.Config.API.MonthlyRequestBudget, s.target.Interval)
	for _, l := range r.Lists {
		l.Lister.Apply(s.limits)
		l.Target.Apply(s.target.Settings)
	}
}

// started reports whether start was called.
func (r *reader) started() bool { return r.cancel != nil }

// start refreshes until ctx ends or cancel is called. With onStart the first refresh comes after a random part of the jitter.
// All others come when a scrape finds the snapshot old.
func (r *reader) start(ctx context.Context, onStart bool, jitter time.Duration) {
	ctx, r.cancel = context.WithCancel(ctx)
	for _, target := range r.Targets() {
		r.group.Go(func() { target.Run(ctx) })
		if !onStart {
			continue
		}
		r.group.Go(func() {
			select {
			case <-time.After(rand.N(jitter)):
				collector.EnsureFresh(ctx, target)
			case <-ctx.Done():
			}
		})
	}
}

// stop waits for the refreshes, whose context has been cancelled, and closes the connections to the service.
func (r *reader) stop() {
	r.group.Wait()
	r.client.Close()
}
