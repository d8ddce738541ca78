package facetest

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

// Request is what the server saw of one request.
type Request struct {
	Time            time.Time // arrival, by the service's clock
	Path            string
	Operation       string // "" if the path is none of the API's
	Session         string // the id asked for; "" if the list was asked for
	Top             string // as sent
	Bearer          bool   // it had a token, and no key
	ClientRequestID string
	UserAgent       string
}

// Counts are sums over all requests since the server was made.
type Counts struct {
	Requests int   // arrived
	InFlight int   // arrived and not yet answered
	Billed   int   // answers that carried the billing header
	Bytes    int64 // of all bodies, as far as they were written
}

func newRequest(r *http.Request, now time.Time) Request {
	op, session := facesim.Route(r)
	return Request{
		Time: now, Path: r.URL.Path, Operation: op, Session: session, Top: r.URL.Query().Get("top"),
		Bearer:          r.Header.Get(keyHeader) == "" && r.Header.Get("Authorization") != "",
		ClientRequestID: r.Header.Get("Client-Request-Id"), UserAgent: r.UserAgent(),
	}
}

// begin takes a request into the record, and returns its faults.
func (s *Server) begin(r Request) []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	s.requests = s.requests[max(0, len(s.requests)-s.kept):]
	if s.counts[r.Operation] == nil {
		s.counts[r.Operation] = new(Counts)
	}
	s.counts[r.Operation].Requests++
	s.counts[r.Operation].InFlight++
	return s.match(r)
}

func (s *Server) ended(r Request, t *tracker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts[r.Operation]
	c.InFlight--
	c.Bytes += t.written
	if t.billed {
		c.Billed++
	}
}

// Requests are the last requests in the order of their arrival, at most Options.Requests.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Counts are the sums for one operation, and for "" those of requests with another path.
func (s *Server) Counts(op string) Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *cmp.Or(s.counts[op], new(Counts))
}

// LookUps is how often each session was asked for, as far as Requests reaches back.
func (s *Server) LookUps(op string) map[string]int {
	count := make(map[string]int)
	for _, r := range s.Requests() {
		if r.Operation == op && r.Session != "" {
			count[r.Session]++
		}
	}
	return count
}
