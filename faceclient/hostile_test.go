package faceclient_test

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
)

// Whatever a peer sends, or does not send, an attempt ends by its own time-out.
func TestAnAttemptEndsInTime(t *testing.T) {
	// then goes on with something for as long as the client stays.
	then := func(first, again string) func(net.Conn) {
		return func(conn net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			_, err := conn.Write([]byte(first))
			again = strings.Repeat(again, 100)
			for err == nil && again != "" {
				_, err = conn.Write([]byte(strings.Repeat(again, 64)))
			}
			holds(conn)
		}
	}
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, test := range []struct {
		name  string
		serve func(net.Conn)
		code  string
	}{
		{"101", then("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", ""), "101"},
		{"101 to HTTP/2", then("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "canary"), "101"},
		{"101 without a protocol", then("HTTP/1.1 101 \r\n\r\n", ""), "101"},
		{"100 and nothing", then("HTTP/1.1 100 Continue\r\n\r\n", ""), "timeout"},
		{"100 for ever", then("", "HTTP/1.1 100 Continue\r\n\r\n"), "connection"},
		{"103 for ever", then("", "HTTP/1.1 103 Early Hints\r\nLink: <canary>\r\n\r\n"), "connection"},
		{"199 and nothing", then("HTTP/1.1 199 Odd\r\n\r\n", ""), "timeout"},
		{"000", then("HTTP/1.1 000 None\r\n\r\n", ""), "0"},
		{"a status line without an end", then("HTTP/1.1 200 ", "canary"), "connection"},
		{"a header without an end", then(ok+"X-Canary: ", "canary"), "connection"},
		{"headers without an end", then(ok, "X: canary\r\n"), "connection"},
		{"chunks without an end", then(ok+"Transfer-Encoding: chunked\r\n\r\n", "1000\r\n"+strings.Repeat(" ", 0x1000)+"\r\n"), "invalid_response"},
		{"a chunk extension without an end", then(ok+"Transfer-Encoding: chunked\r\n\r\n1;", "canary"), "connection"},
		{"trailers without an end", then(ok+"Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2\r\n[]\r\n0\r\n", "X: canary\r\n"), "connection"},
		{"a body that begins", then(ok+"Content-Length: 10\r\n\r\n[", ""), "timeout"},
		{"an error whose body hangs", then("HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\n{", ""), "403"},
		{"two lengths", then(ok+"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]", ""), "connection"},
		{"HTTP/2", then("\x00\x00\x00\x04\x00\x00\x00\x00\x00\n\n", ""), "connection"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := fast("http://" + peer(t, test.serve))
			o.RequestTimeout, o.PageSize = time.Second, 1
			if test.code == "connection" || test.code == "invalid_response" {
				o.RequestTimeout = 15 * time.Second // a busy machine must not turn it into a time-out
			}
			ended := make(chan *faceclient.Error, 1)
			go func() { ended <- failureOf(t, o) }()
			select {
			case failure := <-ended:
				if failure.Code != test.code {
					t.Errorf("%v, want %s", failure, test.code)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the attempt does not end")
			}
		})
	}
}

// A relay that falls silent on the connections that it has, as NAT tables do, costs one attempt.
func TestADeadConnectionIsNotUsedAgain(t *testing.T) {
	server := loopback(t, 10, nil)
	var silent, opened atomic.Int64
	relay := peer(t, func(conn net.Conn) {
		number := opened.Add(1)
		upstream, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			return
		}
		defer upstream.Close()
		go func() { _, _ = io.Copy(upstream, conn) }()
		buffer := make([]byte, 4096)
		for {
			n, err := upstream.Read(buffer)
			if err != nil {
				return
			}
			if number <= silent.Load() {
				continue
			}
			if _, err := conn.Write(buffer[:n]); err != nil {
				return
			}
		}
	})
	o := fast("https://" + relay)
	o.TLS, o.MaxRetries, o.RequestTimeout = trusting(server), 1, 500*time.Millisecond
	lister := newClient(t, o).Lister(faceclient.DetectLiveness)
	if _, _, err := walkOf(t.Context(), lister); err != nil {
		t.Fatal(err)
	}
	silent.Store(opened.Load())
	walk, visited, err := walkOf(t.Context(), lister)
	if err != nil || len(visited.sessions) != 10 {
		t.Fatalf("%d sessions, %v", len(visited.sessions), err)
	}
	if walk.Requests != walk.Pages+1 {
		t.Errorf("%d requests for %d pages, want one more", walk.Requests, walk.Pages)
	}
}

// The service is spoken to by HTTP/1.1 alone, also where it offers HTTP/2.
func TestHTTP1Alone(t *testing.T) {
	server := loopback(t, 10, nil)
	protocols := make(chan string, 10)
	next := server.Config.Handler
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		protocols <- request.Proto
		next.ServeHTTP(w, request)
	})
	o := fast(server.URL)
	o.TLS = trusting(server)
	if _, _, err := walkOf(t.Context(), newClient(t, o).Lister(faceclient.DetectLiveness)); err != nil {
		t.Fatal(err)
	}
	if got := <-protocols; got != "HTTP/1.1" {
		t.Errorf("spoken to by %s", got)
	}
}

