// Package e2e_test looks at the built program from outside, as its users do: by a real Prometheus that scrapes it, with
// this repository's rules and dashboards, by a real Alertmanager, and by a real browser. Everything listens on loopback.
//
// It must not know how the program does what it does: of the exporter's packages it uses the simulated service alone.
//
// A program that is missing fails a test; nothing is skipped. `make e2e` builds the program first. UPDATE=1 writes the
// picture of the status page that the README shows; without it no file of the repository changes.
package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/launch"
)

// repository is the root of the repository.
const repository = ".."

// program is a child process that serves HTTP.
type program struct {
	*launch.Program

	t *testing.T
}

// start starts a program with an environment of its own. When the test ends it must stop when asked to.
func start(t *testing.T, name, path string, args ...string) *program {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), path, args...)
	command.Dir = t.TempDir()
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + command.Dir, "TZ=UTC"}
	p := &program{launch.Command(t, name, command), t}
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("the last of what %s wrote:\n%s\n%s", name, lastLines(p.Stdout.String(), 30), lastLines(p.Stderr.String(), 30))
		}
	})
	return p
}

// stop asks the program to stop, unless it has ended, and wants exit code 0.
func (p *program) stop() {
	p.t.Helper()
	if code := p.Stop(launch.Patience); code != 0 {
		p.t.Errorf("exit code %d:\n%s", code, lastLines(p.Stderr.String(), 30))
	}
}

// get returns the status and the body, or status 0 if there is no answer.
func (p *program) get(path string) (status int, body string) {
	p.t.Helper()
	got, err := p.Request(p.t.Context(), http.MethodGet, path)
	if err != nil {
		return 0, err.Error()
	}
	return got.Status, got.Body
}

var listening = regexp.MustCompile(`msg="Listening on" address=(\S+)`)

// startExporter runs the built program and waits until it serves, on a port of its own unless args name another.
func startExporter(t *testing.T, args ...string) *program {
	t.Helper()
	if !slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--web.listen-address=") }) {
		args = append(args, "--web.listen-address=127.0.0.1:0")
	}
	p := start(t, "face_liveness_exporter", exporterPath(t), args...)
	p.Listens(listening)
	p.Serves("/-/healthy")
	return p
}

// startWith runs the built program with a configuration.
func startWith(t *testing.T, config string, args ...string) *program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	write(t, path, config)
	return startExporter(t, append(args, "--config.file="+path)...)
}

// resource is the entry of a configuration for a service, with more fields if there are any. The service is open until the test ends.
func resource(t *testing.T, name string, service *facetest.Server, more ...string) string {
	t.Helper()
	t.Cleanup(service.Close)
	fields := append([]string{fmt.Sprintf("name: '%s'", strings.ReplaceAll(name, "'", "''")), "endpoint: " + serve(t, service), "key: " + service.Key()}, more...)
	return "  - {" + strings.Join(fields, ", ") + "}\n"
}

// serve answers by a handler on loopback until the test ends, and gives the base URL.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections() // an answer may hang
		server.Close()
	})
	return server.URL
}

// exporterPath is where `make build` puts the program.
func exporterPath(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(repository, "face_liveness_exporter"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

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
	server := httptest.NewServer(nil)
	server.Close()
	return server.Listener.Addr().String()
}

// read returns the text of a file of the repository.
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
