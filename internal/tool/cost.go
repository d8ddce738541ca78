package tool

import (
	"fmt"
	"math"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/internal/config"
	"face_liveness_exporter/internal/words"
)

// minimumCost is how many requests a resource takes in 30 days if each list is a single page and it is refreshed at every
// interval: for the lists, and the maximum for look-ups. The interval is the one that the budget allows.
func minimumCost(r config.Resource, configured time.Duration) (lists, lookUps float64, interval time.Duration) {
	operations, budget := float64(len(r.Operations)), float64(r.API.MonthlyRequestBudget)
	demand := collector.Demand{Pages: operations, Started: math.Inf(1), Samples: operations * float64(r.Outcomes.Samples), Budget: budget}
	interval = configured
	if budget > 0 {
		interval = max(interval, seconds(math.Ceil(operations*collector.Month.Seconds()/budget)))
	}
	lists, lookUps = demand.InMonth(interval)
	return lists, lookUps, interval
}

// costWarnings are what is doubtful about the minimum cost of a resource.
func costWarnings(r config.Resource, refresh config.Refresh) []string {
	lists, lookUps, _ := minimumCost(r, refresh.Interval)
	if lists+lookUps <= collector.ManyRequests {
		return nil
	}
	perRefresh := float64(len(r.Operations) * (1 + r.Outcomes.Samples))
	enough := seconds(math.Ceil(collector.Month.Seconds() * perRefresh / collector.ManyRequests))
	return []string{fmt.Sprintf("refresh.interval: %s costs over %s requests in 30 days (%s): raise it, to %s or more, or set api.monthly_request_budget",
		refresh.Interval, words.Count(collector.ManyRequests), words.Count(lists+lookUps), enough)}
}

// unfitSettings are those of a resource that do not fit together, each with what to do.
func unfitSettings(r config.Resource, refresh config.Refresh) []string {
	var warnings []string
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	operations, rate := float64(len(r.Operations)), r.API.MaxRequestsPerSecond
	_, _, interval := minimumCost(r, refresh.Interval)
	if interval > refresh.Interval {
		warn("api.monthly_request_budget: %s requests in 30 days are fewer than one for each refresh of each operation: the effective interval is %s instead of %s; raise the budget to %s, or the interval",
			words.Count(float64(r.API.MonthlyRequestBudget)), interval, refresh.Interval,
			words.Count(math.Ceil(collector.MonthlyRequests(operations, refresh.Interval))))
	}
	// The lists of a resource share its rate, so that a page can wait for one of each other list.
	if wait := seconds(operations / rate); wait >= refresh.Timeout {
		warn("api.max_requests_per_second: a request can wait %s for its turn, and refresh.timeout is %s: every list of more than one page fails; raise the rate, or the timeout",
			wait, refresh.Timeout)
	}
	if wait := seconds(operations * float64(r.Outcomes.Samples) / rate); wait >= interval {
		warn("outcomes.samples: looking up %d sessions at %g requests a second takes %s, and the next refresh ends it after %s: lower the samples",
			r.Outcomes.Samples, rate, wait, interval)
	}
	return warnings
}

// seconds is a duration that a setting asks for, at most a century.
func seconds(s float64) time.Duration {
	return time.Duration(min(s, 100*365*24*3600) * float64(time.Second)).Round(time.Millisecond)
}
