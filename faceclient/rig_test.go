package faceclient_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/faceclient/facesim"
)

// change adapts a client's options to a test.
type change = func(*options)

// options are those of a client and of the walks that it serves.
type options struct {
	faceclient.Options
	PageSize, MaxPages int
}

// walker is a client with what its walks need.
type walker struct {
	*faceclient.Client
	options options
}

// Lister makes a Lister that gets its pages from the client.
func (w walker) Lister(operation faceclient.Operation) *facelist.Lister {
	limits := facelist.Limits{PageSize: w.options.PageSize, MaxPages: w.options.MaxPages, Workers: w.options.MaxConcurrentRequests}
	return facelist.New(w.Client, operation, limits, w)
}

// ObserveError is part of facelist.Observer.
func (w walker) ObserveError(operation faceclient.Operation, code string) {
	if observer, ok := w.options.Observer.(facelist.Observer); ok {
		observer.ObserveError(operation, code)
	}
}

// rig is a service in memory, a client of it, and what the client told its observer.
type rig struct {
	t      *testing.T
	server *facesim.Server
	client walker
	seen   *watcher
}

// inRig runs a test against a service with so many sessions in a bubble, where time costs nothing.
func inRig(t *testing.T, sessions int, adapt change, test func(*testing.T, *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newRig(t, sessions, adapt)) })
}

func newRig(t *testing.T, sessions int, adapt change) *rig {
	t.Helper()
	server := facesim.New(facesim.Options{})
	server.Populate(facesim.DetectLiveness, sessions, 1)
	transport := server.Transport()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	r := &rig{t: t, server: server, seen: &watcher{}}
	options := plainOptions()
	options.Transport = transport
	options.Observer = r.seen
	if adapt != nil {
		adapt(&options)
	}
	r.client = newClient(t, options)
	return r
}

// plainOptions are those of a client that hardly waits for its own limits.
func plainOptions() options {
	return options{PageSize: 1000, MaxPages: 20_000, Options: faceclient.Options{
		Endpoint:   "https://contoso.cognitiveservices.azure.com",
		APIVersion: faceclient.DefaultAPIVersion,
		Credential: faceclient.NewKeyCredential(faceclient.StaticSecret("test-key")),
		Limits: faceclient.Limits{
			MaxRequestsPerSecond: 1e12, MaxConcurrentRequests: 4, RequestTimeout: 10 * time.Second, MaxRetries: 2, MaxRetryWait: 30 * time.Second,
		},
		UserAgent: "face_liveness_exporter/test",
	}}
}

