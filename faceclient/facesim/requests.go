package facesim

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Auth is the kind of credentials that a request had.
type Auth string

// The kinds of credentials. A request with a key and a token counts as one with a key.
const (
	AuthNone   Auth = "none"
	AuthKey    Auth = "key"
	AuthBearer Auth = "bearer"
)

// Request is what the server saw of one request, and what it gave.
type Request struct {
	Time            time.Time // arrival, by the service's clock
	Method          string
	Path            string
	Version         string // "" where the path is none of the list's
	Operation       string // likewise
	Session         string // the id asked for; "" where the list was asked for
	Start           string // as sent, unescaped
	Top             string // as sent; "" where absent
	Auth            Auth
	ClientRequestID string
	UserAgent       string
	Faults          []string // names of the faults that took part
	Status          int      // 0 until one is sent; it stays 0 where the answer hung or broke off before it
	Items           int      // sessions on the page, before any fault cut it
	Bytes           int64    // of the body, as far as it was written
}

// Counts are sums over all requests since the server was made.
type Counts struct {
	Requests    int         // arrived
	InFlight    int         // arrived and not yet answered
	MaxInFlight int         // the most at once
	Billed      int         // answers that carried the billing header
	Sessions    int         // requests for one session; the others are for the list
	Items       int         // sessions on all pages
	Bytes       int64       // of all bodies
	ByStatus    map[int]int // answers; 0: broken off before a status
}

// entry is a Request while it is being answered.
type entry struct {
	Request
	items atomic.Int64
}

func newEntry(r *http.Request, now time.Time) *entry {
	version, op, session := route(r.URL.Path)
	query := r.URL.Query()
	kind, _ := credentials(r)
	return &entry{Request: Request{
		Time: now, Method: r.Method, Path: r.URL.Path, Version: version, Operation: op, Session: session,
		Start: query.Get("start"), Top: query.Get("top"), Auth: kind,
		ClientRequestID: r.Header.Get("Client-Request-Id"), UserAgent: r.UserAgent(),
	}}
}

// route splits /face/{version}/{operation}/singleModal/sessions, with or without the id of a session behind it. For any
// other path it returns empty strings.
func route(path string) (version, op, session string) {
	parts := strings.Split(path, "/")
	if len(parts) == 7 && parts[6] != "" {
		session, parts = parts[6], parts[:6]
	}
	if len(parts) != 6 || parts[0] != "" || parts[1] != "face" || parts[4] != "singleModal" || parts[5] != "sessions" {
		return "", "", ""
	}
	if !slices.Contains(operations(), parts[3]) {
		return "", "", ""
	}
	return parts[2], parts[3], session
}

func credentials(r *http.Request) (kind Auth, secret string) {
	if key := r.Header.Get("Ocp-Apim-Subscription-Key"); key != "" {
		return AuthKey, key
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return AuthBearer, token
	}
	return AuthNone, ""
}

// requestID is the nth apim-request-id: a UUID like any other, the same in every run.
func requestID(n int) string {
	return newUUID(rand.New(rand.NewPCG(0x5e17a9, uint64(n))))
}

// requestLog keeps the last requests, and sums of all.
type requestLog struct {
	mu     sync.Mutex
	limit  int
	kept   []*entry // guarded by mu, as the entries' Request is from begin on
	last   int      // number of the last request
	counts map[string]*Counts
}

func newRequestLog(limit int) requestLog {
	return requestLog{limit: limit, counts: make(map[string]*Counts)}
}

// begin notes the arrival and returns the request's number, from 1.
func (l *requestLog) begin(e *entry) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, e)
	l.kept = l.kept[max(0, len(l.kept)-l.limit):]
	c, ok := l.counts[e.Operation]
	if !ok {
		c = &Counts{ByStatus: make(map[int]int)}
		l.counts[e.Operation] = c
	}
	c.Requests++
	if e.Session != "" {
		c.Sessions++
	}
	c.InFlight++
	c.MaxInFlight = max(c.MaxInFlight, c.InFlight)
	l.last++
	return l.last
}

func (l *requestLog) end(e *entry, status int, written int64, billed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Status, e.Bytes, e.Items = status, written, int(e.items.Load())
	c := l.counts[e.Operation]
	c.InFlight--
	c.ByStatus[status]++
	c.Items += e.Items
	c.Bytes += written
	if billed {
		c.Billed++
	}
}

// Requests are the last requests in the order of their arrival, those still being answered among them; at most
// Options.Requests.
func (s *Server) Requests() []Request {
	l := &s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Request, 0, len(l.kept))
	for _, e := range l.kept {
		all = append(all, e.Request)
	}
	return all
}

// Counts are the sums for one operation, and for "" those of requests with another path.
func (s *Server) Counts(op string) Counts {
	l := &s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.counts[op]
	if !ok {
		return Counts{ByStatus: map[int]int{}}
	}
	copied := *c
	copied.ByStatus = maps.Clone(c.ByStatus)
	return copied
}

// ForgetRequests empties the record and sets the sums to zero, but for what is in flight.
func (s *Server) ForgetRequests() {
	l := &s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = nil
	for _, c := range l.counts {
		*c = Counts{InFlight: c.InFlight, MaxInFlight: c.InFlight, ByStatus: make(map[int]int)}
	}
}

// tracker sees what is written and stamps the service's clock on it.
type tracker struct {
	http.ResponseWriter
	now     func() time.Time
	skew    time.Duration
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
	// A Date that is there with no value is a fault's way to leave it out; net/http understands it likewise.
	if _, decided := h["Date"]; !decided {
		h.Set("Date", t.now().Add(t.skew).UTC().Format(http.TimeFormat))
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
