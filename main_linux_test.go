package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/launch"
)

// The file is Linux's for /dev/full and /proc.

const (
	// asProgram is the variable that makes the binary of the tests the program itself, so that there are signals to send
	// and a standard error to lose.
	asProgram = "FACE_LIVENESS_EXPORTER_AS_PROGRAM"
	// quick lets a walk wait for nothing.
	quick = "api: {max_requests_per_second: 1000}\n"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// listening finds the address that the program tells in its log.
var listening = regexp.MustCompile(`msg="Listening on" address=(\S+)`)

// start runs the program on a port of its own. Its log goes to stderr, or is kept where that is nil.
func start(t *testing.T, stderr *os.File, args ...string) *launch.Program {
	t.Helper()
	return startIn(t, stderr, nil, args...)
}

// startIn is start with more variables in the environment.
func startIn(t *testing.T, stderr *os.File, environment []string, args ...string) *launch.Program {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], append([]string{"--web.listen-address=127.0.0.1:0"}, args...)...)
	command.Env = append([]string{asProgram + "=1"}, environment...)
	command.Dir = t.TempDir()
	if stderr != nil {
		command.Stderr = stderr
	}
	return launch.Command(t, "face_liveness_exporter", command)
}

// ends waits for the end and gives the log.
func ends(t *testing.T, p *launch.Program, code int) (log string) {
	t.Helper()
	if got := p.Wait(launch.Patience); got != code {
		t.Errorf("exit code %d, want %d:\n%s", got, code, p.Stderr)
	}
	return p.Stderr.String()
}

func get(t *testing.T, p *launch.Program, path string) (body string) {
	t.Helper()
	got, err := p.Request(t.Context(), http.MethodGet, path)
	if err != nil {
		t.Fatalf("GET %s: %v\n%s", path, err, p.Stderr)
	}
	return got.Body
}

// serve lets a simulated service listen.
func serve(t *testing.T, service *facesim.Server) (endpoint string) {
	t.Helper()
	server := httptest.NewServer(service)
	t.Cleanup(func() {
		service.Close()
		server.Close()
	})
	return server.URL
}

// small is a service with some sessions.
func small(t *testing.T) (endpoint string, service *facesim.Server) {
	t.Helper()
	service = facesim.New(facesim.Options{})
	service.Populate(facesim.DetectLiveness, 100, 1)
	return serve(t, service), service
}

// configuration writes a file with one resource and gives the flag that names it.
func configuration(t *testing.T, endpoint, head string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	content := fmt.Sprintf("%s\nresources:\n- {name: contoso, endpoint: %q, key: test-key}\n", head, endpoint)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return "--config.file=" + path
}

