package tool

import (
	"fmt"
	"math"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/internal/config"
	"face_liveness_exporter/internal/words"
)

// leastCost is what a resource costs in 30 days where each list is a single page.
type leastCost struct {
	// list is how many requests read the lists, within the budget where there is one.
	list float64
	// outcomes is how many more look results up, at most.
	outcomes float64
	// interval is the least effective refresh interval.
	interval time.Duration
}

// leastCostOf computes the cost of a resource that is refreshed at every interval.
func leastCostOf(r config.Resource, interval time.Duration) leastCost {
	operations := float64(len(r.Operations))
	demand := collector.Demand{
		Pages: operations, Started: math.Inf(1), Samples: operations * float64(r.Outcomes.Samples),
		Budget: float64(r.API.MonthlyRequestBudget),
	}
	cost := leastCost{interval: interval}
	if demand.Budget > 0 {
		cost.interval = max(interval, time.Duration(math.Ceil(operations*collector.Month.Seconds()/demand.Budget))*time.Second)
	}
	cost.list, cost.outcomes = demand.InMonth(cost.interval)
	return cost
}

func (c leastCost) String() string {
	text := "at least " + words.Count(c.list) + " requests in 30 days"
	if c.outcomes > 0 {
		text += ", and up to " + words.Count(c.outcomes) + " for outcomes"
	}
	return text
}

// costRefresh returns the settings that costs are computed for. A simulated resource costs nothing; it shows what a real one
// would cost by default.
func costRefresh(refresh config.Refresh, simulated bool) config.Refresh {
	if simulated {
		refresh.Interval = config.Default().Refresh.Interval
	}
	return refresh
}

// costWarnings are what is doubtful about the least cost of a resource.
func costWarnings(r config.Resource, refresh config.Refresh) []string {
	operations := float64(len(r.Operations))
	cost := leastCostOf(r, refresh.Interval)
	if all := cost.list + cost.outcomes; all > collector.ManyRequests {
		enough := time.Duration(math.Ceil(collector.Month.Seconds()*operations*float64(1+r.Outcomes.Samples)/collector.ManyRequests)) * time.Second
		return []string{fmt.Sprintf("refresh.interval: %s costs over %s requests in 30 days (%s): raise it, to %s or more, or set api.monthly_request_budget",
			refresh.Interval, words.Count(collector.ManyRequests), words.Count(all), enough)}
	}
	return nil
}

// unfitSettings are those of a resource that do not fit together, each with what to do.
func unfitSettings(r config.Resource, refresh config.Refresh) []string {
	var warnings []string
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	operations := float64(len(r.Operations))
	cost := leastCostOf(r, refresh.Interval)
	if cost.interval > refresh.Interval {
		warn("api.monthly_request_budget: %s requests in 30 days are less than one for each refresh of each operation: the effective interval is %s instead of %s; raise the budget to %s, or the interval",
			words.Count(float64(r.API.MonthlyRequestBudget)), cost.interval, refresh.Interval,
			words.Count(math.Ceil(collector.MonthlyRequests(operations, refresh.Interval))))
	}
	// The lists of a resource share its rate, so that a page can wait for one of each other list.
	if wait := seconds(operations / r.API.MaxRequestsPerSecond); wait >= refresh.Timeout {
		warn("api.max_requests_per_second: a request can wait %s for its turn, and refresh.timeout is %s: every list of more than one page fails; raise the rate, or the time-out",
			wait, refresh.Timeout)
	}
	if wait := seconds(operations * float64(r.Outcomes.Samples) / r.API.MaxRequestsPerSecond); wait >= cost.interval {
		warn("outcomes.samples: looking up %d sessions at %g requests a second takes %s, and the next refresh ends it after %s: lower the samples",
			r.Outcomes.Samples, r.API.MaxRequestsPerSecond, wait, cost.interval)
	}
	return warnings
}

// seconds is a duration of so many seconds, as long as a Duration can be.
func seconds(s float64) time.Duration {
	if s > math.MaxInt64/float64(time.Second)/2 {
		return math.MaxInt64 / 2
	}
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond)
}
