// Package exporter puts the parts together: it reads the command line, finds the configuration, builds a client and a
// collector for each resource, serves them over HTTP, and starts and stops it all.
//
// It knows every other room. It must not know how a page is parsed or a session is counted.
package exporter
