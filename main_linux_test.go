package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/launch"
	"face_liveness_exporter/internal/rig"
)

// The file is Linux's for /dev/full and /proc.

// asProgram is the variable that makes the binary of the tests the program itself, so that there are signals to send, a
// standard error to lose and memory to measure.
const asProgram = "FACE_LIVENESS_EXPORTER_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	_ = flag.Set("test.parallel", "8") // the tests wait for programs, and compute little themselves
	goleak.VerifyTestMain(m)
}

// listening finds the address that the program tells in its log.
var listening = regexp.MustCompile(`msg="Listening on" address=(\S+)`)

// start runs the program with a configuration on a port of its own. Its log goes to stderr, or is kept if that is nil.
func start(t *testing.T, stderr *os.File, environment []string, configuration string, args ...string) *launch.Program {
	t.Helper()
	args = append([]string{"--web.listen-address=127.0.0.1:0", "--config.file=" + rig.Write(t, "config.yaml", configuration)}, args...)
	command := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], args...)
	command.Env = append([]string{asProgram + "=1"}, environment...)
	command.Dir = t.TempDir()
	if stderr != nil {
		command.Stderr = stderr
	}
	return launch.Command(t, "face_liveness_exporter", command)
}

// stops ends the program by SIGTERM, which is no failure, and gives the log.
func stops(t *testing.T, p *launch.Program) (log string) {
	t.Helper()
	if code := p.Stop(launch.Patience); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, p.Stderr)
	}
	return p.Stderr.String()
}

func get(t *testing.T, p *launch.Program, path string) (body string) {
	t.Helper()
	got, err := p.Request(t.Context(), http.MethodGet, path, "X-Prometheus-Scrape-Timeout-Seconds", "50")
	if err != nil {
		t.Fatalf("GET %s: %v\n%s", path, err, p.Stderr)
	}
	return got.Body
}

// Whatever it is doing when it is told to stop, it stops, and says that all is well.
func TestSignalInEveryPhase(t *testing.T) {
	t.Parallel()
	const patient = "refresh: {timeout: 1h}\napi: {request_timeout: 1h, max_requests_per_second: 1000}\n"
	hangs, term := facetest.Hang().After(2), []os.Signal{syscall.SIGTERM}
	for phase, test := range map[string]struct {
		fault    facetest.Fault
		requests int // that the service has had by then
		args     []string
		signals  []os.Signal
		code     int
	}{
		"in a refresh":          {hangs, 3, nil, term, 0},
		"between two refreshes": {facetest.NoDate(), 6, nil, []os.Signal{os.Interrupt}, 0},
		"while it reloads":      {facetest.NoDate(), 6, nil, []os.Signal{syscall.SIGHUP, syscall.SIGHUP, syscall.SIGTERM}, 0},
		"in a report":           {hangs, 3, []string{"--doctor"}, term, 1}, // it has not done what it should
	} {
		t.Run(phase, func(t *testing.T) {
			t.Parallel()
			service := rig.NewFace(t)
			service.Populate(rig.Live, 5500, 1)
			service.Fail(test.fault)
			p := start(t, nil, nil, service.Contoso(patient), append(test.args, "--log.level=debug")...)
			launch.Eventually(t, "requests", func() bool {
				p.Alive()
				return service.Asked() >= test.requests
			})
			for _, signal := range test.signals {
				p.Signal(signal)
			}
			if code := p.Wait(launch.Patience); code != test.code || strings.Contains(p.Stderr.String(), "panic") {
				t.Errorf("exit code %d, want %d:\n%s", code, test.code, p.Stderr)
			}
		})
	}
}

// A long answer keeps the first signal waiting for some seconds, and the second not at all.
func TestSignalsInALongAnswer(t *testing.T) {
	t.Parallel()
	for signals, code := range map[string]int{"one": 0, "two": -1} {
		t.Run(signals, func(t *testing.T) {
			t.Parallel()
			p := start(t, nil, nil, rig.NewFace(t).Contoso(rig.Quick), "--web.enable-pprof")
			p.Listens(listening)
			connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Host())
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			fmt.Fprint(connection, "GET /debug/pprof/profile?seconds=60 HTTP/1.1\r\nHost: x\r\n\r\n")
			launch.Eventually(t, "a profile", func() bool {
				return strings.Contains(get(t, p, "/debug/pprof/goroutine?debug=1"), "pprof.Profile+")
			})
			p.Signal(syscall.SIGTERM)
			for again := signals == "two"; again; {
				p.Signal(syscall.SIGTERM) // two signals at once can be one
				select {
				case <-p.Ended():
					again = false
				case <-time.After(20 * time.Millisecond):
				}
			}
			if got := p.Wait(launch.Patience); got != code {
				t.Errorf("exit code %d, want %d:\n%s", got, code, p.Stderr)
			}
		})
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
	free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	p := start(t, full, nil, rig.NewFace(t).Contoso(rig.Quick), "--log.level=debug", "--web.listen-address="+address)
	p.Base = "http://" + address
	p.Serves("/-/healthy")
	rig.AllOf(t, "/metrics", get(t, p, "/metrics"), `face_liveness_up{operation="detectLiveness",resource="contoso"} 1`)
	stops(t, p)
}

// The number of resources that a process is made for, with as many series as they can have.
func TestMemoryOf200Resources(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	service.Populate(rig.Live, 900, 1) // of more devices than are shown
	configuration := rig.Quick + "resources:\n"
	for i := range 200 {
		configuration += service.Resource(fmt.Sprintf("contoso-%03d", i))
	}
	p := start(t, nil, nil, configuration)
	p.Listens(listening)
	for range 5 {
		if series := strings.Count(get(t, p, "/metrics"), "\nface_liveness_"); series < 35_000 {
			t.Errorf("%d series are too few", series)
		}
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	kibibytes, err := strconv.Atoi(strings.Fields(peak)[0])
	if t.Logf("%d MiB of memory at the highest", kibibytes>>10); err != nil || kibibytes > 96<<10 {
		t.Errorf("%d MiB of memory at the highest, want 96 at most: %v", kibibytes>>10, err)
	}
	stops(t, p)
}

// What a service sends beyond its answer may name anybody. It is nowhere to be read.
func TestWhatIsSentBeyondTheAnswerIsNotTold(t *testing.T) {
	t.Parallel()
	const canary = "canary-device"
	closed := make(chan struct{}, 100)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]%s", strings.Repeat(canary, 10))
		_, _ = conn.Read(make([]byte, 1)) // until the client leaves
		closed <- struct{}{}
	}))
	t.Cleanup(service.Close)
	p := start(t, nil, nil, rig.Quick+rig.Often+"resources:\n"+rig.Resource("contoso", service.URL, "key: test-key"), "--log.level=debug")
	p.Listens(listening)
	for range 3 {
		rig.NoneOf(t, "/metrics", get(t, p, "/metrics"), canary)
		<-closed // by then the client has read what it did not ask for
	}
	log := stops(t, p)
	rig.NoneOf(t, "the log", log, canary)
	rig.AllOf(t, "the log", log, "(version=dev,") // as long as no release flag says another one
}
