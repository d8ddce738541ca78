package launch_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"face_liveness_exporter/internal/launch"
)

const asProgram = "LAUNCH_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		os.Exit(echo(ctx, os.Stdout, os.Stderr))
	}
	goleak.VerifyTestMain(m)
}

// echo serves until it is told to stop, and ends with exit code 3.
func echo(ctx context.Context, stdout, stderr io.Writer) int {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Method, r.URL.Path, r.Header.Get("X-Test"))
	}))
	defer server.Close()
	fmt.Fprintln(stdout, "started")
	fmt.Fprintf(stderr, "at %s\n", server.Listener.Addr())
	<-ctx.Done()
	return 3
}

func process(t *testing.T) *launch.Program {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0])
	command.Env = []string{asProgram + "=1"}
	return launch.Command(t, "echo", command)
}

func TestProgram(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]*launch.Program{"function": launch.Function(t, "echo", echo), "process": process(t)} {
		p.Listens(regexp.MustCompile(`at (\S+)\n`))
		p.Serves("/")
		got, err := p.Request(t.Context(), http.MethodPut, "/path", "X-Test", "value")
		if err != nil || got.Status != http.StatusOK || got.Body != "PUT/pathvalue" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if code := p.Stop(launch.Patience); code != 3 || p.Stdout.String() != "started\n" {
			t.Errorf("%s: exit code %d, output %q", name, code, p.Stdout)
		}
	}
}

func TestProcessThatIsKilled(t *testing.T) {
	t.Parallel()
	p := process(t)
	p.Signal(os.Kill)
	if code := p.Wait(launch.Patience); code != -1 {
		t.Errorf("exit code %d, want -1", code)
	}
}
