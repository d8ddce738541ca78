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

// script is what one walk does with so many attempts; 0 where there is no limit.
type script func(ctx context.Context, attempts int, visitor facelist.Visitor) (facelist.Result, error)

// source is a collector.Source whose walks follow scripts, the first one the first and so on; the last one goes on and
// on. All that the interface asks for stands here. Its walks have this machine's clock for horizon where their script
// gives none, and a request a page.
type source struct {
	scripts []script

	rotated      atomic.Bool // the key is another than that of the last walk
	mu           sync.Mutex
	begun, ended []time.Time
	open, most   atomic.Int64 // walks at once; written under mu
	allowed      int          // attempts, of the last walk
}

func walks(scripts ...script) *source { return &source{scripts: scripts} }

func (s *source) CredentialChanged() bool { return s.rotated.Load() }

func (s *source) Walk(ctx context.Context, attempts int, visitor facelist.Visitor) (facelist.Result, error) {
	s.mu.Lock()
	do := s.scripts[min(len(s.begun), len(s.scripts)-1)]
	began := time.Now()
	s.begun = append(s.begun, began)
	s.allowed = attempts
	s.rotated.Store(false)
	s.most.Store(max(s.most.Load(), s.open.Add(1)))
	s.mu.Unlock()
	walk, err := do(ctx, attempts, horizon{visitor, began})
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

func (s *source) walks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.begun)
}

// whole is a walk that has seen every session.
func whole(pages int) facelist.Result { return facelist.Result{Pages: pages, Coverage: 1} }

// part is a walk that has seen as much of a list as its attempts allow.
func part(pages, attempts int) facelist.Result {
	used := min(pages, attempts)
	return facelist.Result{Requests: used, Pages: used, Coverage: float64(used) / float64(pages)}
}

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
	return func(ctx context.Context, _ int, visitor facelist.Visitor) (facelist.Result, error) {
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
func hangs(pages ...page) script { return lists(append(pages, page{after: 1000 * time.Hour})...) }

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

// clientList is a list, and its sessions one by one, that the real client is asked for.
type clientList struct {
	*facelist.Lister
	*faceclient.Client
}

// Session asks for one session of the list.
func (l clientList) Session(ctx context.Context, id string, maxAttempts int) (check faceclient.Check, attempts int, err error) {
	return l.Client.Session(ctx, faceclient.SessionQuery{Operation: faceclient.DetectLiveness, ID: id, MaxAttempts: maxAttempts})
}

// asking is how the real client asks a simulated service.
type asking struct {
	rate              float64
	pageSize, retries int
}

// simulated is a target whose list the real client reads from a simulated service, and what it shows.
func simulated(t *testing.T, service *facetest.Server, by asking, change ...func(*collector.TargetOptions)) (
	target *collector.Target, exposition func() series,
) {
	t.Helper()
	transport := service.Transport()
	t.Cleanup(service.Close)
	t.Cleanup(transport.CloseIdleConnections)
	info := collector.ResourceInfo{Name: "contoso-prod", Endpoint: "http://face.test", APIVersion: faceclient.DefaultAPIVersion}
	api := collector.NewAPIMetrics(info.Name, []faceclient.Operation{faceclient.DetectLiveness}, 0)
	client, err := faceclient.New(faceclient.Options{
		Endpoint: info.Endpoint, APIVersion: info.APIVersion, Credential: faceclient.NewKeyCredential(faceclient.StaticSecret(service.Key())),
		Limits: faceclient.Limits{
			MaxRequestsPerSecond: by.rate, MaxConcurrentRequests: 1, RequestTimeout: 10 * time.Second, MaxRetryWait: 30 * time.Second, MaxRetries: by.retries,
		},
		Observer: api, Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	lister := facelist.New(client, faceclient.DetectLiveness, facelist.Limits{PageSize: by.pageSize, MaxPages: 1000, Workers: 1})
	list := clientList{lister, client}
	target = newTarget(list, append(change, func(options *collector.TargetOptions) { options.API, options.Looker = api, list })...)
	run(t, target)
	return target, func() series { return valuesOf(t, collector.New(info, api, target), faceclient.DetectLiveness) }
}

// bubble runs a subtest with fake time.
func bubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}
