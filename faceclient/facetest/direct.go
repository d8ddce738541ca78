package facetest

import (
	"net/http"
	"net/http/httptest"
)

// Direct is a transport that asks the handler by a function call: no connection, no goroutine, and the whole answer is
// there before anybody reads it. It is for tests in which time and the network play no part; facesim.Server.Transport is
// for the others.
func Direct(handler http.Handler) http.RoundTripper { return direct{handler} }

type direct struct{ handler http.Handler }

// RoundTrip is part of http.RoundTripper.
func (d direct) RoundTrip(request *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	d.handler.ServeHTTP(recorder, request)
	return recorder.Result(), nil
}
