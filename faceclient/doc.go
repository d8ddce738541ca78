// Package faceclient sends one request to one Azure AI Face resource: for a page of the list of liveness sessions, or for
// one session. It has the credentials, the pace at which a resource may be asked, the retries, the decoding, and the errors
// that a request can end with.
//
// It knows HTTP and JSON. It must not know the order of ids or ranges of them, which are of package facelist, nor
// budgets, names of settings or Prometheus: an [Observer] counts requests.
//
// The way of a request: [Client.Page] or [Client.Session] makes a call of it. Each attempt waits for the pace of the
// resource, is sent, and is read to its end; what became of it is a value, the outcome. One place books outcomes, and a
// pure function decides whether a failed one is tried again.
package faceclient
