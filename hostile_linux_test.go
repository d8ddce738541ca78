package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/launch"
)

// stopLimit is within what every supervisor grants, and is promised whatever hangs.
const stopLimit = 5 * time.Second

// stops ends the program by SIGTERM, in time and well.
func stops(t *testing.T, p *launch.Program) {
	t.Helper()
	if code := p.Stop(stopLimit); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, p.Stderr)
	}
}

// connect opens a connection and sends what a client begins with.
func connect(t *testing.T, p *launch.Program, begin string) net.Conn {
	t.Helper()
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Host())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	if _, err := connection.Write([]byte(begin)); err != nil {
		t.Fatal(err)
	}
	return connection
}

// small is a service with some sessions.
func small(t *testing.T) (endpoint string, service *facesim.Server) {
	t.Helper()
	service = facesim.New(facesim.Options{})
	service.Populate(facesim.DetectLiveness, 100, 1)
	return serve(t, service), service
}

// Clients that begin a request and stop get their answer at once, or wait without keeping others out.
func TestClientsThatStop(t *testing.T) {
	t.Parallel()
	endpoint, _ := small(t)
	web := filepath.Join(t.TempDir(), "web.yaml")
	if err := os.WriteFile(web, []byte("basic_auth_users:\n  prometheus: $2a$04$HsyHpq.ye83nm5veSHwQ3eDV/uzKx4nbZS5PTnn08Q55jNgO8Qx9.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, begin string
		args        []string
		status      int // of the answer that comes at once; 0 for none
		scrape      int // status that a scraper gets meanwhile
	}{
		{"a body that does not come", "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", nil, 200, 200},
		{"half a body", "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf", nil, 200, 200},
		{"a body in chunks that do not come", "GET /probe?resource=contoso HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", nil, 200, 200},
		{"a body after permission", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n", nil, 200, 200},
		{"a body on a health path", "GET /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", nil, 200, 200},
		{"a body on the service discovery", "GET /sd HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", nil, 200, 200},
		{"a body on an unknown path", "POST /unknown HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", nil, 404, 200},
		{"a body with a method that is not allowed", "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", nil, 405, 200},
		{"a body for a reload that is off", "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", nil, 403, 200},
		{"a body for a reload", "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", []string{"--web.enable-lifecycle"}, 200, 200},
		{"a body before authentication", "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", []string{"--web.config.file=" + web}, 401, 401},
		{"half a header", "GET /metrics HTTP/1.1\r\nHos", nil, 0, 200},
		{"half a second request", "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\nGET /met", nil, 200, 200},
		{"half the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\n", nil, 0, 200},
		{"nothing", "", nil, 0, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := start(t, nil, append(test.args, configuration(t, endpoint, quick))...)
			p.Listens(listening)
			for range 45 {
				connection := connect(t, p, test.begin)
				if test.status == 0 {
					continue
				}
				// Far below every time limit of the server.
				if err := connection.SetReadDeadline(time.Now().Add(8 * time.Second)); err != nil {
					t.Fatal(err)
				}
				line, err := bufio.NewReader(connection).ReadString('\n')
				if err != nil || !strings.HasPrefix(line, fmt.Sprintf("HTTP/1.1 %d ", test.status)) {
					t.Fatalf("answered %q, %v; want %d", line, err, test.status)
				}
			}
			got, err := p.Request(t.Context(), http.MethodGet, "/metrics")
			if err != nil || got.Status != test.scrape {
				t.Errorf("a scraper gets %d, %v; want %d", got.Status, err, test.scrape)
			}
			stops(t, p)
		})
	}
}

// More clients that only connect than there may be connections do not keep a scraper out.
func TestMoreConnectionsThanTheBound(t *testing.T) {
	t.Parallel()
	endpoint, _ := small(t)
	p := start(t, nil, configuration(t, endpoint, quick))
	p.Listens(listening)
	first := connect(t, p, "")
	for range 1100 {
		connect(t, p, "")
	}
	// The one that has waited longest is closed, far before its header is due.
	if err := first.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the first of 1,101 connections is still open: %v", err)
	}
	if got, err := p.Request(t.Context(), http.MethodGet, "/metrics"); err != nil || got.Status != http.StatusOK {
		t.Errorf("a scraper gets %d, %v", got.Status, err)
	}
	stops(t, p)
}

