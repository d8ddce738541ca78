// Package exporter holds the Face resources of the configuration in force: it builds a client, a list and a collector for
// each, starts them, puts another configuration in their place, and stops them.
//
// It must not know how a page is parsed or a session is counted, and nothing of HTTP servers, flags and files of
// configuration.
package exporter
