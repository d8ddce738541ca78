package exporter_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/internal/exporter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	live   = facesim.DetectLiveness
	verify = facesim.DetectLivenessWithVerify

	// patience is how long a test waits for what should be there in a moment. It is reached only by a test that fails.
	patience = 30 * time.Second
)

// noon is the service's clock wherever a test compares numbers with the service's sessions.
func noon() time.Time { return time.Date(2025, time.March, 12, 12, 0, 0, 0, time.UTC) }

// output takes what the program writes. It can be read at the same time.
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

// environment is a getenv over these variables alone.
func environment(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

// program is the exporter, running.
type program struct {
	t              *testing.T
	base           string // http://127.0.0.1:port
	client         *http.Client
	stdout, stderr *output
	stop           context.CancelFunc
	hangups        chan os.Signal
	ended          chan struct{}
	code           int // once ended is closed
}

var listening = regexp.MustCompile(`Listening on"? ?.*?address"?[=:]"?([0-9.]+:[0-9]+)`)

// start runs the program on a port of its own and waits until it serves. When the test ends it must stop in time and
// with exit code 0.
func start(t *testing.T, args []string, env map[string]string) *program {
	t.Helper()
	p := launch(t, args, env)
	eventually(t, "the program serves", func() bool {
		select {
		case <-p.ended:
			t.Fatalf("the program ended with %d:\n%s", p.code, p.stderr)
		default:
		}
		match := listening.FindStringSubmatch(p.stderr.String())
		if match == nil {
			return false
		}
		p.base = "http://" + match[1]
		return true
	})
	t.Cleanup(func() {
		if code := p.end(); code != 0 {
			t.Errorf("exit code %d:\n%s", code, p.stderr)
		}
	})
	return p
}

func launch(t *testing.T, args []string, env map[string]string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	transport := &http.Transport{}
	p := &program{
		t: t, stdout: new(output), stderr: new(output), stop: cancel, ended: make(chan struct{}), hangups: make(chan os.Signal, 1),
		client: &http.Client{Transport: transport, Timeout: 2 * patience},
	}
	go pprof.Do(ctx, pprof.Labels("test", t.Name()), func(ctx context.Context) { // see goroutines
		defer close(p.ended)
		p.code = exporter.Run(ctx, exporter.Process{
			Args:   append([]string{"--web.listen-address=127.0.0.1:0"}, args...),
			Stdout: p.stdout, Stderr: p.stderr, Getenv: environment(env), Hangups: p.hangups,
		})
	})
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		<-p.ended
	})
	return p
}

// end stops the program and gives its exit code. It must not take longer than 5 s.
func (p *program) end() int {
	p.t.Helper()
	p.stop()
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
		p.t.Errorf("the program has not stopped after 5 s:\n%s", p.stderr)
		<-p.ended
	}
	return p.code
}

// outcome is what a program that ends by itself leaves.
type outcome struct {
	code           int
	stdout, stderr string
}

// runToEnd runs the program until it ends by itself.
func runToEnd(t *testing.T, args []string, env map[string]string) outcome {
	t.Helper()
	p := launch(t, args, env)
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("the program has not ended by itself:\n%s", p.stderr)
	}
	return outcome{p.code, p.stdout.String(), p.stderr.String()}
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
	request, err := http.NewRequestWithContext(ctx, method, p.base+path, http.NoBody)
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := p.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(body)}, err
}

func (p *program) get(path string, header ...string) answer {
	p.t.Helper()
	got, err := p.request(http.MethodGet, path, header...)
	if err != nil {
		p.t.Fatalf("GET %s: %v\n%s", path, err, p.stderr)
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

// eventually asks again and again, a hundred times a second, until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	give := time.NewTimer(patience)
	defer give.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-give.C:
			t.Fatalf("waited in vain: %s", what)
		}
	}
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
