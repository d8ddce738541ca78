package e2e_test

import (
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"face_liveness_exporter/faceclient/facesim"
)

// relay passes TCP connections on until it forgets them, as a NAT table does: a forgotten one stays open, and whatever
// either side sends on it is lost. New connections are passed on as before.
type relay struct {
	address  string
	upstream string
	mu       sync.Mutex
	known    map[*atomic.Bool]bool // whether a connection is forgotten
}

func newRelay(t *testing.T, upstream string) *relay {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{address: listener.Addr().String(), upstream: upstream, known: map[*atomic.Bool]bool{}}
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { r.join(t, client) })
		}
	})
	return r
}

// join connects a client with the upstream until both have left.
func (r *relay) join(t *testing.T, client net.Conn) {
	defer client.Close()
	server, err := new(net.Dialer).DialContext(t.Context(), "tcp", r.upstream)
	if err != nil {
		return // the test is over
	}
	forgotten := new(atomic.Bool)
	r.mu.Lock()
	r.known[forgotten] = true
	r.mu.Unlock()
	var copying sync.WaitGroup
	pass := func(to, from net.Conn) {
		defer to.Close()
		buffer := make([]byte, 32<<10)
		for {
			n, err := from.Read(buffer)
			if err != nil {
				return
			}
			if forgotten.Load() {
				continue
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
	}
	copying.Go(func() { pass(server, client) })
	copying.Go(func() { pass(client, server) })
	copying.Wait()
}

// forget loses the connections that there are.
func (r *relay) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for forgotten := range r.known {
		forgotten.Store(true)
	}
}

// A relay that falls silent, between two refreshes or in the middle of one that reads pages in parallel, costs each open
// connection one attempt, and no refresh. The service speaks HTTP/2 with everybody who can.
func TestRelayThatFallsSilent(t *testing.T) {
	t.Parallel()
	service := facesim.New(facesim.Options{})
	t.Cleanup(service.Close)
	service.Populate(facesim.DetectLiveness, 4000, 1)
	server := httptest.NewUnstartedServer(service)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	write(t, authority, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	relay := newRelay(t, strings.TrimPrefix(server.URL, "https://"))
	config := filepath.Join(t.TempDir(), "config.yaml")
	write(t, config, fmt.Sprintf(`
refresh: {interval: 100ms}
api: {page_size: 100, max_requests_per_second: 1000, max_concurrent_requests: 4, request_timeout: 5s, max_retries: 2, max_retry_wait: 10ms}
resources:
  - {name: contoso, endpoint: 'https://%s', key: %s, tls: {ca_file: %s}}
`, relay.address, service.Key(), authority))
	exporter := startExporter(t, "--config.file="+config)
	listed := func() bool {
		return scrapeSamples(t, exporter).of("sessions") == float64(service.Len(facesim.DetectLiveness))
	}
	eventually(t, "the first refresh", listed)

	for seed, silence := range []struct {
		name string
		fall func()
	}{
		{"between refreshes", relay.forget},
		{"in a refresh", func() {
			var pages atomic.Int64
			service.Fail(facesim.Wrap("forget", func(next http.Handler) http.Handler {
				if pages.Add(1) == 8 {
					relay.forget()
				}
				return next
			}))
		}},
	} {
		before := scrapeSamples(t, exporter)
		silence.fall()
		service.Populate(facesim.DetectLiveness, 500, uint64(seed+2))
		eventually(t, "every session is listed after the silence "+silence.name, listed)
		now := scrapeSamples(t, exporter)
		if failed := now.of("refresh_failures_total") - before.of("refresh_failures_total"); failed != 0 {
			t.Errorf("%s: %v refreshes failed", silence.name, failed)
		}
		if lost := now.by("api_errors_total", "error_code")["timeout"] - before.by("api_errors_total", "error_code")["timeout"]; lost < 1 || lost > 4 {
			t.Errorf("%s: %v attempts timed out, want one for each of the 4 connections at most", silence.name, lost)
		}
		service.Fail()
	}
}
