package rig

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/internal/launch"
	"face_liveness_exporter/internal/tool"
)

// Program is the exporter, running in this process.
type Program struct {
	*launch.Program

	// File is the configuration file of StartWith.
	File string
	// Hangups takes what would be SIGHUP.
	Hangups chan os.Signal

	t *testing.T
}

var listening = regexp.MustCompile(`Listening on"? ?.*?address"?[=:]"?([0-9.]+:[0-9]+)`)

// Run starts the program on a port of its own, with these variables as its environment.
func Run(t *testing.T, args []string, env map[string]string) *Program {
	t.Helper()
	process := tool.Process{Args: append([]string{"--web.listen-address=127.0.0.1:0"}, args...)}
	for name, value := range env {
		process.Environ = append(process.Environ, name+"="+value)
	}
	hangups := make(chan os.Signal, 1)
	p := launch.Function(t, "the exporter", func(ctx context.Context, stdout, stderr io.Writer) int {
		process.Stdout, process.Stderr, process.Hangups = stdout, stderr, hangups
		return tool.Run(ctx, process)
	})
	return &Program{Program: p, Hangups: hangups, t: t}
}

// Start runs the program and waits until it serves. When the test ends it must stop in time and with exit code 0.
func Start(t *testing.T, args []string, env map[string]string) *Program {
	t.Helper()
	p := Run(t, args, env)
	p.Listens(listening)
	t.Cleanup(func() {
		if code := p.End(); code != 0 {
			t.Errorf("exit code %d:\n%s", code, p.Stderr)
		}
	})
	return p
}

// StartWith starts the program with a configuration file.
func StartWith(t *testing.T, configuration string, args ...string) *Program {
	t.Helper()
	file := Write(t, "exporter.yaml", configuration)
	p := Start(t, append([]string{"--config.file=" + file, "--web.enable-lifecycle"}, args...), nil)
	p.File = file
	return p
}

// RunToEnd runs the program until it ends by itself.
func RunToEnd(t *testing.T, args []string, env map[string]string) (code int, stdout, stderr string) {
	t.Helper()
	p := Run(t, args, env)
	code = p.Wait(launch.Patience)
	return code, p.Stdout.String(), p.Stderr.String()
}

// End stops the program and gives its exit code. The limit is above the seconds that it gives requests under way, and
// below every time limit that would end them.
func (p *Program) End() int {
	p.t.Helper()
	return p.Stop(10 * time.Second)
}

// Send sends a request; header holds names and values in turn.
func (p *Program) Send(method, path string, header ...string) launch.Answer {
	p.t.Helper()
	got, err := p.Request(p.t.Context(), method, path, header...)
	if err != nil {
		p.t.Errorf("%s %s: %v\n%s", method, path, err, p.Stderr)
	}
	return got
}

// Get is Send with the method GET.
func (p *Program) Get(path string, header ...string) launch.Answer {
	p.t.Helper()
	return p.Send(http.MethodGet, path, header...)
}

// Scrape gets the metrics as text.
func (p *Program) Scrape(header ...string) Exposition {
	p.t.Helper()
	return p.ScrapeOf("/metrics", header...)
}

// ScrapeOf gets the metrics of a path as text. Unless the header says otherwise, it waits for refreshes on a busy machine, too.
func (p *Program) ScrapeOf(path string, header ...string) Exposition {
	p.t.Helper()
	if len(header) == 0 {
		header = []string{"X-Prometheus-Scrape-Timeout-Seconds", "50"}
	}
	got := p.Get(path, header...)
	if got.Status != http.StatusOK {
		p.t.Errorf("GET %s: %d\n%s", path, got.Status, got.Body)
	}
	return Parse(p.t, got.Body)
}

// Reload puts a configuration into the file and has it read.
func (p *Program) Reload(configuration string) {
	p.t.Helper()
	Rewrite(p.t, p.File, configuration)
	if got := p.Send(http.MethodPost, "/-/reload"); got.Status != http.StatusOK {
		p.t.Fatalf("reload: %d %s", got.Status, got.Body)
	}
}

// Log is what the program has logged.
func (p *Program) Log() string { return p.Stderr.String() }

// Write makes a file in a folder of its own.
func Write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	Rewrite(t, path, content)
	return path
}

// Rewrite gives a file another content.
func Rewrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// NoneOf fails the test if a text holds what must not get out.
func NoneOf(t *testing.T, name, text string, secrets ...string) {
	t.Helper()
	text = strings.ToLower(text)
	for _, secret := range secrets {
		if secret != "" && strings.Contains(text, strings.ToLower(secret)) {
			t.Errorf("%s: holds %q", name, secret)
		}
	}
}

// AllOf fails the test if a text lacks a part.
func AllOf(t *testing.T, name, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s: lacks %q:\n%s", name, part, text)
		}
	}
}
