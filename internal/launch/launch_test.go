package launch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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
		ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		code := echo(ctx, os.Stdout, os.Stderr)
		cancel()
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}

// echo serves until it is told to stop, and ends with exit code 3.
func echo(ctx context.Context, stdout, stderr io.Writer) int {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 1
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Method, r.URL.Path, r.Header.Get("X-Test"))
	}), ReadHeaderTimeout: launch.Patience}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	fmt.Fprintln(stdout, "started")
	fmt.Fprintf(stderr, "at %s\n", listener.Addr())
	<-ctx.Done()
	_ = server.Close() // it serves nobody by now
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return 1
	}
	return 3
}

func TestProgram(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T) *launch.Program{
		"function": func(t *testing.T) *launch.Program { return launch.Function(t, "echo", echo) },
		"process": func(t *testing.T) *launch.Program {
			command := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0])
			command.Env = []string{asProgram + "=1"}
			return launch.Command(t, "echo", command)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			p.Listens(regexp.MustCompile(`at (\S+)\n`))
			p.Serves("/")
			p.Alive()
			got, err := p.Request(t.Context(), http.MethodPut, "/path", "X-Test", "value")
			if err != nil || got.Status != http.StatusOK || got.Body != "PUT/pathvalue" {
				t.Errorf("got %v, %v", got, err)
			}
			if code := p.Stop(launch.Patience); code != 3 || p.Code() != 3 || p.Stdout.String() != "started\n" {
				t.Errorf("exit code %d, output %q", code, p.Stdout)
			}
		})
	}
}

func TestProcessThatIsKilled(t *testing.T) {
	t.Parallel()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0])
	command.Env = []string{asProgram + "=1"}
	p := launch.Command(t, "echo", command)
	p.Signal(os.Kill)
	if code := p.Wait(launch.Patience); code != -1 {
		t.Errorf("exit code %d, want -1", code)
	}
}
