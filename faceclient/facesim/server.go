package facesim

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

const (
	maxTop   = 1000 // also the default
	maxStart = 64   // characters
)

// Options of a server; the zero value is a resource that answers at once to the key "test-key".
type Options struct {
	Now       func() time.Time // the service's clock; default time.Now
	Key       string           // accepted in Ocp-Apim-Subscription-Key; default "test-key"
	Latency   time.Duration    // before every answer that costs, by a timer
	DateLag   time.Duration    // the maximum that the header Date is behind the clock; it varies from answer to answer. Seen: 1.4 s
	Throttled int64            // of this many requests, the last one gets 429; 0 = none
}

// Server is the Face API of one resource. All methods may be called at once from anywhere.
type Server struct {
	options  Options
	stores   map[string]*store // by operation; the map itself never changes
	traffic  atomic.Pointer[traffic]
	requests atomic.Int64
	buffers  sync.Pool // of *[]byte, for pages
}

// New makes a server with two empty lists.
func New(options Options) *Server {
	if options.Now == nil {
		options.Now = time.Now
	}
	options.Key = cmp.Or(options.Key, "test-key")
	s := &Server{options: options, stores: map[string]*store{}}
	for _, op := range Operations() {
		s.stores[op] = new(store)
	}
	s.buffers.New = func() any { return new([]byte) }
	return s
}

// Key is the key that the server accepts.
func (s *Server) Key() string { return s.options.Key }

// Add puts sessions into an operation's list. A session with the id of a listed one replaces it. An operation that the API does not
// have panics, here and below.
func (s *Server) Add(op string, sessions ...Session) {
	stored, added := slices.Clone(sessions), make([]*Session, len(sessions)) // next to each other in memory
	for i := range stored {
		stored[i].store()
		added[i] = &stored[i]
	}
	s.store(op).add(s.options.Now(), added)
}

// Delete removes sessions as a customer does and says how many of them were listed.
func (s *Server) Delete(op string, ids ...string) int { return s.store(op).remove(s.tick(), ids...) }

// Sessions is a copy of what a client that reads the whole list would find now, ascending by id.
func (s *Server) Sessions(op string) []Session { return s.store(op).all(s.tick()) }

func (s *Server) store(op string) *store {
	list, ok := s.stores[op]
	if !ok {
		panic("facesim: no such operation: " + op)
	}
	return list
}

// tick brings the traffic up to the clock's now and returns that now.
func (s *Server) tick() time.Time {
	now := s.options.Now()
	if t := s.traffic.Load(); t != nil {
		t.advance(now)
	}
	return now
}

// ServeHTTP answers one request: the limit of the rate comes first (429), then the route (404), the key (401), the parameters (400)
// and the page or the session.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := s.options.Now()
	number := s.requests.Add(1)
	w.Header().Set("Apim-Request-Id", uuid.NewString())
	w.Header().Set("X-Ms-Region", "West Europe")
	op, id := Route(r)
	start, top, invalid := parseQuery(r.URL.RawQuery)
	switch {
	case s.options.Throttled > 0 && number%s.options.Throttled == 0:
		w.Header().Set("Retry-After", "1")
		s.refuse(w, apiError{http.StatusTooManyRequests, "429", "Requests to the session list have exceeded rate limit of your current " +
			"Face S0 pricing tier. Please retry after 1 second. A higher tier has a higher limit."})
	case op == "":
		s.refuse(w, apiError{http.StatusNotFound, "404", "Resource not found."})
	case r.Header.Get("Ocp-Apim-Subscription-Key") != s.options.Key:
		s.refuse(w, apiError{http.StatusUnauthorized, "401", "Access denied due to invalid subscription key or wrong API endpoint."})
	case id == "" && invalid.status != 0:
		s.refuse(w, invalid)
	case !wait(r.Context(), s.options.Latency):
		panic(http.ErrAbortHandler) // the client has left
	case id == "":
		s.writePage(w, arrived, op, start, top)
	default:
		s.writeSession(w, arrived, op, id)
	}
}

func (s *Server) writePage(w http.ResponseWriter, arrived time.Time, op, start string, top int) {
	buffer := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buffer)
	now := s.tick()
	*buffer = s.stores[op].appendPage((*buffer)[:0], start, top, now)
	s.writeBilled(w, now.Sub(arrived), *buffer)
}

func (s *Server) writeSession(w http.ResponseWriter, arrived time.Time, op, id string) {
	now := s.tick()
	session, listed := s.stores[op].get(now, id)
	if !listed {
		s.refuse(w, apiError{http.StatusNotFound, "SessionNotFound", "Session is not found."})
		return
	}
	s.writeBilled(w, now.Sub(arrived), session.appendSession(nil, now, op))
}

func (s *Server) writeBilled(w http.ResponseWriter, took time.Duration, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Csp-Billing-Usage", "CognitiveServices.Face.Transaction=1")
	h.Set("X-Envoy-Upstream-Service-Time", strconv.FormatInt(took.Milliseconds(), 10))
	s.send(w, http.StatusOK, body)
}

// send writes a whole answer. That the client has left is not the server's concern: net/http notices it.
func (s *Server) send(w http.ResponseWriter, status int, body []byte) {
	lag := s.options.DateLag * time.Duration(s.requests.Load()%3) / 2
	w.Header().Set("Date", s.options.Now().Add(-lag).UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Route is what a request asks for: the list of an operation, or with an id one session of it. The operation is "" for anything that
// the API does not have: GET /face/{version}/{operation}/singleModal/sessions, with or without /{id}, in a version that has a list.
func Route(r *http.Request) (op, id string) {
	parts := strings.Split(r.URL.Path, "/")
	if len(parts) == 7 && parts[6] != "" {
		id, parts = parts[6], parts[:6]
	}
	if r.Method != http.MethodGet || len(parts) != 6 || parts[0] != "" || parts[1] != "face" || parts[4] != "singleModal" || parts[5] != "sessions" {
		return "", ""
	}
	versions := []string{"v1.1-preview.1", "v1.2-preview.1"} // later ones have no list
	if !slices.Contains(versions, parts[2]) || !slices.Contains(Operations(), parts[3]) {
		return "", ""
	}
	return parts[3], id
}

// parseQuery reads start and top by the documented rules.
func parseQuery(raw string) (start string, top int, invalid apiError) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return "", 0, badArgument("The query string is malformed.")
	}
	start, top = query.Get("start"), maxTop
	if utf8.RuneCountInString(start) > maxStart {
		return "", 0, badArgument("'start' is too long.")
	}
	if query.Has("top") {
		top, err = strconv.Atoi(query.Get("top"))
		if err != nil || top < 1 || top > maxTop {
			return "", 0, badArgument("Top parameter is invalid. Valid range is between 1 and 1000 inclusive.")
		}
	}
	return start, top, apiError{}
}

// wait reports whether the time passed before the context ended.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
