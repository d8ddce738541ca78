//go:build unix

// Package bench_test measures whole refreshes against the plain way of doing them: one page after the other, encoding/json,
// a slice of structs. The service, the exporter and the plain way are processes of their own, so that the time and the
// memory of each are its own.
package bench_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/launch"
	"face_liveness_exporter/internal/tool"
)

// roleVariable makes this test binary play one of the three parts, with an argument.
const roleVariable = "BENCH_ROLE"

func TestMain(m *testing.M) {
	var err error
	switch role, argument, _ := strings.Cut(os.Getenv(roleVariable), " "); role {
	case "":
		os.Exit(m.Run())
	case "service":
		err = serve(argument)
	case "plain":
		err = walkPlainly(argument)
	case "exporter":
		os.Exit(tool.Run(context.Background(), tool.Process{
			Args:   []string{"--doctor", "--config.file=" + argument},
			Stdout: io.Discard, Stderr: io.Discard, Environ: os.Environ(),
		}))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve is the service, with so many sessions and such a latency: it says its address, and then answers until it is killed.
func serve(argument string) error {
	var sessions int
	var latency time.Duration
	if _, err := fmt.Sscan(argument, &sessions, (*int64)(&latency)); err != nil {
		return err
	}
	service := facetest.New(facetest.Options{Latency: latency, Requests: 1})
	service.Populate(facetest.DetectLiveness, sessions, 1)
	mux := http.NewServeMux()
	mux.Handle("/face/", service)
	mux.HandleFunc("/requests", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, service.Counts(facetest.DetectLiveness).Requests)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "listening on", listener.Addr())
	return http.Serve(listener, mux) //nolint:gosec // lives for one benchmark
}

// walkPlainly is the walk that anybody would write.
func walkPlainly(service string) error {
	type session struct {
		ID      string     `json:"id"`
		Created time.Time  `json:"createdDateTime"`
		Started *time.Time `json:"sessionStartDateTime"`
		Expired bool       `json:"sessionExpired"`
		Device  string     `json:"deviceCorrelationId"`
		TTL     *int       `json:"authTokenTimeToLiveInSeconds"`
	}
	var all []session
	for start := ""; ; {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet,
			service+"/face/v1.2-preview.1/detectLiveness/singleModal/sessions?top=1000&start="+url.QueryEscape(start), nil)
		if err != nil {
			return err
		}
		request.Header.Set("Ocp-Apim-Subscription-Key", "test-key")
		response, err := (&http.Client{}).Do(request)
		if err != nil {
			return err
		}
		var page []session
		err = json.NewDecoder(response.Body).Decode(&page)
		if err = errors.Join(err, response.Body.Close()); err != nil {
			return err
		}
		all = append(all, page...)
		if len(page) < 1000 {
			return nil
		}
		start = all[len(all)-1].ID
	}
}

// BenchmarkRefresh compares the first refresh of a process, from its start to its end, with the plain way. Plain walks of
// more than longestPlain are left out: they take pages × latency.
func BenchmarkRefresh(b *testing.B) {
	const longestPlain = 30 * time.Second
	for _, sessions := range []int{1_000, 10_000, 100_000, 1_000_000} {
		for _, latency := range []time.Duration{0, 50 * time.Millisecond, 200 * time.Millisecond} {
			name := fmt.Sprintf("sessions=%d/latency=%v", sessions, latency)
			b.Run(name+"/exporter", func(b *testing.B) { measure(b, "exporter", sessions, latency) })
			if time.Duration(sessions/1000)*latency <= longestPlain {
				b.Run(name+"/plain", func(b *testing.B) { measure(b, "plain", sessions, latency) })
			}
		}
	}
}

// play is this binary in a role.
func play(b *testing.B, role, argument string) *exec.Cmd {
	b.Helper()
	command := exec.CommandContext(b.Context(), os.Args[0])
	command.Env = append(os.Environ(), roleVariable+"="+role+" "+argument)
	return command
}

func measure(b *testing.B, role string, sessions int, latency time.Duration) {
	service := launch.Command(b, "the service", play(b, "service", fmt.Sprint(sessions, int64(latency))))
	service.Listens(regexp.MustCompile(`listening on (\S+)\n`))
	argument := service.Base
	if role == "exporter" {
		argument = filepath.Join(b.TempDir(), "config.yaml")
		settings := "api: {max_requests_per_second: 100000, max_concurrent_requests: 16}\n" +
			"resources: [{name: bench, endpoint: " + service.Base + ", key: test-key}]\n"
		if err := os.WriteFile(argument, []byte(settings), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	var cpu time.Duration
	var memory int64
	for b.Loop() {
		command := play(b, role, argument)
		if err := command.Run(); err != nil {
			b.Fatal(err)
		}
		cpu += command.ProcessState.UserTime() + command.ProcessState.SystemTime()
		if used, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
			memory = max(memory, used.Maxrss)
		}
	}
	answer, err := service.Request(b.Context(), http.MethodGet, "/requests")
	if err != nil {
		b.Fatal(err)
	}
	requests, err := strconv.ParseFloat(answer.Body, 64)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(memory)/1024, "peak-MiB")
	b.ReportMetric(requests/float64(b.N), "requests/op")
}
