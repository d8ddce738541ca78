// Package facesim is a Face API server in memory, for the demo: two lists of liveness sessions with their paging rules, the single
// session with its result, a key, a clock, and the traffic of a customer. Package facetest makes of it what tests need: faults, a
// record of the requests, and what really happened.
//
// It knows the contract of the API and nothing else. It must not know the exporter (no metric, no snapshot, no client type), so that
// a mistake made there cannot be repeated here and cancel itself out. That is why it has its own constants for operations and
// versions.
//
// Nothing in the package runs by itself. Sessions expire and are removed, and the traffic of [Server.Simulate] moves on, when a
// request arrives and by the clock. There is no goroutine.
package facesim