// Whatever it is doing when it is told to stop, it stops, and says that all is well.
func TestSignalInEveryPhase(t *testing.T) {
	t.Parallel()
	const slow = "refresh: {timeout: 1h}\napi: {request_timeout: 1h, max_retries: 1000, max_retry_wait: 1h, max_requests_per_second: %v}"
	fast := fmt.Sprintf(slow, 1000)
	for _, test := range []struct {
		phase    string
		head     string
		faults   []facesim.Fault
		requests int // that the service has had by then
		signals  []os.Signal
		args     []string
		code     int
	}{
		{"in a walk", fast, []facesim.Fault{facetest.Delay(time.Hour).After(2)}, 3, nil, nil, 0},
		{"in a body", fast, []facesim.Fault{facetest.HangInBody()}, 1, nil, nil, 0},
		{"waiting for the limiter", fmt.Sprintf(slow, 0.001), nil, 1, nil, nil, 0},
		{"waiting because the service asked to", fast, []facesim.Fault{facesim.RateLimited(facesim.ShapeCode, facesim.HintHeader, time.Hour)}, 1, nil, nil, 0},
		{"waiting to try again", fast, []facesim.Fault{facesim.Status(503, "")}, 3, nil, nil, 0},
		{"waiting after a failed refresh", fast, []facesim.Fault{facesim.Status(404, "")}, 1, nil, nil, 0},
		{"after an answer that changes the protocol", fast, []facesim.Fault{facesim.Wrap("101", switchesProtocol)}, 1, nil, nil, 0},
		{"between two refreshes", fast, nil, 6, nil, nil, 0},
		{"by another signal", fast, []facesim.Fault{facetest.Hang()}, 1, []os.Signal{os.Interrupt}, nil, 0},
		{"while it reloads", fast, nil, 6, []os.Signal{syscall.SIGHUP, syscall.SIGHUP, syscall.SIGHUP, syscall.SIGTERM}, nil, 0},
		{"in a report, which then has not done what it should", fast, []facesim.Fault{facetest.Hang()}, 1, nil, []string{"--doctor"}, 1},
	} {
		t.Run(test.phase, func(t *testing.T) {
			t.Parallel()
			service := facesim.New(facesim.Options{})
			service.Populate(facesim.DetectLiveness, 5500, 1)
			arrived := make(chan struct{}, 100)
			service.Fail(append([]facesim.Fault{facesim.Wrap("watch", func(next http.Handler) http.Handler {
				arrived <- struct{}{}
				return next
			})}, test.faults...)...)
			p := start(t, nil, append([]string{configuration(t, serve(t, service), test.head), "--log.level=debug"}, test.args...)...)
			for range test.requests {
				select {
				case <-arrived:
				case <-p.Ended():
					t.Fatalf("the program has ended:\n%s", p.Stderr)
				}
			}
			if test.signals == nil {
				test.signals = []os.Signal{syscall.SIGTERM}
			}
			for _, signal := range test.signals {
				p.Signal(signal)
			}
			log := ends(t, p, test.code)
			if strings.Contains(log, "panic") || strings.Contains(log, "DATA RACE") {
				t.Error(log)
			}
		})
	}
}

// switchesProtocol answers 101 to whatever was asked for, and then says nothing more.
func switchesProtocol(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: canary\r\n\r\n")
		_, _ = conn.Read(make([]byte, 1)) // until the client leaves
	})
}

// A long answer keeps the first signal waiting for some seconds, and the second not at all.
func TestSecondSignalWaitsForNothing(t *testing.T) {
	t.Parallel()
	service := facesim.New(facesim.Options{})
	p := start(t, nil, configuration(t, serve(t, service), quick), "--web.enable-pprof")
	p.Listens(listening)
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Host())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "GET /debug/pprof/profile?seconds=60 HTTP/1.1\r\nHost: x\r\n\r\n")
	get(t, p, "/-/healthy") // by then the profile is under way
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	give := time.NewTimer(launch.Patience)
	defer give.Stop()
	for ended := false; !ended; {
		select {
		case <-tick.C: // two signals at once can be one
			p.Signal(syscall.SIGTERM)
		case <-p.Ended():
			ended = true
		case <-give.C:
			t.Fatal("the program does not end")
		}
	}
	if code := p.Code(); code != -1 {
		t.Errorf("exit code %d, want an end by the signal", code)
	}
}

// A log that cannot be written is no reason to see nothing of the sessions.
func TestLogThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	service := facesim.New(facesim.Options{})
	service.Populate(facesim.DetectLiveness, 5500, 1)
	free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	p := start(t, full, configuration(t, serve(t, service), quick), "--log.level=debug", "--web.listen-address="+address)
	p.Base = "http://" + address
	p.Serves("/-/healthy")
	if body := get(t, p, "/metrics"); !strings.Contains(body, "face_liveness_sessions{operation=\"detectLiveness\",resource=\"contoso\"} 5500\n") {
		t.Errorf("no sessions:\n%s", body)
	}
	p.Signal(syscall.SIGTERM)
	ends(t, p, 0)
}

