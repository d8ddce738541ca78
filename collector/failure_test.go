package collector_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

func TestPopulationIsShownUntilMaxStale(t *testing.T) {
	isPopulation := inPopulation(t)
	for name, test := range map[string]struct{ interval, lasts time.Duration }{
		"max_stale, an hour":                   {5 * time.Minute, time.Hour},
		"twice the interval if that is longer": {40 * time.Minute, 80 * time.Minute},
		"an interval longer than max_stale":    {3 * time.Hour, 6 * time.Hour},
	} {
		bubble(t, name, func(t *testing.T) {
			target := newTarget(walks(lists(page{after: 30 * time.Second, sessions: lively()}), fails(unavailable())), every(test.interval))
			run(t, target)
			names := func() []string {
				return shown(t, target).without(func(name string) bool { return strings.Contains(name, "refresh_error") })
			}
			atStart := names()
			scrape(time.Minute, target)
			ended, whole := time.Now(), names()
			for time.Since(ended) < test.lasts {
				scrape(inTime, target)
				advance(min(time.Minute, test.lasts-time.Since(ended)))
			}
			if atLast := names(); !slices.Equal(atLast, whole) {
				t.Errorf("as long as the population is shown there are %v, want %v", atLast, whole)
			}
			advance(1)
			stale := slices.DeleteFunc(slices.Clone(whole), isPopulation)
			if later := names(); !slices.Equal(later, stale) {
				t.Errorf("later there are %v, want %v", later, stale)
			}
			shown(t, target).want(t, "snapshot_timestamp_seconds", float64(ended.Add(-30*time.Second).Unix()))
			none := slices.DeleteFunc(stale, func(name string) bool { return strings.HasPrefix(name, "face_liveness_snapshot_") })
			if !slices.Equal(atStart, none) {
				t.Errorf("before the first refresh there are %v, want %v", atStart, none)
			}
		})
	}
}

// quota is what the client makes of a 403 that speaks of a quota.
func quota(wait time.Duration) error {
	return fmt.Errorf("list page 1: %w", &faceclient.Error{Status: http.StatusForbidden, Code: "QuotaExceeded", Wait: wait})
}

func TestWaitAfterFailures(t *testing.T) {
	bad := func(err error) script { return fails(err, page{after: 3 * time.Second}) }
	good := lists(page{after: 3 * time.Second, sessions: created(1)})
	doubling := []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute}
	for _, test := range []struct {
		name     string
		interval time.Duration
		scripts  []script
		want     []time.Duration
	}{
		{"doubles up to the interval", 5 * time.Minute, []script{bad(unavailable())}, doubling},
		{"a short interval bounds it", 5 * time.Second, []script{bad(unavailable())}, []time.Duration{5 * time.Second, 5 * time.Second, 5 * time.Second}},
		{"an odd interval bounds it", 40 * time.Second, []script{bad(unavailable())}, []time.Duration{15 * time.Second, 30 * time.Second, 40 * time.Second}},
		{"no error of the client", 5 * time.Minute, []script{bad(context.DeadlineExceeded)}, doubling[:3]},
		{"throttled", 5 * time.Minute, []script{bad(answered(http.StatusTooManyRequests, "429"))}, doubling[:3]},
		{
			"a success counts from the beginning", 5 * time.Minute,
			[]script{bad(unavailable()), bad(unavailable()), good, bad(unavailable()), bad(unavailable())},
			// The interval counts from the beginning of the good walk, less the tolerance of a second.
			[]time.Duration{15 * time.Second, 30 * time.Second, 5*time.Minute - 4*time.Second, 15 * time.Second, 30 * time.Second},
		},
		{"quota used up", 5 * time.Minute, []script{bad(quota(0))}, []time.Duration{time.Hour, time.Hour}},
		{"quota used up for 10 minutes more", 5 * time.Minute, []script{bad(quota(10 * time.Minute))}, []time.Duration{10 * time.Minute, 10 * time.Minute}},
		{"quota used up for 2 days more", 5 * time.Minute, []script{bad(quota(48 * time.Hour))}, []time.Duration{time.Hour, time.Hour}},
		{"quota used up, at an interval of hours", 3 * time.Hour, []script{bad(quota(10 * time.Minute))}, []time.Duration{3 * time.Hour}},
		{"pages that are no list wait an interval", 5 * time.Minute, []script{bad(&faceclient.Error{Code: faceclient.CodePagination})}, []time.Duration{5 * time.Minute, 5 * time.Minute}},
		{"401, 403 and 404 wait an interval", 5 * time.Minute, []script{
			bad(answered(http.StatusUnauthorized, "401")), bad(answered(http.StatusForbidden, "UnsupportedFeature")), bad(answered(http.StatusNotFound, "404")),
		}, []time.Duration{5 * time.Minute, 5 * time.Minute, 5 * time.Minute}},
	} {
		bubble(t, test.name, func(t *testing.T) {
			from := walks(test.scripts...)
			target := newTarget(from, every(test.interval))
			run(t, target)
			seconds := 0
			for _, wait := range test.want {
				seconds += 5 + int(1.1*wait.Seconds())
			}
			for range seconds {
				advance(time.Second - scrape(100*time.Millisecond, target))
			}
			if from.walks() <= len(test.want) {
				t.Fatalf("%d walks, want one after each of %v", from.walks(), test.want)
			}
			for i, want := range test.want { // up to a tenth of jitter, and a second to the next scrape
				if got := from.begun[i+1].Sub(from.ended[i]); got < want || got > want*11/10+time.Second {
					t.Errorf("wait %d is %v, want %v and up to a tenth more", i+1, got, want)
				}
			}
		})
	}
}

