// Package collector says what a list of liveness sessions means: it counts the sessions of a walk into a [Snapshot],
// keeps the last good snapshot of each resource and operation, decides when a new walk is due, and turns snapshots into
// Prometheus metrics.
//
// It knows sessions, counting, time and Prometheus. It must not know HTTP, credentials, YAML or the names of settings: a
// [Source] passes it the sessions batch by batch, and a [Looker] the result of one session.
//
// A scrape calls [EnsureFresh], which asks for the refreshes that are due, and then gathers a [Collector]. The Run of a
// [Target] carries the refreshes out, and goes on with them after the scrape is over; nothing is refreshed that nobody asks
// for. What readers see of a target is one immutable [State]: the metrics, the status page, --doctor and
// readiness all read it.
package collector
