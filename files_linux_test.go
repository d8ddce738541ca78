package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/internal/launch"
)

// hangs has whoever opens the file wait, as on a network file system whose server has gone.
func hangs(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	const setLease = 1024 // F_SETLEASE: the kernel asks the holder of the file before it lets others open it
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, file.Fd(), setLease, syscall.F_WRLCK); errno != 0 {
		t.Skipf("no leases here: %v", errno)
	}
}

// beside writes a configuration with a good resource and one more with these settings, and starts the program.
func beside(t *testing.T, endpoint, settings string) *launch.Program {
	t.Helper()
	good, _ := small(t)
	path := filepath.Join(t.TempDir(), "config.yaml")
	content := fmt.Sprintf("%srefresh: {interval: 1ms}\nresources:\n- {name: other, endpoint: %q, %s}\n- {name: contoso, endpoint: %q, key: test-key}\n",
		quick, endpoint, settings, good)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, nil, "--config.file="+path)
}

// A file that hangs holds up neither the end nor the scrapes of other resources, and the reason is told.
func TestFilesThatHang(t *testing.T) {
	t.Parallel()
	const key = "test-key"
	for _, test := range []struct {
		name, settings string
		refused        bool   // the key, so that the file is looked at before each refresh
		shown          string // of the resource, in the end
	}{
		{"a key", "key_file: %s", false, `face_liveness_api_errors_total{error_code="authentication",operation="detectLiveness",resource="other"} 1`},
		{"a key that was refused", "key_file: %s", true, `face_liveness_up{operation="detectLiveness",resource="other"} 0`},
		{"a CA", "key: " + key + ", tls: {ca_file: %s}", false, `face_liveness_up{operation="detectLiveness",resource="other"} 1`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint, service := small(t)
			if test.refused {
				service.Fail(facesim.StatusError(http.StatusUnauthorized, facesim.ShapeCode, "401", "no"))
			}
			path := filepath.Join(t.TempDir(), "file")
			if authority(t, path); strings.HasPrefix(test.settings, "key_file") {
				if err := os.WriteFile(path, []byte(key), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p := beside(t, endpoint, fmt.Sprintf(test.settings, path))
			p.Listens(listening)
			get(t, p, "/metrics") // waits for the first refresh
			before := service.Counts(facesim.DetectLiveness).Requests
			hangs(t, path)
			scrape := func() string {
				// Far below the time that the file hangs.
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				got, err := p.Request(ctx, http.MethodGet, "/metrics")
				if err != nil {
					t.Fatal(err)
				}
				return got.Body
			}
			launch.Eventually(t, test.shown, func() bool { return strings.Contains(scrape(), test.shown) })
			if test.name == "a CA" { // the one that was read before is good enough
				launch.Eventually(t, "refreshes go on", func() bool {
					scrape()
					return service.Counts(facesim.DetectLiveness).Requests > before+3
				})
			}
			if body := scrape(); !strings.Contains(body, `face_liveness_up{operation="detectLiveness",resource="contoso"} 1`) {
				t.Errorf("the good resource is not up:\n%s", body)
			}
			stops(t, p)
		})
	}
}

// A file of certificates that has no end is refused at the start.
func TestCertificatesWithoutAnEnd(t *testing.T) {
	t.Parallel()
	p := beside(t, "https://contoso.cognitiveservices.azure.com", "key: test-key, tls: {ca_file: /proc/self/pagemap}") // its size is told as 0
	if code := p.Wait(launch.Patience); code != 1 || !strings.Contains(p.Stderr.String(), "/proc/self/pagemap: the file ") {
		t.Errorf("exit code %d\n%s", code, p.Stderr)
	}
}