func newClient(t testing.TB, options options) walker {
	t.Helper()
	client, err := faceclient.New(options.Options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return walker{client, options}
}

// walk is one walk of the list that a rig is filled with.
func (r *rig) walk() (facelist.Result, *listed, error) {
	return walkOf(r.t.Context(), r.client.Lister(faceclient.DetectLiveness))
}

// walkBoth walks the lists of both operations at once, which must not fail.
func (r *rig) walkBoth() {
	var both sync.WaitGroup
	for _, operation := range faceclient.Operations() {
		both.Go(func() {
			if _, _, err := walkOf(r.t.Context(), r.client.Lister(operation)); err != nil {
				r.t.Errorf("%s: %v", operation, err)
			}
		})
	}
	both.Wait()
}

func walkOf(ctx context.Context, lister *facelist.Lister) (facelist.Result, *listed, error) {
	visited := &listed{}
	walk, err := lister.Walk(ctx, 0, visited)
	return walk, visited, err
}

// requests is how many of them the service has seen.
func (r *rig) requests() int { return r.server.Counts(facesim.DetectLiveness).Requests }

// fails is a walk that must fail with a code after so many requests.
func (r *rig) fails(code string, requests int) {
	r.t.Helper()
	_ = r.failure(code, requests)
}

// failure is fails for those who want to see the error.
func (r *rig) failure(code string, requests int) *faceclient.Error {
	r.t.Helper()
	_, visited, err := r.walk()
	if err == nil {
		r.t.Fatalf("the walk found %d sessions, want %s", len(visited.sessions), code)
	}
	if got := faceclient.Code(err); got != code {
		r.t.Errorf("code %q, want %q: %v", got, code, err)
	}
	if got := r.requests(); got != requests {
		r.t.Errorf("%d requests, want %d", got, requests)
	}
	var failure *faceclient.Error
	if !errors.As(err, &failure) {
		r.t.Fatalf("%T is no *faceclient.Error", err)
	}
	return failure
}

// finds checks that a walk found exactly what the service lists, and returns it.
func (r *rig) finds(walk facelist.Result, visited *listed, err error) facelist.Result {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	if walk.Coverage != 1 {
		r.t.Errorf("coverage %v, want 1", walk.Coverage)
	}
	visited.equal(r.t, r.server.Sessions(facesim.DetectLiveness))
	return walk
}

// visited is a session with the service's clock when it was listed.
type visited struct {
	faceclient.Session
	date time.Time
}

// listed is a visitor that keeps a copy of everything.
type listed struct {
	sessions []visited
	batches  []facelist.Batch // without their sessions
	restarts int
	inside   atomic.Bool
	overlap  bool
}

func (l *listed) Visit(batch facelist.Batch) {
	l.overlap = l.overlap || !l.inside.CompareAndSwap(false, true)
	defer l.inside.Store(false)
	for _, session := range batch.Sessions {
		session.ID, session.DeviceID = bytes.Clone(session.ID), bytes.Clone(session.DeviceID)
		l.sessions = append(l.sessions, visited{session, batch.Date})
	}
	batch.Sessions = nil
	l.batches = append(l.batches, batch)
}

func (l *listed) Restart() {
	l.sessions, l.batches = nil, nil
	l.restarts++
}

// equal compares session by session; one that is visited twice is one too many.
func (l *listed) equal(t testing.TB, truth []facesim.Session) {
	t.Helper()
	if l.overlap {
		t.Error("two visits at a time")
	}
	if len(l.sessions) != len(truth) {
		t.Fatalf("visited %d sessions, the service lists %d", len(l.sessions), len(truth))
	}
	slices.SortFunc(l.sessions, func(a, b visited) int { return bytes.Compare(a.ID, b.ID) })
	slices.SortFunc(truth, func(a, b facesim.Session) int { return strings.Compare(a.ID, b.ID) })
	for i, want := range truth {
		got := &l.sessions[i]
		same := string(got.ID) == want.ID && string(got.DeviceID) == want.DeviceID &&
			got.Created.Equal(want.Created) && got.Started.Equal(want.Started) && got.HasStarted() == want.HasStarted() &&
			got.TTL == want.TimeToLive() && got.Expiry().Equal(want.Expires()) &&
			(got.Expired == want.Expired(got.date) || got.Expired == want.Expired(got.date.Add(time.Second))) // Date is cut to seconds
		if !same {
			t.Fatalf("session %d: visited %q %q %+v, want %+v", i, got.ID, got.DeviceID, got.Session, want)
		}
	}
}

// watcher is an observer that remembers.
type watcher struct {
	mu       sync.Mutex
	attempts []faceclient.Attempt
	retries  int
	waits    []time.Duration
	errors   []string
}

func (w *watcher) ObserveAttempt(attempt faceclient.Attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.attempts = append(w.attempts, attempt)
}

func (w *watcher) ObserveRetry(faceclient.Operation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.retries++
}

func (w *watcher) ObserveThrottle(_ faceclient.Operation, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waits = append(w.waits, wait)
}

func (w *watcher) ObserveError(_ faceclient.Operation, code string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors = append(w.errors, code)
}

// codes are the error codes of all attempts, "" for good ones.
func (w *watcher) codes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	codes := make([]string, len(w.attempts))
	for i := range w.attempts {
		codes[i] = w.attempts[i].ErrorCode
	}
	return codes
}

func (w *watcher) throttled() (sum time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wait := range w.waits {
		sum += wait
	}
	return sum
}

// answering is a transport that is a function.
type answering func(*http.Request) (*http.Response, error)

func (a answering) RoundTrip(request *http.Request) (*http.Response, error) { return a(request) }
