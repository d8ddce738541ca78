// Package doctor turns what one refresh of a list found into a report for a person: what works, what the list is like, what
// it costs and what to do.
//
// It must not know how the facts are found: no HTTP, no credential and no metric.
package doctor
