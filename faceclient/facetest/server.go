package facetest

import (
	"cmp"
	"context"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"face_liveness_exporter/faceclient/facesim"
)

const keyHeader = "Ocp-Apim-Subscription-Key"

// Options of a server; the zero value is a resource that answers at once to the key "test-key".
type Options struct {
	Now      func() time.Time // the service's clock; default time.Now
	Key      string           // accepted in Ocp-Apim-Subscription-Key; default "test-key"
	Token    string           // accepted as bearer token; "" accepts none
	Gzip     bool             // compresses for clients that accept it
	Latency  time.Duration    // before every page, by a timer; ends early when the client leaves
	Requests int              // how many requests Requests keeps, the last ones; default 10,000
}

// Server is the simulated service with faults, with credentials that rotate, and with a record of the requests. Put it behind
// net/http/httptest for a real socket, or use Transport, which needs no network and therefore works inside a testing/synctest
// bubble. Make the server inside the bubble that uses it, and close it there.
type Server struct {
	*facesim.Server
	now  func() time.Time
	gzip bool
	kept int // requests
	pipe pipe

	serving context.Context // ends with Close, and ends answers that hang
	end     context.CancelFunc

	mu         sync.Mutex // guards what follows
	key, token string
	faults     []*activeFault
	requests   []Request
	counts     map[string]*Counts // by operation
}

// New makes a server with two empty lists.
func New(options Options) *Server {
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Server{
		Server: facesim.New(facesim.Options{Now: options.Now, Latency: options.Latency}),
		now:    options.Now, gzip: options.Gzip, key: cmp.Or(options.Key, "test-key"), token: options.Token,
		kept: cmp.Or(options.Requests, 10_000), counts: map[string]*Counts{},
	}
	s.serving, s.end = context.WithCancel(context.Background())
	s.pipe.conns, s.pipe.done = make(chan net.Conn), s.serving.Done()
	return s
}

// Close ends answers that hang and every connection of a Transport. The lists can still be read afterwards.
func (s *Server) Close() { s.end() }

// Key is the key that the server accepts now.
func (s *Server) Key() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key
}

// SetKey changes the accepted key, as in a key rotation.
func (s *Server) SetKey(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
}

// SetToken changes the accepted bearer token; "" accepts none.
func (s *Server) SetToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// Len is how many sessions are listed now.
func (s *Server) Len(op string) int { return len(s.Sessions(op)) }

// ServeHTTP answers one request. Faults come before everything else, like a gateway.
//
// An answer that must break off panics with http.ErrAbortHandler, which net/http expects and a bare ResponseRecorder does not.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.serving, cancel)() //nolint:contextcheck // the answer ends with the request and with the server
	r = r.WithContext(ctx)

	request := newRequest(r, s.now())
	t := &tracker{ResponseWriter: w, now: s.now, header: map[string]string{}}
	answer := http.Handler(http.HandlerFunc(s.answer))
	for _, fault := range slices.Backward(s.begin(request)) {
		answer = fault.around(answer)
		maps.Copy(t.header, fault.header)
	}
	defer func() { s.ended(request, t) }()
	t.Header().Set("Apim-Request-Id", uuid.NewString())
	answer.ServeHTTP(t, r)
}

// answer has the simulated service answer, which accepts one key alone.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	token, isToken := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	key := r.Header.Get(keyHeader)
	s.mu.Lock()
	accepted := key != "" && key == s.key || key == "" && isToken && token == s.token
	s.mu.Unlock()
	switch {
	case !accepted && key == "" && isToken:
		writeError(w, http.StatusUnauthorized, ShapeCode, "Unspecified", "Access denied: the token is invalid or out of date.")
		return
	case !accepted && key == "":
		writeError(w, http.StatusUnauthorized, ShapeFlat, "401", "Access denied: the request carries no subscription key.")
		return
	}
	asked := *r
	asked.Header = http.Header{}
	if accepted {
		asked.Header.Set(keyHeader, s.Server.Key())
	}
	if s.gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		c := capture(w, &asked, s.Server)
		w.Header().Set("Content-Encoding", "gzip")
		send(w, c.Code, compress(c.Body.Bytes()))
		return
	}
	s.Server.ServeHTTP(w, &asked)
}

// tracker sees what is written, stamps the service's clock on it, and has the faults' headers take the place of the others.
type tracker struct {
	http.ResponseWriter
	now     func() time.Time
	header  map[string]string // "": left out
	status  int
	written int64
	billed  bool
}

func (t *tracker) WriteHeader(status int) {
	if t.status != 0 {
		return
	}
	t.status = status
	h := t.Header()
	h.Set("Date", t.now().UTC().Format(http.TimeFormat))
	for key, value := range t.header {
		if h.Set(key, value); value == "" {
			h[http.CanonicalHeaderKey(key)] = nil // net/http adds no Date then
		}
	}
	t.billed = h.Get("Csp-Billing-Usage") != ""
	t.ResponseWriter.WriteHeader(status)
}

func (t *tracker) Write(b []byte) (int, error) {
	t.WriteHeader(http.StatusOK)
	n, err := t.ResponseWriter.Write(b)
	t.written += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController flush and hijack.
func (t *tracker) Unwrap() http.ResponseWriter { return t.ResponseWriter }
