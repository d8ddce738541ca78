// Package web serves an exporter over HTTP: metrics, probes, service discovery, the status page, health and reload.
//
// It must not know how sessions are read or counted, and nothing of command lines and files of configuration.
package web
