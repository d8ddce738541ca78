// Package faceclient lists the liveness sessions of one Azure AI Face resource: one page, one walk over all pages, the
// errors the service answers with, the credentials it asks for, and the pace at which it may be asked.
//
// It knows HTTP, JSON and the key space of session ids. It must not know Prometheus, configuration files or what a
// metric is: whoever counts sessions gives a [Visitor], whoever counts requests gives an [Observer].
//
// The way of a page: a [Lister] asks for it, a [call] sends it until it is there or hopeless, every attempt of the call
// passes the resource's [pace], and what comes back is read whole and decoded before anybody sees a session of it.
package faceclient
