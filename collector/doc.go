// Package collector says what a list of liveness sessions means: it counts the sessions of a walk into a [Snapshot],
// keeps the last good snapshot of each resource and operation, decides when a new walk is due, and turns snapshots into
// Prometheus metrics.
//
// It knows sessions, counting, time and Prometheus. It must not know how a list is had: a [Source] gives it the sessions
// batch by batch. A [Target] refreshes for as long as its Run goes on, not for as long as somebody scrapes; a scrape
// calls [Prepare] and then gathers what is on the shelf.
package collector
