package collector_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/faceclient/facetest"
)

// script is what one walk does.
type script func(context.Context, facelist.Visitor) (facelist.Result, error)

// source is a collector.Source whose walks follow scripts, the first one the first and so on; the last one goes on and
// on. All that the interface asks for stands here. Its walks have this machine's clock for horizon where their script
// gives none, and a request a page.
type source struct {
	scripts []script

	mu           sync.Mutex
	key, usedKey string
	begun, ended []time.Time
	open, most   atomic.Int64 // walks at once; written under mu
	allowed      []int        // requests, by walk; 0 where there is no bound
}

func walks(scripts ...script) *source { return &source{scripts: scripts, key: "first key"} }

func (s *source) CredentialChanged() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key != s.usedKey
}

func (s *source) Walk(ctx context.Context, attempts int, visitor facelist.Visitor) (facelist.Result, error) {
	s.mu.Lock()
	do := s.scripts[min(len(s.begun), len(s.scripts)-1)]
	began := time.Now()
	s.begun = append(s.begun, began)
	s.allowed = append(s.allowed, attempts)
	s.usedKey = s.key
	s.most.Store(max(s.most.Load(), s.open.Add(1)))
	s.mu.Unlock()
	walk, err := do(ctx, horizon{visitor, began})
	if walk.Horizon.IsZero() {
		walk.Horizon = began
	}
	walk.Requests = max(walk.Requests, walk.Pages)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open.Add(-1)
	s.ended = append(s.ended, time.Now())
	return walk, err
}

// horizon gives batches without a horizon the one of their walk.
type horizon struct {
	facelist.Visitor
	began time.Time
}

func (h horizon) Visit(batch facelist.Batch) {
	if batch.Horizon.IsZero() {
		batch.Horizon = h.began
	}
	h.Visitor.Visit(batch)
}

// rotate changes the key that the source asks with.
func (s *source) rotate(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
}

// times are when walks began and ended.
func (s *source) times() (begun, ended []time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.begun), slices.Clone(s.ended)
}

func (s *source) walks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.begun)
}

// whole is a walk that has seen every session.
func whole(pages int) facelist.Result { return facelist.Result{Pages: pages, Coverage: 1} }

// page comes after a while and has the service's Date, or the present where that is zero.
type page struct {
	after    time.Duration
	date     time.Time
	sessions []faceclient.Session
}

// visit gives a copy of the page to the visitor and spoils it afterwards, as the client's next page would.
func (p page) visit(visitor facelist.Visitor) {
	batch := facelist.Batch{Sessions: slices.Clone(p.sessions), Date: p.date}
	if batch.Date.IsZero() {
		batch.Date = time.Now().Truncate(time.Second)
	}
	for i := range batch.Sessions {
		session := &batch.Sessions[i]
		session.ID, session.DeviceID = bytes.Clone(session.ID), bytes.Clone(session.DeviceID)
	}
	visitor.Visit(batch)
	for _, session := range batch.Sessions {
		for _, spoiled := range [][]byte{session.ID, session.DeviceID} {
			for i := range spoiled {
				spoiled[i] = '#'
			}
		}
	}
}

// lists walks the pages to the end.
func lists(pages ...page) script { return fails(nil, pages...) }

// fails walks the pages and then fails; nil is no failure.
func fails(failure error, pages ...page) script {
	return func(ctx context.Context, visitor facelist.Visitor) (facelist.Result, error) {
		for _, p := range pages {
			select {
			case <-time.After(p.after):
			case <-ctx.Done():
				return facelist.Result{}, canceled(ctx)
			}
			p.visit(visitor)
		}
		return whole(len(pages)), failure
	}
}

// hangs walks the pages and then hears no more from the service.
func hangs(pages ...page) script {
	return func(ctx context.Context, visitor facelist.Visitor) (facelist.Result, error) {
		walk, err := lists(pages...)(ctx, visitor)
		if err == nil {
			<-ctx.Done()
			err = canceled(ctx)
		}
		return walk, err
	}
}

// canceled is what the client makes of a request that was given up.
func canceled(ctx context.Context) error {
	return fmt.Errorf("list page 7: %w, %w", &faceclient.Error{Code: faceclient.CodeCanceled}, ctx.Err())
}

