package facetest

import (
	"net/http"
	"slices"
	"sync"
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

// requestLog keeps the last requests, and sums of all by operation.
type requestLog struct {
	limit int

	mu     sync.Mutex // guards what follows
	kept   []Request
	counts map[string]*Counts
}

func (l *requestLog) begin(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, r)
	l.kept = l.kept[max(0, len(l.kept)-l.limit):]
	c, ok := l.counts[r.Operation]
	if !ok {
		c = new(Counts)
		l.counts[r.Operation] = c
	}
	c.Requests++
	c.InFlight++
}

func (l *requestLog) end(r Request, t *tracker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counts[r.Operation]
	c.InFlight--
	c.Bytes += t.written
	if t.billed {
		c.Billed++
	}
}

// Requests are the last requests in the order of their arrival, at most Options.Requests.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.kept)
}

// Counts are the sums for one operation, and for "" those of requests with another path.
func (s *Server) Counts(op string) Counts {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	if c, ok := s.log.counts[op]; ok {
		return *c
	}
	return Counts{}
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
