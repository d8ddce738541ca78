// Package facelist reads one list of liveness sessions as the service documents it: page after page, each with the last id
// of the page before it as its start. It proves where a list ends, reads only the beginning if it may not make enough
// requests for all of it, and reads parts of a long list side by side once the service has shown that this is safe.
//
// It knows ids and pages. It must not know HTTP, JSON, credentials or Prometheus: pages come through the [Pager] that it
// declares, and sessions go to a [Visitor].
package facelist