// answered is what the client makes of an answer that is an error.
func answered(status int, code string) error {
	return fmt.Errorf("list page 7: %w", &faceclient.Error{Status: status, Code: code, RequestID: "apim-7", ClientRequestID: "client-7"})
}

func unavailable() error { return answered(http.StatusServiceUnavailable, "503") }

// created makes n active sessions without a device.
func created(n int) []faceclient.Session {
	sessions := make([]faceclient.Session, n)
	for i := range sessions {
		sessions[i] = faceclient.Session{ID: fmt.Appendf(nil, "session-%06d", i), Created: time.Now(), TTL: faceclient.DefaultTTL}
	}
	return sessions
}

// of makes a session for each device id.
func of(devices ...string) []faceclient.Session {
	sessions := created(len(devices))
	for i, device := range devices {
		sessions[i].DeviceID = []byte(device)
	}
	return sessions
}

// newTarget makes a target with the settings of an exporter that nobody has configured.
func newTarget(from collector.Source, change ...func(*collector.TargetOptions)) *collector.Target {
	options := collector.TargetOptions{
		Settings: collector.Settings{
			Interval: 5 * time.Minute,
			Timeout:  2 * time.Minute,
			MaxStale: time.Hour,
			Devices:  collector.DeviceOptions{Top: 50, Label: collector.DeviceRaw},
			Slots:    collector.NewSlots(8),
		},
		Resource:  "contoso-prod",
		Operation: faceclient.DetectLiveness,
		Source:    from,
		Logger:    slog.New(slog.DiscardHandler),
	}
	for _, set := range change {
		set(&options)
	}
	return collector.NewTarget(options)
}

func every(interval time.Duration) func(*collector.TargetOptions) {
	return func(options *collector.TargetOptions) { options.Interval = interval }
}

func devices(choice collector.DeviceOptions) func(*collector.TargetOptions) {
	return func(options *collector.TargetOptions) { options.Devices = choice }
}

// run lets targets refresh until stop is called, at the latest when the test ends.
func run(t testing.TB, targets ...*collector.Target) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, target := range targets {
		running.Go(func() { target.Run(ctx) })
	}
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// scrape prepares targets as a scrape with this deadline does, and says how long it took.
func scrape(deadline time.Duration, targets ...*collector.Target) time.Duration {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	began := time.Now()
	collector.EnsureFresh(ctx, targets...)
	return time.Since(began)
}

// advance lets fake time go on.
func advance(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// counted is a target that has walked once over the sessions.
func counted(t testing.TB, choice collector.DeviceOptions, sessions []faceclient.Session) *collector.Target {
	t.Helper()
	target := newTarget(walks(lists(page{sessions: sessions})), devices(choice))
	stop := run(t, target)
	collector.EnsureFresh(context.Background(), target)
	stop()
	return target
}

// clientList is a list, and its sessions one by one, that the real client is asked for.
type clientList struct {
	*facelist.Lister
	*faceclient.Client
	operation faceclient.Operation
}

// Session asks for one session of the list.
func (l clientList) Session(ctx context.Context, id string, maxAttempts int) (check faceclient.Check, attempts int, err error) {
	return l.Client.Session(ctx, faceclient.SessionQuery{Operation: l.operation, ID: id, MaxAttempts: maxAttempts})
}

// listOf makes the client of a simulated service, which is slow unless change says otherwise.
func listOf(t *testing.T, service *facetest.Server, operation faceclient.Operation, limits facelist.Limits, api *collector.APIMetrics,
	change func(*faceclient.Options),
) clientList {
	t.Helper()
	options := faceclient.Options{
		Endpoint: "http://face.test", APIVersion: faceclient.DefaultAPIVersion,
		Credential: faceclient.NewKeyCredential(faceclient.StaticSecret(service.Key())),
		Limits: faceclient.Limits{
			MaxRequestsPerSecond: 2, MaxConcurrentRequests: 1, RequestTimeout: 10 * time.Second, MaxRetryWait: 30 * time.Second,
		},
		Observer: api,
	}
	change(&options)
	client, err := faceclient.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return clientList{facelist.New(client, operation, limits), client, operation}
}

// bubble runs a subtest with fake time.
func bubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}
