package faceclient_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facetest"
)

// options are those of a client, and how many sessions it asks for in a page.
type options struct {
	faceclient.Options
	Top int
}

// change adapts a client's options to a test.
type change = func(*options)

// plainOptions are those of a client that hardly waits for its own limits.
func plainOptions() options {
	return options{Top: 1000, Options: faceclient.Options{
		Endpoint:   "https://contoso.cognitiveservices.azure.com",
		APIVersion: faceclient.DefaultAPIVersion,
		Credential: faceclient.NewKeyCredential(faceclient.StaticSecret("test-key")),
		Limits: faceclient.Limits{
			MaxRequestsPerSecond: 1e12, MaxConcurrentRequests: 4, RequestTimeout: 10 * time.Second, MaxRetries: 2, MaxRetryWait: 30 * time.Second,
		},
		UserAgent: "face_liveness_exporter/test",
	}}
}

// fast are options of a client that gives up at once.
func fast(endpoint string) options {
	o := plainOptions()
	o.Endpoint, o.MaxRetries, o.MaxRetryWait, o.RequestTimeout = endpoint, 0, 0, 5*time.Second
	return o
}

func newClient(t testing.TB, o options) *faceclient.Client {
	t.Helper()
	client, err := faceclient.New(o.Options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// rig is a service in memory, a client of it, and what the client told its observer.
type rig struct {
	t       *testing.T
	server  *facetest.Server
	client  *faceclient.Client
	options options
	seen    *watcher
}

// inRig runs a test against a service with this number of sessions, in a bubble, where time costs nothing.
func inRig(t *testing.T, sessions int, adapt change, test func(*testing.T, *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, server: facetest.New(facetest.Options{}), seen: &watcher{}, options: plainOptions()}
		r.server.Populate(facetest.DetectLiveness, sessions, 1)
		r.server.Populate(facetest.DetectLivenessWithVerify, sessions, 1)
		transport := r.server.Transport()
		t.Cleanup(func() {
			transport.CloseIdleConnections()
			r.server.Close()
		})
		r.options.Transport, r.options.Observer = transport, r.seen
		if adapt != nil {
			adapt(&r.options)
		}
		r.client = newClient(t, r.options)
		test(t, r)
	})
}

// listed is what a list had.
type listed struct {
	sessions []faceclient.Session
	attempts int
}

// list asks for page after page until one is empty.
func list(ctx context.Context, client *faceclient.Client, operation faceclient.Operation, top int) (l listed, err error) {
	var page faceclient.Page
	for start := ""; ; {
		attempts, err := client.Page(ctx, faceclient.PageQuery{Operation: operation, Start: start, Top: top}, &page)
		l.attempts += attempts
		if err != nil {
			return l, err
		}
		if len(page.Sessions) == 0 {
			return l, nil
		}
		for _, session := range page.Sessions {
			session.ID, session.DeviceID = bytes.Clone(session.ID), bytes.Clone(session.DeviceID)
			l.sessions = append(l.sessions, session)
		}
		start = string(l.sessions[len(l.sessions)-1].ID)
	}
}

// list is the list that a rig is filled with.
func (r *rig) list() (listed, error) {
	return list(r.t.Context(), r.client, faceclient.DetectLiveness, r.options.Top)
}

// listsAll checks that the list is read whole.
func (r *rig) listsAll() listed {
	r.t.Helper()
	l, err := r.list()
	if want := r.server.Len(facetest.DetectLiveness); err != nil || len(l.sessions) != want {
		r.t.Errorf("%d sessions of %d, %v", len(l.sessions), want, err)
	}
	return l
}

// requests is how many of them for pages the service has seen.
func (r *rig) requests() int { return r.server.Counts(facetest.DetectLiveness).Requests }

// fails is a list that must fail with a code after this number of requests.
func (r *rig) fails(code string, requests int) {
	r.t.Helper()
	_ = r.failure(code, requests)
}

// failure is fails for a test that looks at the error.
func (r *rig) failure(code string, requests int) *faceclient.Error {
	r.t.Helper()
	_, err := r.list()
	if got := faceclient.Code(err); got != code || r.requests() != requests {
		r.t.Errorf("code %q after %d requests, want %q after %d: %v", got, r.requests(), code, requests, err)
	}
	return typed(r.t, err)
}

// typed is the one type of error that a client returns.
func typed(t testing.TB, err error) *faceclient.Error {
	t.Helper()
	failure, ok := errors.AsType[*faceclient.Error](err)
	if !ok {
		t.Fatalf("%v is no *faceclient.Error", err)
	}
	return failure
}

// failureOf lists once with the options and gives the error.
func failureOf(t *testing.T, o options) *faceclient.Error {
	t.Helper()
	_, err := list(t.Context(), newClient(t, o), faceclient.DetectLiveness, o.Top)
	failure := typed(t, err)
	wantSilence(t, "the error", err.Error())
	return failure
}

// watcher is an observer that remembers.
type watcher struct {
	mu       sync.Mutex
	attempts []faceclient.Attempt
	retries  int
	waits    []time.Duration
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

// codes are the error codes of all attempts, "" for good ones.
func (w *watcher) codes() []string {
	codes := make([]string, len(w.attempts))
	for i := range w.attempts {
		codes[i] = w.attempts[i].ErrorCode
	}
	return codes
}

func (w *watcher) throttled() (sum time.Duration) {
	for _, wait := range w.waits {
		sum += wait
	}
	return sum
}

// answering is a transport that is a function.
type answering func(*http.Request) (*http.Response, error)

func (a answering) RoundTrip(request *http.Request) (*http.Response, error) { return a(request) }

// answer is a response as a service would bring it.
func answer(status int, header http.Header, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

// pageOf lists what a service answers with this body, and then with an empty list.
func pageOf(t *testing.T, body string) (listed, error) {
	t.Helper()
	o := fast("https://contoso.cognitiveservices.azure.com")
	o.Transport = answering(func(request *http.Request) (*http.Response, error) {
		if request.URL.Query().Has("start") {
			return answer(http.StatusOK, http.Header{}, "[]"), nil
		}
		return answer(http.StatusOK, http.Header{}, body), nil
	})
	return list(t.Context(), newClient(t, o), faceclient.DetectLiveness, 1000)
}