// peakMemory is what the process had at most, in bytes.
func peakMemory(t *testing.T, p *launch.Program) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.Atoi(strings.Fields(peak)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

// However much comes, no more than some pages of it are in memory at a time.
func TestPeakMemory(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]facesim.Fault{
		"a body without an end":        facetest.EndlessBlanks(),
		"a list without an end":        facetest.EndlessItems(),
		"a GiB in a MiB":               facetest.GzipBomb(1 << 30),
		"an error without an end":      facesim.Wrap("endless error", endlessError),
		"pages that go round in turns": facesim.WrapAround(),
		"a list of 100 pages":          facesim.NoDate(), // which is no trouble
	} {
		t.Run(name, func(t *testing.T) {
			service := facesim.New(facesim.Options{})
			service.Populate(facesim.DetectLiveness, 100_000, 1)
			service.Fail(fault)
			p := start(t, nil, configuration(t, serve(t, service), "api: {max_requests_per_second: 1000, max_concurrent_requests: 16, max_retries: 1}"))
			p.Listens(listening)
			get(t, p, "/metrics") // waits for the refresh
			if service.Counts(facesim.DetectLiveness).Requests == 0 {
				t.Error("nothing was asked for")
			}
			withinMemory(t, p)
			p.Signal(syscall.SIGTERM)
			ends(t, p, 0)
		})
	}
}

// withinMemory fails where the program has used more than 150 MiB at any time.
func withinMemory(t *testing.T, p *launch.Program) {
	t.Helper()
	const most = 150 << 20
	if peak := peakMemory(t, p); peak > most {
		t.Errorf("%d MiB of memory at the highest, want %d at most", peak>>20, most>>20)
	}
}

func endlessError(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("no", 1<<10)); err != nil {
				return
			}
		}
	})
}

// What a service sends beyond its answer may name anybody. It is nowhere to be read.
func TestWhatIsSentBeyondTheAnswerIsNotTold(t *testing.T) {
	t.Parallel()
	const canary = "canary-device"
	service := facesim.New(facesim.Options{})
	closed := make(chan struct{}, 100)
	service.Fail(facesim.Wrap("more", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]%s", strings.Repeat(canary, 10))
			_, _ = conn.Read(make([]byte, 1)) // until the client leaves
			closed <- struct{}{}
		})
	}))
	p := start(t, nil, configuration(t, serve(t, service), quick+"refresh: {interval: 1ms}"), "--log.level=debug")
	p.Listens(listening)
	for range 3 {
		if body := get(t, p, "/metrics"); strings.Contains(body, canary) {
			t.Error("a metric tells it")
		}
	}
	for range 3 { // by then the client has read what it did not ask for
		<-closed
	}
	p.Signal(syscall.SIGTERM)
	if log := ends(t, p, 0); strings.Contains(log, canary) {
		t.Errorf("the log tells it:\n%s", log)
	}
}

// stops ends the program by SIGTERM, and well.
func stops(t *testing.T, p *launch.Program) {
	t.Helper()
	if code := p.Stop(launch.Patience); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, p.Stderr)
	}
}

// What clients have begun does not keep the program from its end.
func TestSignalAmidAnswers(t *testing.T) {
	t.Parallel()
	hanging := facesim.New(facesim.Options{})
	hanging.Fail(facetest.Hang())
	endpoint := serve(t, hanging)
	for name, begin := range map[string]string{
		"a scrape that waits for a refresh": "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 3600\r\n\r\n",
		"a profile":                         "GET /debug/pprof/profile?seconds=60 HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, nil, configuration(t, endpoint, "refresh: {timeout: 1h}\napi: {request_timeout: 1h}"), "--web.enable-pprof")
			p.Listens(listening)
			connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Host())
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			fmt.Fprint(connection, begin)
			get(t, p, "/-/healthy")
			stops(t, p)
		})
	}
}

// A build without release flags says so.
func TestVersionOfADevelopmentBuild(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "--version")
	if code := p.Wait(launch.Patience); code != 0 || !strings.Contains(p.Stdout.String(), "face_liveness_exporter, version dev ") {
		t.Errorf("exit code %d, %q", code, p.Stdout)
	}
}
