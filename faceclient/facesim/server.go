package facesim

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a server; the zero value is a resource that answers at once to the key "test-key".
type Options struct {
	Now      func() time.Time // the service's clock; default time.Now
	Key      string           // accepted in Ocp-Apim-Subscription-Key; default "test-key"
	Token    string           // accepted as bearer token; "" accepts none
	Gzip     bool             // compresses for clients that accept it. Costs some ten times the page itself
	Latency  time.Duration    // before every page, by a timer; ends early when the client leaves
	DateLag  time.Duration    // the most that the header Date is behind the clock; it varies from answer to answer. Seen: 1.4 s
	Requests int              // how many requests Requests keeps, the last ones; default 10,000
}

// Server is the Face API of one resource. All methods may be called at once from anywhere.
type Server struct {
	now     func() time.Time
	gzip    bool
	dateLag time.Duration
	latency time.Duration

	stores  map[string]*store // by operation; the map itself never changes
	faults  faultSet
	log     requestLog
	pipe    pipe
	traffic atomic.Pointer[Traffic]
	buffers sync.Pool // of *[]byte, for pages

	serving context.Context // ends with Close, and ends answers that hang
	end     context.CancelFunc

	mu         sync.Mutex // guards what follows
	key, token string
}

// New makes a server with two empty lists. A server made outside a testing/synctest bubble cannot be used inside one.
func New(opts Options) *Server {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Server{
		now:     opts.Now,
		gzip:    opts.Gzip,
		dateLag: opts.DateLag,
		stores:  map[string]*store{},
		log:     newRequestLog(cmp.Or(opts.Requests, 10_000)),
		key:     cmp.Or(opts.Key, "test-key"),
		token:   opts.Token,
		latency: opts.Latency,
	}
	for _, op := range operations() {
		s.stores[op] = new(store)
	}
	s.buffers.New = func() any { return new([]byte) }
	s.serving, s.end = context.WithCancel(context.Background())
	return s
}

// Close ends answers that hang and every connection made by Dial, and waits for their goroutines. The lists can still be
// read afterwards.
func (s *Server) Close() {
	s.end()
	s.pipe.close()
}

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

// Add puts sessions into an operation's list. A session with the id of a listed one replaces it. An operation the API
// does not have panics, here and below.
func (s *Server) Add(op string, sessions ...Session) {
	s.add(op, slices.Clone(sessions))
}

func (s *Server) add(op string, sessions []Session) {
	pointers := make([]*Session, len(sessions))
	for i := range sessions {
		sessions[i] = sessions[i].stored()
		pointers[i] = &sessions[i]
	}
	s.store(op).add(s.now(), pointers)
}

// Delete removes sessions as a customer does and says how many of them were listed.
func (s *Server) Delete(op string, ids ...string) int {
	return s.store(op).remove(s.tick(), ids...)
}

// Len is how many sessions a walk would find now.
func (s *Server) Len(op string) int { return s.store(op).count(s.tick()) }

// Sessions is a copy of what a walk would find now, ascending by id.
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
	now := s.now()
	if t := s.traffic.Load(); t != nil {
		t.Advance(now)
	}
	return now
}

// ServeHTTP answers one request. Faults come before everything else, like a gateway; then the route (404), the
// credentials (401), the parameters (400) and the page.
//
// An answer that must break off panics with http.ErrAbortHandler, which net/http expects and a bare ResponseRecorder
// does not.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.serving, cancel)() //nolint:contextcheck // the answer ends with the request and with the server
	r = r.WithContext(ctx)

	entry := newEntry(r, s.now())
	matched := s.faults.match(entry.Request)
	for i := range matched {
		entry.Faults = append(entry.Faults, matched[i].name)
	}
	n := s.log.begin(entry)
	t := &tracker{ResponseWriter: w, now: s.now, skew: -s.dateLag * time.Duration(n%3) / 2}
	answer := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, r, entry, matched)
	}))
	for i := len(matched) - 1; i >= 0; i-- {
		answer = matched[i].around(answer)
		t.skew += matched[i].skew
	}
	defer func() { s.log.end(entry, t.status, t.written, t.billed) }()

	t.Header().Set("Apim-Request-Id", requestID(n))
	t.Header().Set("X-Ms-Region", "West Europe")
	answer.ServeHTTP(t, r)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, e *entry, faults []Fault) {
	if e.Operation == "" || !slices.Contains(Versions(), e.Version) || r.Method != http.MethodGet {
		apiError{http.StatusNotFound, ShapeCode, "404", "Resource not found."}.write(w)
		return
	}
	if refused := s.refuse(r); refused.status != 0 {
		refused.write(w)
		return
	}
	l, refused := parseListing(r.URL.RawQuery)
	for i := range faults {
		if faults[i].list != nil {
			faults[i].list(&l)
		}
	}
	if refused.status == 0 {
		refused = l.refuseStart(func(id string) bool {
			_, listed := s.stores[e.Operation].get(s.tick(), id)
			return listed
		})
	}
	if e.Session == "" && refused.status != 0 {
		refused.write(w)
		return
	}
	if !wait(r.Context(), s.latency) {
		panic(http.ErrAbortHandler)
	}
	if e.Session != "" {
		s.writeSession(w, r, e)
		return
	}
	s.writePage(w, r, e, l)
}

func (s *Server) writePage(w http.ResponseWriter, r *http.Request, e *entry, l listing) {
	buffer := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buffer)

	now := s.tick()
	body, items := s.stores[e.Operation].appendPage((*buffer)[:0], l, now)
	*buffer = body
	e.items.Store(int64(items))
	s.writeBilled(w, r, e, now, body)
}

func (s *Server) writeSession(w http.ResponseWriter, r *http.Request, e *entry) {
	now := s.tick()
	session, listed := s.stores[e.Operation].get(now, e.Session)
	if !listed {
		sessionNotFound().write(w)
		return
	}
	s.writeBilled(w, r, e, now, session.appendSession(nil, now, e.Operation))
}

func (s *Server) writeBilled(w http.ResponseWriter, r *http.Request, e *entry, now time.Time, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Csp-Billing-Usage", billingUsage)
	h.Set("X-Envoy-Upstream-Service-Time", strconv.FormatInt(now.Sub(e.Time).Milliseconds(), 10))
	if s.gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		body = compress(body)
		h.Set("Content-Encoding", "gzip")
	}
	send(w, http.StatusOK, body)
}

// refuse checks the credentials; the zero value means that they are good.
func (s *Server) refuse(r *http.Request) apiError {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch kind, secret := credentials(r); {
	case kind == AuthKey && secret == s.key:
		return apiError{}
	case kind == AuthKey:
		return apiError{http.StatusUnauthorized, ShapeCode, "401", "Access denied: the subscription key is invalid or belongs to another endpoint."}
	case kind == AuthBearer && s.token != "" && secret == s.token:
		return apiError{}
	case kind == AuthBearer:
		return apiError{http.StatusUnauthorized, ShapeCode, "Unspecified", "Access denied: the token is invalid or out of date."}
	default:
		return apiError{http.StatusUnauthorized, ShapeFlat, "401", "Access denied: the request carries no subscription key."}
	}
}

// Versions are the versions of the API that have the list. Later ones removed it.
func Versions() []string { return []string{"v1.1-preview.1", "v1.2-preview.1"} }

func compress(body []byte) []byte {
	var compressed bytes.Buffer
	z, _ := gzip.NewWriterLevel(&compressed, gzip.BestSpeed) // it knows the level
	_, _ = z.Write(body)                                     // a bytes.Buffer takes everything
	_ = z.Close()
	return compressed.Bytes()
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
