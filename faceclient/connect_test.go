package faceclient_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facetest"
)

// A redirect to the list itself would be a request more.
func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{300, 301, 302, 303, 304, 307, 308} {
		inRig(t, 10, nil, func(_ *testing.T, r *rig) {
			r.server.Fail(facetest.Redirect(status, "https://elsewhere.test/face/v1.2-preview.1/detectLiveness/singleModal/sessions").Times(1))
			r.fails(faceclient.CodeRedirect, 1)
		})
	}
}

// loopback is a Face API with 2,500 sessions on a TLS socket, which offers HTTP/2 and gzip.
func loopback(t *testing.T, config *tls.Config) (*facetest.Server, *httptest.Server) {
	t.Helper()
	face := facetest.New(facetest.Options{Gzip: true})
	face.Populate(facetest.DetectLiveness, 2500, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Proto != "HTTP/1.1" {
			t.Errorf("spoken to by %s", request.Proto)
		}
		face.ServeHTTP(w, request)
	}))
	server.TLS, server.EnableHTTP2, server.Config.ErrorLog = config, true, log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(func() {
		server.Close()
		face.Close()
	})
	return face, server
}

func trusting(server *httptest.Server) *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

func TestAnswersComeCompressedByHTTP1(t *testing.T) {
	face, server := loopback(t, nil)
	o := fast(server.URL)
	o.Transport = faceclient.NewTransport(trusting(server), 4)
	l, err := list(t.Context(), newClient(t, o), faceclient.DetectLiveness, 1000)
	if counts := face.Counts(facetest.DetectLiveness); err != nil || len(l.sessions) != 2500 || counts.Bytes > 2500*150 {
		t.Errorf("%d sessions in %d bytes, %v", len(l.sessions), counts.Bytes, err)
	}
}

// A host that moves to another address is followed: after five minutes if the old address goes on to answer, and at once if it
// refuses, breaks, or falls silent as NAT tables do.
func TestAHostThatMovesIsFollowed(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer facetest.Fault // of the old address, once the host has moved
		waits  time.Duration  // between requests
		codes  []string
	}{
		{"it goes on to answer", facetest.Delay(0), 2 * time.Minute, []string{"", "", "", ""}},
		{"401", facetest.Status(401, ""), time.Second, []string{"", "401", "", ""}},
		{"403", facetest.Status(403, ""), time.Second, []string{"", "403", "", ""}},
		{"no answer", facetest.Hang(), time.Second, []string{"", "timeout", "", ""}},
		{"half an answer", facetest.CutBody(), time.Second, []string{"", "connection", "", ""}},
		{"another error", facetest.Status(400, ""), time.Second, []string{"", "400", "400", "400"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, 10, func(o *options) { o.MaxRetries = 0 }, func(t *testing.T, r *rig) {
				moved := facetest.New(facetest.Options{})
				defer moved.Close()
				there := moved.Transport()
				transport := r.options.Transport.(*http.Transport)
				here, dials := transport.DialTLSContext, 0
				transport.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					if dials++; dials == 1 {
						return here(ctx, network, address)
					}
					return there.DialTLSContext(ctx, network, address)
				}
				r.options.Transport = faceclient.Renewing(transport)
				if err := r.client.Apply(r.options.Options); err != nil {
					t.Fatal(err)
				}
				for i := range test.codes {
					if i == 1 {
						r.server.Fail(test.answer)
					}
					_, _ = r.client.Page(t.Context(), faceclient.PageQuery{Operation: faceclient.DetectLiveness, Top: 1}, new(faceclient.Page))
					<-time.After(test.waits)
				}
				if got := r.seen.codes(); !slices.Equal(got, test.codes) {
					t.Errorf("observed %q, want %q", got, test.codes)
				}
				if at := moved.Counts(facetest.DetectLiveness).Requests; (at > 0) != (test.name != "another error") {
					t.Errorf("%d requests at the new address", at)
				}
				r.client.Close()
			})
		})
	}
}

func TestBodiesWithoutEndAreNotReadToTheirEnd(t *testing.T) {
	for _, test := range []struct {
		fault facetest.Fault
		code  string
		bound int64 // of the bytes that the service gets rid of
	}{
		{facetest.EndlessItems(), faceclient.CodeInvalidResponse, 200 << 10},
		{facetest.Status(403, strings.Repeat(" ", 8<<20)), "403", 200 << 10},
		{facetest.GzipBomb(1 << 30), faceclient.CodeInvalidResponse, 64 << 10}, // a thousandth of what it unpacks to, some MiB at a time
	} {
		t.Run(test.fault.String(), func(t *testing.T) {
			inRig(t, 10, func(o *options) { o.Top = 10 }, func(t *testing.T, r *rig) {
				r.server.Fail(test.fault)
				r.fails(test.code, 1)
				synctest.Wait() // until the service has counted its bytes
				if got := r.server.Counts(facetest.DetectLiveness).Bytes; got > test.bound || got == 0 {
					t.Errorf("%d bytes were taken, want %d or fewer", got, test.bound)
				}
			})
		})
	}
}
