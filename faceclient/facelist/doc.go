// Package facelist walks one list of liveness sessions: it divides the key space of the ids into ranges, reads them side by
// side, keeps to an allowance of requests, and samples the list where that is too small for all of it.
//
// It knows ids, positions and pages. It must not know HTTP, JSON, credentials or Prometheus: pages come through the [Pager]
// that it declares, and whoever counts sessions gives it a [Visitor].
//
// A walk makes a plan from what earlier walks have found (planFor), reads the ranges of the plan, and sums up what was
// read. A page that contradicts the plan ends the walk with one of the restart errors. The [Lister] then keeps what was
// learned and walks again.
package facelist
