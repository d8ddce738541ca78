package tool_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/internal/launch"
	"face_liveness_exporter/internal/tool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	live   = facesim.DetectLiveness
	verify = facesim.DetectLivenessWithVerify

	bothOperations = "operations: [detectLiveness, detectLivenessWithVerify]"
)

// noon is the service's clock wherever a test compares numbers with the service's sessions.
func noon() time.Time { return time.Date(2025, time.March, 12, 12, 0, 0, 0, time.UTC) }

// environment is a getenv over these variables alone.
func environment(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

// environ lists these variables.
func environ(env map[string]string) func() []string {
	return func() []string {
		var list []string
		for name, value := range env {
			list = append(list, name+"="+value)
		}
		return list
	}
}

// program is the exporter, running in this process.
type program struct {
	*launch.Program

	t              *testing.T
	stdout, stderr *launch.Output
	hangups        chan os.Signal
}

var listening = regexp.MustCompile(`Listening on"? ?.*?address"?[=:]"?([0-9.]+:[0-9]+)`)

// start runs the program on a port of its own and waits until it serves. When the test ends it must stop in time and
// with exit code 0.
func start(t *testing.T, args []string, env map[string]string) *program {
	t.Helper()
	p := run(t, args, env)
	p.Listens(listening)
	t.Cleanup(func() {
		if code := p.end(); code != 0 {
			t.Errorf("exit code %d:\n%s", code, p.Stderr)
		}
	})
	return p
}

func run(t *testing.T, args []string, env map[string]string) *program {
	t.Helper()
	hangups := make(chan os.Signal, 1)
	p := launch.Function(t, "the exporter", func(ctx context.Context, stdout, stderr io.Writer) int {
		return tool.Run(ctx, tool.Process{
			Args:   append([]string{"--web.listen-address=127.0.0.1:0"}, args...),
			Stdout: stdout, Stderr: stderr, Getenv: environment(env), Environ: environ(env), Hangups: hangups,
		})
	})
	return &program{p, t, p.Stdout, p.Stderr, hangups}
}

// end stops the program and gives its exit code. The limit is above the seconds that it gives requests under way, and
// below every time-out that would end them.
func (p *program) end() int {
	p.t.Helper()
	return p.Stop(10 * time.Second)
}

// outcome is what a program that ends by itself leaves.
type outcome struct {
	code           int
	stdout, stderr string
}

// runToEnd runs the program until it ends by itself.
func runToEnd(t *testing.T, args []string, env map[string]string) outcome {
	t.Helper()
	p := run(t, args, env)
	return outcome{p.Wait(launch.Patience), p.Stdout.String(), p.Stderr.String()}
}

// answer is a response whose body has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

// request sends one request; header is alternately names and values.
func (p *program) request(method, path string, header ...string) (answer, error) {
	return p.send(context.Background(), method, path, header)
}

func (p *program) send(ctx context.Context, method, path string, header []string) (answer, error) {
	got, err := p.Request(ctx, method, path, header...)
	return answer{got.Status, got.Header, got.Body}, err
}

func (p *program) get(path string, header ...string) answer {
	p.t.Helper()
	got, err := p.request(http.MethodGet, path, header...)
	if err != nil {
		p.t.Fatalf("GET %s: %v\n%s", path, err, p.Stderr)
	}
	return got
}

// scrape gets the metrics as text.
func (p *program) scrape(header ...string) exposition {
	p.t.Helper()
	got := p.get("/metrics", header...)
	if got.status != http.StatusOK {
		p.t.Fatalf("GET /metrics: %d\n%s", got.status, got.body)
	}
	return parseText(p.t, got.body)
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	launch.Eventually(t, what, condition)
}

// face is a simulated Face resource behind a real socket.
type face struct {
	*facesim.Server
	endpoint string
}

func newFace(t *testing.T, options facesim.Options) *face {
	t.Helper()
	service := facesim.New(options)
	server := httptest.NewServer(service)
	t.Cleanup(func() {
		service.Close()
		server.Close()
	})
	return &face{service, server.URL}
}

// requests is how many requests came for both lists.
func (f *face) requests() int { return f.Counts(live).Requests + f.Counts(verify).Requests }

// write makes a file of its own folder.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	rewrite(t, path, content)
	return path
}

func rewrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// quick lets nothing wait that need not: 1,000 requests a second and no retry.
const quick = "api: {max_requests_per_second: 1000, max_retries: 0, max_retry_wait: 10ms}\n"

// contoso is a configuration with one resource of that name.
func contoso(service *face, head string, fields ...string) string {
	return head + "resources:\n" + resource("contoso", service.endpoint, append([]string{"key: " + service.Key()}, fields...)...)
}

func resource(name, endpoint string, fields ...string) string {
	entry := fmt.Sprintf("- name: %s\n  endpoint: %s\n", name, endpoint)
	for _, field := range fields {
		entry += "  " + field + "\n"
	}
	return entry
}

// startWith runs the program with a configuration file.
func startWith(t *testing.T, configuration string, args ...string) *program {
	t.Helper()
	return start(t, append([]string{"--config.file=" + write(t, "exporter.yaml", configuration)}, args...), nil)
}

// noneOf fails where a text holds what must not get out.
func noneOf(t *testing.T, where, text string, secrets ...string) {
	t.Helper()
	text = strings.ToLower(text)
	for _, secret := range secrets {
		if secret != "" && strings.Contains(text, strings.ToLower(secret)) {
			t.Errorf("%s: holds %q", where, secret)
		}
	}
}
