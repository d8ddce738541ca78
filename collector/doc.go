// Package collector says what a list of liveness sessions means: it counts the sessions of a walk into a [Snapshot],
// keeps the last good snapshot of each resource and operation, decides when a new walk is due, and turns snapshots into
// Prometheus metrics.
//
// It knows sessions, counting, time and Prometheus. It must not know HTTP, credentials, YAML or the names of settings: a
// [Source] passes it the sessions batch by batch, and a [Looker] the result of one session.
//
// A [Target] is refreshed while its Run runs, whether or not anybody scrapes. What readers see of it is one immutable
// [State]: the metrics, the status page, --dry-run, --doctor and readiness all read it. A scrape calls [EnsureFresh], which
// starts the refreshes that are due, and then gathers a [Collector], which shows the states by one table of metrics.
package collector
