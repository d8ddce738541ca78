package facesim

import (
	"net/http"
	"net/http/httptest"
)

// Direct is a transport that asks the server by a function call: no connection, no goroutine, an answer that is whole
// before anybody reads it. For tests in which time and the network play no part; Transport is for the others.
func (s *Server) Direct() http.RoundTripper { return direct{s} }

type direct struct{ server *Server }

// RoundTrip is part of http.RoundTripper.
func (d direct) RoundTrip(request *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	d.server.ServeHTTP(recorder, request)
	return recorder.Result(), nil
}
