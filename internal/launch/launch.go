// Package launch runs a program for a test, as a child process or as a function, and talks to it over HTTP.
//
// It must not know which program it runs, nor what that program serves. Only tests import it.
package launch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Patience is how long a test waits for what should be there in a moment. Only a test that fails waits so long.
const Patience = time.Minute

// Output collects what a program writes. It can be read while the program runs.
type Output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *Output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Program is a program that runs, or ran.
type Program struct {
	Base           string       // http://host:port, once it is known
	Client         *http.Client // connects to Base directly, whatever proxy the environment names
	Stdout, Stderr *Output
	Process        *os.Process // nil for a function

	t     testing.TB
	name  string
	stop  func()
	ended chan struct{}
	code  int // once ended is closed
}

func newProgram(t testing.TB, name string) *Program {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &Program{
		Client: &http.Client{Transport: transport, Timeout: Patience},
		Stdout: new(Output), Stderr: new(Output), t: t, name: name, ended: make(chan struct{}),
	}
}

// Command starts a child process. What it writes goes to Stdout and Stderr, unless the command says otherwise. The test
// kills it when it ends; a command that should stop in an orderly way is stopped before.
func Command(t testing.TB, name string, command *exec.Cmd) *Program {
	t.Helper()
	p := newProgram(t, name)
	if command.Stdout == nil {
		command.Stdout = p.Stdout
	}
	if command.Stderr == nil {
		command.Stderr = p.Stderr
	}
	if err := command.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	p.Process = command.Process
	p.stop = func() { p.Signal(syscall.SIGTERM) }
	go func() {
		defer close(p.ended)
		_ = command.Wait() // the exit code says it
		p.code = command.ProcessState.ExitCode()
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill() // it may have ended
		<-p.ended
	})
	return p
}

// Function runs a program in this process. run returns the exit code, and stops when its context ends.
func Function(t testing.TB, name string, run func(ctx context.Context, stdout, stderr io.Writer) int) *Program {
	t.Helper()
	p := newProgram(t, name)
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	go func() {
		defer close(p.ended)
		p.code = run(ctx, p.Stdout, p.Stderr)
	}()
	t.Cleanup(func() {
		cancel()
		<-p.ended
	})
	return p
}

// Ended is closed once the program has ended.
func (p *Program) Ended() <-chan struct{} { return p.ended }

// Alive fails the test where the program has ended.
func (p *Program) Alive() {
	p.t.Helper()
	select {
	case <-p.ended:
		p.t.Fatalf("%s has ended with exit code %d:\n%s", p.name, p.code, p.Stderr)
	default:
	}
}

// Signal sends a signal to a process that still runs.
func (p *Program) Signal(signal os.Signal) {
	p.t.Helper()
	if err := p.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// Stop asks the program to stop and returns its exit code. A program that has not ended after limit fails the test.
func (p *Program) Stop(limit time.Duration) (code int) {
	p.t.Helper()
	p.stop()
	return p.Wait(limit)
}

// Wait waits for a program that ends without being asked, and returns its exit code, -1 after an end by a signal.
func (p *Program) Wait(limit time.Duration) (code int) {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(limit):
		p.t.Fatalf("%s has not ended after %v:\n%s", p.name, limit, p.Stderr)
	}
	return p.code
}

// Listens waits until standard error matches the pattern, whose first group is host:port, and sets Base.
func (p *Program) Listens(pattern *regexp.Regexp) {
	p.t.Helper()
	Eventually(p.t, p.name+" listens", func() bool {
		p.Alive()
		match := pattern.FindStringSubmatch(p.Stderr.String())
		if match != nil {
			p.Base = "http://" + match[1]
		}
		return match != nil
	})
}

// Serves waits until the program answers the path at Base with status 200.
func (p *Program) Serves(path string) {
	p.t.Helper()
	Eventually(p.t, p.name+" serves "+path, func() bool {
		p.Alive()
		answer, err := p.Request(p.t.Context(), http.MethodGet, path)
		return err == nil && answer.Status == http.StatusOK
	})
}

// Host is Base without its scheme.
func (p *Program) Host() string { return strings.TrimPrefix(p.Base, "http://") }

// Answer is a response whose body has been read.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Request sends a request; header holds names and values in turn.
func (p *Program) Request(ctx context.Context, method, path string, header ...string) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, p.Base+path, http.NoBody)
	if err != nil {
		return Answer{}, err
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	request.Host = request.Header.Get("Host") // where it is not set, the client takes that of the URL
	response, err := p.Client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return Answer{response.StatusCode, response.Header, string(body)}, err
}

// Eventually checks a condition again and again until it holds, and fails the test after Patience.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	if !Within(t, Patience, condition) {
		t.Fatalf("waited in vain: %s", what)
	}
}

// Within checks a condition again and again, and reports whether it held before the limit.
func Within(t testing.TB, limit time.Duration, condition func() bool) bool {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for give := time.After(limit); !condition(); {
		select {
		case <-tick.C:
		case <-give:
			return false
		case <-t.Context().Done():
			return false
		}
	}
	return true
}
