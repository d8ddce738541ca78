// Package facesim is a Face API server in memory. It has the lists of liveness sessions with their paging rules, the single
// session with its result, credentials, error bodies, a clock, traffic and a mechanism for faults. The demo shows it, and
// the tests of the client, the collector and the whole program talk to it. Package facetest adds the faults that only tests
// need.
//
// It knows the contract of the API and nothing else. It must not know the exporter (no metric, no snapshot, no client
// type), so that a mistake made there cannot be repeated here and cancel itself out. That is why it has its own constants
// for operations and versions.
//
// What the real service may do is unknown in places, so it can be chosen: [ListedIDsOnly] and [NoEmptyStart] for the start
// of a page, Options.DateLag for the header Date. [Server.Outcome], [Server.LookUps] and [Traffic.Between] tell a test what
// is true, and [Traffic.Spike] changes it.
//
// A [Server] is an [http.Handler]. Put it behind net/http/httptest for a real socket, or use [Server.Dial] or
// [Server.Transport], which need no network and therefore work inside a testing/synctest bubble. Make the server inside
// the bubble that uses it.
//
// Nothing in the package runs by itself. Sessions expire and are removed, and [Traffic] moves on, when a request arrives
// and by the injected clock. The only goroutines are those that serve connections made by Dial; [Server.Close] ends them.
package facesim