// A key that changes clears the wait after a failure, also if it changed during the walk. It does not renew a young snapshot.
func TestAChangedKeyClearsTheWait(t *testing.T) {
	slow := page{after: 4 * time.Second}
	refused := fails(answered(http.StatusUnauthorized, "401"), slow)
	for name, test := range map[string]struct {
		walk    script
		rotated time.Duration // since the start; 0 means never
		walks   int
	}{
		"unchanged":                              {refused, 0, 1},
		"changed while it waits":                 {refused, time.Minute, 2}, // the new key is refused, too
		"changed during the walk that fails":     {refused, time.Second, 2},
		"changed while there is nothing to wait": {lists(slow), time.Minute, 1},
	} {
		bubble(t, name, func(t *testing.T) {
			from := walks(test.walk)
			target := newTarget(from)
			run(t, target)
			if test.rotated > 0 {
				time.AfterFunc(test.rotated, func() { from.rotated.Store(true) })
			}
			for range 120 {
				scrape(time.Second, target)
				advance(time.Second)
			}
			if from.walks() != test.walks {
				t.Errorf("%d walks, want %d", from.walks(), test.walks)
			}
		})
	}
}

// Each failed refresh is counted under its error code, by the attempt that failed, or once.
func TestEveryFailedRefreshIsCounted(t *testing.T) {
	for name, test := range map[string]struct {
		attempts []string // their codes
		walk     script
		code     string
		count    float64
	}{
		"a stall without an attempt":              {nil, hangs(), "timeout", 1},
		"a stall after attempts with other codes": {[]string{"503"}, hangs(), "timeout", 1},
		"attempts that were counted":              {[]string{"503", "503"}, fails(unavailable()), "503", 2},
		"no attempt, and a code":                  {nil, fails(&faceclient.Error{Code: faceclient.CodeAuthentication}), "authentication", 1},
		"no attempt, and an unknown code":         {nil, fails(answered(418, "Teapot")), "Teapot", 1},
		"no error of the client":                  {nil, fails(http.ErrHandlerTimeout), "connection", 1},
		"too many codes":                          {ids("Invented", 60), fails(answered(400, "Invented-59")), "other", float64(60 - (50 - len(faceclient.ErrorCodes())))},
	} {
		bubble(t, name, func(t *testing.T) {
			api := collector.NewAPIMetrics("contoso-prod", faceclient.Operations(), 0)
			target := newTarget(walks(func(ctx context.Context, attempts int, visitor facelist.Visitor) (facelist.Result, error) {
				for _, code := range test.attempts {
					api.ObserveAttempt(faceclient.Attempt{Operation: faceclient.DetectLiveness, Status: 503, ErrorCode: code})
				}
				return test.walk(ctx, attempts, visitor)
			}), func(options *collector.TargetOptions) { options.API = api })
			run(t, target)
			scrape(time.Hour, target)
			requests(t, api, faceclient.DetectLiveness).want(t, fmt.Sprintf("api_errors_total{error_code=%q}", test.code), test.count)
			shown(t, target).want(t, fmt.Sprintf("refresh_error{error_code=%q}", test.code), 1)
		})
	}
}

// A bug that panics fails the refresh, and not the process, on any goroutine.
func TestAPanicFailsTheRefresh(t *testing.T) {
	const secret = "a-session-id"
	sessions := created(2)
	var broken atomic.Bool // while the clock panics, which a page that is counted asks for the time
	for reason, bug := range map[string]script{
		"runtime error: index out of range [2] with length 2": func(context.Context, int, facelist.Visitor) (facelist.Result, error) {
			beyond := len(sessions)
			return facelist.Result{Pages: len(sessions[beyond].ID)}, nil
		},
		// While a page is counted, on a goroutine of the source.
		"string": func(ctx context.Context, _ int, visitor facelist.Visitor) (facelist.Result, error) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				<-time.After(time.Millisecond) // nobody else reads the clock then
				broken.Store(true)
				visitor.Visit(facelist.Batch{Sessions: sessions})
				broken.Store(false)
			}()
			<-done
			<-ctx.Done()
			return facelist.Result{}, canceled(ctx)
		},
	} {
		bubble(t, reason, func(t *testing.T) {
			var book logbook
			system := collector.SystemClock()
			target := newTarget(walks(bug, lists(page{sessions: sessions})), logged(&book), func(options *collector.TargetOptions) {
				options.Clock = func() collector.Instant {
					if broken.Load() {
						panic(secret)
					}
					return system()
				}
			})
			run(t, target)
			scrape(time.Minute, target)
			shown(t, target).want(t, `refresh_error{error_code="panic"}`, 1)
			lines := book.take(t)
			if len(lines) != 1 || lines[0]["level"] != "ERROR" || lines[0]["panic"] != reason || !strings.Contains(fmt.Sprint(lines[0]["stack"]), "goroutine") {
				t.Errorf("logged %v, want an error with its reason and stack", lines)
			}
			if strings.Contains(fmt.Sprint(lines), secret) {
				t.Errorf("the log repeats what the panic holds: %v", lines)
			}
			advance(time.Minute)
			scrape(time.Minute, target)
			advance(time.Second)
			shown(t, target).want(t, "up", 1)
		})
	}
}