// Another 2xx than 200 is taken where it has the whole list, and refused where it has none.
func TestOtherStatusesOfSuccess(t *testing.T) {
	for _, test := range []struct {
		status, body, code string
		requests           int
	}{
		{"201 Created", "[]", "", 1},
		{"203 Non-Authoritative Information", "[]", "", 1},
		{"206 Partial Content", "[]", "", 1},
		{"299 Odd", "[]", "", 1},
		{"202 Accepted", "", "invalid_response", 1},
		{"202 Accepted", `{"status":"running"}`, "invalid_response", 1},
		{"204 No Content", "", "invalid_response", 1},
		{"206 Partial Content", `[{"id"`, "invalid_response", 1},
	} {
		t.Run(test.status+" "+test.body, func(t *testing.T) {
			var log strings.Builder
			requests := 0
			o := fast("http://contoso")
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			o.Transport = answering(func(request *http.Request) (*http.Response, error) {
				requests++
				return http.ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 "+test.status+"\r\n\r\n"+test.body)), request)
			})
			lister := newClient(t, o).Lister(faceclient.DetectLiveness)
			for range 2 {
				_, _, err := walkOf(t.Context(), lister)
				if got := faceclient.Code(err); got != test.code {
					t.Errorf("code %q, want %q", got, test.code)
				}
			}
			if requests > 3*test.requests {
				t.Errorf("%d requests", requests)
			}
			if got, want := strings.Count(log.String(), "level=WARN"), map[bool]int{true: 1}[test.code == ""]; got != want {
				t.Errorf("%d warnings, want %d:\n%s", got, want, log.String())
			}
		})
	}
}

// What HTTP calls transient is tried again, and nothing else.
func TestStatusesThatAreRetried(t *testing.T) {
	for status, retried := range map[int]bool{
		400: false, 402: false, 403: false, 404: false, 405: false, 407: false, 408: true, 409: true, 410: false, 413: false, 418: false,
		425: true, 429: true, 451: false, 500: true, 501: false, 502: true, 503: true, 504: true, 505: false, 511: false, 520: true, 524: true,
		529: true, 530: false,
	} {
		requests := 0
		o := fast("http://contoso")
		o.MaxRetries = 1
		o.Transport = answering(func(*http.Request) (*http.Response, error) {
			requests++
			return answer(status, http.Header{}, ""), nil
		})
		failure := failureOf(t, o)
		if (requests == 2) != retried || failure.Status != status {
			t.Errorf("%d: %d requests, %v", status, requests, failure)
		}
	}
}
