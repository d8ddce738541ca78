// Package e2e_test looks at the built program from outside, as its users do: by a real Prometheus that scrapes it, with
// this repository's rules and dashboards, by a real Alertmanager, and by a real browser. Everything listens on loopback.
//
// It must not know how the program does what it does: of the exporter's packages it uses the simulated service alone.
//
// A program that is missing fails a test; nothing is skipped. `make e2e` builds the program first. UPDATE=1 writes the
// picture of the status page that the README shows; without it no file of the repository changes.
package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what should be there in seconds. It is reached only by a test that fails.
const patience = time.Minute

// repository is the root of the repository.
const repository = ".."

// output takes what a program writes. It can be read at the same time.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// program is a child process that serves HTTP.
type program struct {
	t       *testing.T
	name    string
	base    string // http://127.0.0.1:port
	process *os.Process
	stderr  *output
	ended   chan struct{}
	err     error // once ended is closed
	client  *http.Client
}

// launch starts a program with an environment of its own. When the test ends it must stop when asked to.
func launch(t *testing.T, name, path string, args ...string) *program {
	t.Helper()
	p := &program{t: t, name: name, stderr: new(output), ended: make(chan struct{}), client: newClient(t)}
	command := exec.CommandContext(context.WithoutCancel(t.Context()), path, args...)
	command.Dir = t.TempDir()
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + command.Dir, "TZ=UTC"}
	command.Stdout, command.Stderr = p.stderr, p.stderr
	if err := command.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	p.process = command.Process
	go func() {
		defer close(p.ended)
		p.err = command.Wait()
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("the last of what %s wrote:\n%s", name, lastLines(p.stderr.String(), 30))
		}
	})
	return p
}

// stop asks the program to stop, unless it has, and waits until it has.
func (p *program) stop() {
	p.t.Helper()
	_ = p.process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		p.t.Errorf("%s does not stop", p.name)
		_ = p.process.Kill()
		<-p.ended
	}
	if p.err != nil {
		p.t.Errorf("%s: %v", p.name, p.err)
	}
}

// alive fails the test where the program has ended.
func (p *program) alive() {
	p.t.Helper()
	select {
	case <-p.ended:
		p.t.Fatalf("%s has ended: %v\n%s", p.name, p.err, p.stderr)
	default:
	}
}

// get gives the status and the body, or status 0 where there is no answer.
func (p *program) get(path string) (status int, body string) {
	p.t.Helper()
	status, body, err := p.request(http.MethodGet, path)
	if err != nil {
		return 0, err.Error()
	}
	return status, body
}

func (p *program) request(method, path string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, string(read), err
}

// startExporter runs the built program on a port of its own and waits until it serves.
func startExporter(t *testing.T, args ...string) *program {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(repository, "face_liveness_exporter"))
	if err != nil {
		t.Fatal(err)
	}
	if named := os.Getenv("PROGRAM"); named != "" {
		path = named
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: `make build` builds it", err)
	}
	address := freeAddress(t)
	p := launch(t, "face_liveness_exporter", path, append([]string{"--web.listen-address=" + address}, args...)...)
	p.base = "http://" + address
	eventually(t, "the program serves", func() bool {
		p.alive()
		status, _ := p.get("/-/healthy")
		return status == http.StatusOK
	})
	return p
}

// host is the program's address without the scheme.
func (p *program) host() string { return strings.TrimPrefix(p.base, "http://") }

// installed finds a program that a package of Debian brings.
func installed(t *testing.T, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: apt-get install %s", name, debianPackage)
	}
	return path
}

// freeAddress is a loopback address that nobody listens on at the moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	var listen net.ListenConfig
	listener, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// newClient goes straight to the address, whatever proxy the environment names.
func newClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

// eventually asks again and again, ten times a second, until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	if !within(t, patience, condition) {
		t.Fatalf("waited in vain: %s", what)
	}
}

func within(t *testing.T, limit time.Duration, condition func() bool) bool {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	give := time.NewTimer(limit)
	defer give.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-give.C:
			return false
		case <-t.Context().Done():
			return false
		}
	}
	return true
}

// serve answers by a handler on loopback until the test ends, and gives the base URL.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	var listen net.ListenConfig
	listener, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: patience}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close() // what it says is of no more use
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

// read gives the text of a file of the repository.
func read(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{repository}, elements...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(len(lines)-n, 0):], "\n")
}
