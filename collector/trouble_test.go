package collector_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// Whatever a refresh fails with, it is counted under its error code: by the attempt that failed, or once.
func TestEveryFailedRefreshIsCounted(t *testing.T) {
	attempt := func(api *collector.APIMetrics, code string) {
		api.ObserveAttempt(faceclient.Attempt{Operation: faceclient.DetectLiveness, Status: 503, ErrorCode: code})
	}
	tests := []struct {
		name  string
		walk  func(*collector.APIMetrics) script
		code  string
		count float64
	}{
		{"a stall without an attempt", func(*collector.APIMetrics) script { return hangs() }, "timeout", 1},
		{"a stall whose attempts were counted otherwise", func(api *collector.APIMetrics) script {
			return func(ctx context.Context, visitor facelist.Visitor) (facelist.Result, error) {
				attempt(api, "503")
				return hangs()(ctx, visitor)
			}
		}, "timeout", 1},
		{"attempts that were counted", func(api *collector.APIMetrics) script {
			return func(context.Context, facelist.Visitor) (facelist.Result, error) {
				attempt(api, "503")
				attempt(api, "503")
				return facelist.Result{Requests: 2}, unavailable()
			}
		}, "503", 2},
		{"no attempt, and a code", func(*collector.APIMetrics) script {
			return fails(&faceclient.Error{Code: faceclient.CodeAuthentication})
		}, "authentication", 1},
		{"no attempt, and a code never heard of", func(*collector.APIMetrics) script { return fails(answered(418, "Teapot")) }, "Teapot", 1},
		{"no error of the client", func(*collector.APIMetrics) script { return fails(http.ErrHandlerTimeout) }, "connection", 1},
		{"after too many codes", func(api *collector.APIMetrics) script {
			return func(context.Context, facelist.Visitor) (facelist.Result, error) {
				for i := range 60 {
					attempt(api, fmt.Sprint("Invented", i))
				}
				return facelist.Result{}, answered(400, "Invented59")
			}
		}, "other", float64(60 - (50 - len(faceclient.ErrorCodes())))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := collector.NewAPIMetrics("contoso-prod", faceclient.Operations(), 0)
				target := newTarget(walks(test.walk(api)), func(options *collector.TargetOptions) { options.API = api })
				run(t, target)
				scrape(time.Hour, target)
				requests(t, api, faceclient.DetectLiveness).want(t, fmt.Sprintf("api_errors_total{error_code=%q}", test.code), test.count)
			})
		})
	}
}

// A bug that panics fails the refresh, and not the process, on whatever goroutine it is.
func TestAPanicFailsTheRefresh(t *testing.T) {
	const secret = "a-session-id"
	page := page{sessions: created(2)}
	for name, bug := range map[string]script{
		"in the source": func(context.Context, facelist.Visitor) (facelist.Result, error) {
			_ = page.sessions[len(page.sessions)+rand.IntN(5)]
			return facelist.Result{}, nil
		},
		"with a value that holds what nobody may read": func(context.Context, facelist.Visitor) (facelist.Result, error) {
			panic(secret)
		},
		"while a page is counted, on a goroutine of the source": func(ctx context.Context, visitor facelist.Visitor) (facelist.Result, error) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				visitor.Restart()
				visitor.Visit(facelist.Batch{Sessions: []faceclient.Session{{TTL: -1}}}) // see the clock below
			}()
			<-done
			<-ctx.Done()
			return facelist.Result{}, canceled(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var book logbook
				api := collector.NewAPIMetrics("contoso-prod", faceclient.Operations(), 0)
				system := collector.SystemClock()
				target := newTarget(walks(bug, lists(page)), logged(&book), func(options *collector.TargetOptions) {
					options.API = api
					options.Clock = func() collector.Instant {
						frames := make([]uintptr, 50)
						callers := runtime.CallersFrames(frames[:runtime.Callers(0, frames)])
						for frame, more := callers.Next(); more; frame, more = callers.Next() {
							if strings.HasSuffix(frame.Function, "tally).Visit") && strings.Contains(name, "goroutine") && api.Usage(faceclient.DetectLiveness).Requests == 0 {
								panic(secret)
							}
						}
						return system()
					}
				})
				run(t, target)
				scrape(time.Minute, target)
				values := shown(t, target)
				values.want(t, "up", 0)
				values.want(t, "refresh_failures_total", 1)
				requests(t, api, faceclient.DetectLiveness).want(t, `api_errors_total{error_code="panic"}`, 1)
				lines := book.take(t)
				if len(lines) != 1 || lines[0]["level"] != "ERROR" || !strings.Contains(fmt.Sprint(lines[0]["stack"]), "goroutine") {
					t.Errorf("logged %v, want an error with its stack", lines)
				}
				if strings.Contains(fmt.Sprint(lines), secret) {
					t.Errorf("the log repeats what the panic holds: %v", lines)
				}
				api.ObserveAttempt(faceclient.Attempt{Operation: faceclient.DetectLiveness, Status: 200})
				advance(time.Minute)
				scrape(time.Minute, target)
				advance(time.Second)
				shown(t, target).want(t, "up", 1)
			})
		})
	}
}

