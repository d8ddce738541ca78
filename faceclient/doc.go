// Package faceclient sends one request to one Azure AI Face resource: for a page of the list of liveness sessions, or for
// one session. It has the credentials, the pace at which a resource may be asked, the retries, the decoding, and the errors
// that a request can end with.
//
// It knows HTTP and JSON. It must not know the order of ids, which is of package facelist, nor budgets, names of settings or
// Prometheus: an [Observer] counts requests.
//
// The way of a request: [Client.Page] or [Client.Session] makes a call of it (request.go), which go-retryablehttp sends until it
// is answered. Each attempt passes the layers of transport.go: the credential, the waits (pace.go), the time limit, counting and
// log, and the reading and decoding of the answer. A pure function decides whether a failed attempt is tried again (retry.go).
package faceclient