// Without file descriptors nothing can be accepted. One warning says so, and the program goes on once there are some.
func TestNoFileDescriptors(t *testing.T) {
	t.Parallel()
	endpoint, _ := small(t)
	command := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -n 40; exec "$0" "$@"`, os.Args[0],
		"--web.listen-address=127.0.0.1:0", configuration(t, endpoint, quick))
	command.Env = []string{asProgram + "=1"}
	p := launch.Command(t, "face_liveness_exporter", command)
	p.Listens(listening)
	var connections []net.Conn
	for range 100 {
		connections = append(connections, connect(t, p, ""))
	}
	launch.Eventually(t, "a warning", func() bool { return strings.Contains(p.Stderr.String(), "cannot accept connections") })
	for _, connection := range connections {
		_ = connection.Close()
	}
	p.Serves("/metrics")
	stops(t, p)
	if log := p.Stderr.String(); strings.Count(log, "cannot accept connections") != 1 || !strings.Contains(log, "level=WARN") {
		t.Errorf("want one warning:\n%s", log)
	}
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

// maxPeak is what the process may take at most, whatever clients do.
const maxPeak = 150 << 20

// Many resources, and clients that ask for large answers and do not read them, stay within maxPeak.
func TestSlowReadersOfLargeAnswers(t *testing.T) {
	t.Parallel()
	var resources strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&resources, "- {name: contoso-%d, endpoint: 'http://127.0.0.1:9', key: 0123456789abcdef0123456789abcdef}\n", i)
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte("refresh: {on_start: false}\nresources:\n"+resources.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"/", "/sd", "/metrics"} {
		t.Run(page, func(t *testing.T) {
			p := start(t, nil, "--config.file="+path)
			p.Listens(listening)
			var readers [60]net.Conn
			for i := range readers {
				readers[i] = connect(t, p, "GET "+page+" HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 1\r\n\r\n")
			}
			for _, connection := range readers {
				if line, err := bufio.NewReaderSize(connection, 16).ReadString(' '); err != nil || line != "HTTP/1.1 " {
					t.Fatalf("%q, %v", line, err)
				}
			}
			if peak := peakMemory(t, p); peak > maxPeak {
				t.Errorf("the peak is %d MiB", peak>>20)
			}
			if good, err := p.Request(t.Context(), http.MethodGet, page); err != nil || good.Status != http.StatusOK {
				t.Errorf("another client gets %d, %v", good.Status, err)
			}
			stops(t, p)
		})
	}
}

// A log that nobody reads holds up neither refreshes nor the end.
func TestLogPipeThatIsFull(t *testing.T) {
	t.Parallel()
	endpoint, service := small(t)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	p := start(t, writer, configuration(t, endpoint, quick+"refresh: {interval: 1ms}"), "--log.level=debug", "--web.listen-address="+address)
	p.Base = "http://" + address
	p.Serves("/-/healthy")
	const dropped = "face_liveness_exporter_log_lines_dropped_total "
	launch.Eventually(t, "lines are dropped", func() bool {
		body := get(t, p, "/metrics")
		_, after, found := strings.Cut(body, "\n"+dropped)
		return found && !strings.HasPrefix(after, "0\n")
	})
	before := service.Counts(facesim.DetectLiveness).Requests
	launch.Eventually(t, "refreshes go on", func() bool {
		get(t, p, "/metrics")
		return service.Counts(facesim.DetectLiveness).Requests > before+3
	})
	p.Signal(syscall.SIGTERM)
	if code := p.Wait(stopLimit); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A configuration that does not come, from a FIFO or a file system that hangs, holds up neither the end nor refreshes.
func TestConfigurationThatDoesNotCome(t *testing.T) {
	t.Parallel()
	t.Run("at start", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		p := start(t, nil, "--config.file="+path)
		writer, err := os.OpenFile(path, os.O_WRONLY, 0) // waits for the program to open it
		if err != nil {
			t.Fatal(err)
		}
		defer writer.Close()
		stops(t, p)
	})
	t.Run("at a reload", func(t *testing.T) {
		t.Parallel()
		endpoint, service := small(t)
		flag := configuration(t, endpoint, quick+"refresh: {interval: 1ms}")
		p := start(t, nil, flag)
		p.Listens(listening)
		path := strings.TrimPrefix(flag, "--config.file=")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		p.Signal(syscall.SIGHUP)
		writer, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer writer.Close()
		before := service.Counts(facesim.DetectLiveness).Requests
		launch.Eventually(t, "refreshes go on", func() bool {
			get(t, p, "/metrics")
			return service.Counts(facesim.DetectLiveness).Requests > before+3
		})
		stops(t, p)
	})
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
		"half a header":                     "GET / HTTP/1.1\r\nHo",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, nil, configuration(t, endpoint, "refresh: {timeout: 1h}\napi: {request_timeout: 1h}"), "--web.enable-pprof")
			p.Listens(listening)
			connect(t, p, begin)
			get(t, p, "/-/healthy")
			stops(t, p)
		})
	}
}

// All scrapes that wait for one refresh get their answer.
func TestManyScrapesOfOneRefresh(t *testing.T) {
	t.Parallel()
	endpoint, service := small(t)
	service.Fail(facetest.Delay(2 * time.Second))
	p := start(t, nil, configuration(t, endpoint, quick))
	p.Listens(listening)
	const scrapers = 500
	var connections []net.Conn
	for range scrapers {
		connections = append(connections, connect(t, p, "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 30\r\n\r\n"))
	}
	answers := map[string]int{}
	for _, connection := range connections {
		if err := connection.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(connection).ReadString('\n')
		if err != nil {
			line = err.Error()
		}
		answers[strings.TrimSpace(line)]++
		_ = connection.Close()
	}
	if answers["HTTP/1.1 200 OK"] != scrapers {
		t.Errorf("%v", answers)
	}
	if requests := service.Counts(facesim.DetectLiveness).Requests; requests > 2 {
		t.Errorf("%d requests for one refresh", requests)
	}
	stops(t, p)
}

// A build without release flags says so.
func TestVersionOfADevelopmentBuild(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "--version")
	if code := p.Wait(launch.Patience); code != 0 || !strings.Contains(p.Stdout.String(), "face_liveness_exporter, version dev ") {
		t.Errorf("exit code %d, %q", code, p.Stdout)
	}
}