// Long ids do not make a walk's memory grow with their length, and they are counted and shown like the others.
func TestLongDeviceIDs(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 18))
	long := func(length int) string {
		id := make([]byte, length)
		for i := range id {
			id[i] = 'a' + byte(random.IntN(26))
		}
		return string(id)
	}
	shared := strings.Repeat("x", 500)
	ids := []string{shared + "1", shared + "2", shared + "2", long(64), long(65), long(128), long(129), strings.Repeat("é", 64), "short"}
	for _, label := range []collector.DeviceLabel{collector.DeviceRaw, collector.DeviceHash} {
		options := collector.DeviceOptions{Top: 50, Label: label, HashKey: []byte("key")}
		devices := byDevice(gather(t, resource(counted(t, options, of(ids...)))))
		if len(devices) != 8 {
			t.Errorf("%s: %d devices, want 8: %v", label, len(devices), devices)
		}
		for _, id := range ids[3:] {
			want := id
			if label == collector.DeviceHash {
				for hash := range wantedLabels(options, id) {
					want = hash
				}
			}
			uncut := label == collector.DeviceHash || len([]rune(id)) <= 128
			if uncut && devices[want] != 1 {
				t.Errorf("%s: %q has %v sessions, want 1", label, want, devices[want])
			}
		}
	}
	const sessions, length = 2000, 20_000
	var grown uint64
	target := newTarget(walks(func(_ context.Context, visitor facelist.Visitor) (facelist.Result, error) {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range sessions {
			visitor.Visit(facelist.Batch{Sessions: of(long(length))})
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		grown = after.HeapAlloc - min(before.HeapAlloc, after.HeapAlloc)
		return whole(1), nil
	}))
	run(t, target)
	collector.EnsureFresh(context.Background(), target)
	if bound := uint64(sessions * 1000); grown > bound {
		t.Errorf("%d ids of %d bytes take %d bytes, want %d at most", sessions, length, grown, bound)
	}
	if n, known := target.State().Snapshot.DeviceCount(); n != sessions || !known {
		t.Errorf("%v devices, want %d", n, sessions)
	}
}

// Prometheus can tell from when on a counter counts.
func TestCountersSayWhenTheyWereCreated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := time.Now()
		target := newTarget(walks(lists(page{sessions: lively()})))
		run(t, target)
		scrape(inTime, target)
		advance(time.Hour)
		for name, family := range gather(t, resource(target)) {
			for _, metric := range family.GetMetric() {
				if family.GetType() == dto.MetricType_COUNTER && !strings.Contains(name, "_api_") && !metric.GetCounter().GetCreatedTimestamp().AsTime().Equal(made) {
					t.Errorf("%s was created at %v, want %v", name, metric.GetCounter().GetCreatedTimestamp().AsTime(), made)
				}
				if family.GetType() == dto.MetricType_COUNTER && metric.GetCounter().GetCreatedTimestamp() == nil {
					t.Errorf("%s does not say when it was created", name)
				}
			}
		}
		text := string(encoded(t, gather(t, resource(target)), formats()["text"]))
		if bytes.Contains([]byte(text), []byte("_created")) {
			t.Error("text has series of its own for it")
		}
	})
}

func TestCostOfTheFirstRefreshLeavesOutWhatIsNeededOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newTarget(walks(func(_ context.Context, visitor facelist.Visitor) (facelist.Result, error) {
			page{sessions: created(3)}.visit(visitor)
			page{}.visit(visitor)
			return facelist.Result{Pages: 2, Proofs: 1, Coverage: 1}, nil
		}))
		run(t, target)
		state := target.State()
		if list, lookUps := state.MonthlyRequests(); list != 0 || lookUps != 0 {
			t.Errorf("%v and %v requests before the first refresh", list, lookUps)
		}
		scrape(inTime, target)
		state = target.State()
		list, lookUps := state.MonthlyRequests()
		if list != 8640 || lookUps != 0 {
			t.Errorf("%v and %v requests in 30 days, want 8640", list, lookUps)
		}
		if cost := collector.Price(list, 1.5); cost != 12.96 {
			t.Errorf("they cost %v, want 12.96", cost)
		}
	})
}
