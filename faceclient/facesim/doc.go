// Package facesim is a Face API server in memory: the liveness-session list of Azure AI Face with its paging rules, its
// credentials, its error bodies, its clock, its traffic and its faults. Tests of the client, of the collector and of the
// whole program talk to it, and the demo shows it.
//
// It knows the contract of the API and nothing else. It must not know the exporter: no metric, no snapshot, no client
// type, so that a mistake made there cannot be repeated here and cancel itself out.
//
// A [Server] is an [http.Handler]. Put it behind net/http/httptest for a real socket, or use [Server.Dial] or
// [Server.Transport], which need no network and therefore work inside a testing/synctest bubble. Make the server inside
// the bubble that uses it.
//
// Nothing in the package runs by itself: sessions expire and are removed, and [Traffic] moves on, when a request arrives
// and by the injected clock. The only goroutines are those that serve connections made by Dial; [Server.Close] ends them.
package facesim
