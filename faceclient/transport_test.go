package faceclient_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{300, 301, 302, 303, 304, 307, 308} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			var strangers atomic.Int64
			stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
				strangers.Add(1)
				t.Errorf("the other host got %s with key %q", request.URL, request.Header.Get("Ocp-Apim-Subscription-Key"))
			}))
			defer stranger.Close()
			face := facesim.New(facesim.Options{})
			defer face.Close()
			face.Fail(facetest.Redirect(status, stranger.URL+"/face"))
			server := httptest.NewServer(face)
			defer server.Close()

			options := plainOptions()
			options.Endpoint = server.URL
			client := newClient(t, options)
			walk, _, err := walkOf(t.Context(), client.Lister(faceclient.DetectLiveness))
			if got := faceclient.Code(err); got != faceclient.CodeRedirect {
				t.Errorf("code %q, want redirect: %v", got, err)
			}
			if walk.Requests != 1 || strangers.Load() != 0 {
				t.Errorf("%d requests, %d at the other host; want 1 and 0", walk.Requests, strangers.Load())
			}
		})
	}
}

// loopback is a Face API with sessions on a TLS socket.
func loopback(t *testing.T, sessions int, config *tls.Config) *httptest.Server {
	t.Helper()
	face := facesim.New(facesim.Options{})
	face.Populate(facesim.DetectLiveness, sessions, 1)
	server := httptest.NewUnstartedServer(face)
	server.TLS = config
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(func() {
		server.Close()
		face.Close()
	})
	return server
}

func trusting(server *httptest.Server) *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

func TestBodiesWithoutEndAreNotReadToTheirEnd(t *testing.T) {
	for _, test := range []struct {
		fault facesim.Fault
		most  int64 // bytes that the service gets rid of
	}{
		{facetest.EndlessBlanks(), 200 << 10},
		{facetest.EndlessItems(), 200 << 10},
		{facetest.GzipBomb(1 << 30), 64 << 10}, // a thousandth of what it unpacks to, some MiB at a time
	} {
		t.Run(test.fault.String(), func(t *testing.T) {
			inRig(t, 10, func(o *options) { o.PageSize = 10 }, func(t *testing.T, r *rig) {
				r.server.Fail(test.fault)
				failure := r.failure(faceclient.CodeInvalidResponse, 1)
				if failure.Status != 200 {
					t.Errorf("status %d", failure.Status)
				}
				r.server.Close() // ends the answer, so that its bytes are counted
				if got := r.server.Counts(facesim.DetectLiveness).Bytes; got > test.most || got == 0 {
					t.Errorf("%d bytes were taken, want at most %d", got, test.most)
				}
			})
		})
	}
}

func TestErrorBodiesWithoutEndAreNotReadToTheirEnd(t *testing.T) {
	inRig(t, 10, func(o *options) { o.MaxRetries = 0 }, func(t *testing.T, r *rig) {
		r.server.Fail(facesim.Wrap("endless error", func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
				w.WriteHeader(http.StatusForbidden)
				for request.Context().Err() == nil {
					if _, err := w.Write(make([]byte, 4096)); err != nil {
						return
					}
				}
			})
		}))
		r.fails("403", 1)
		r.server.Close()
		if got := r.server.Counts(facesim.DetectLiveness).Bytes; got > 200<<10 {
			t.Errorf("%d bytes were taken", got)
		}
	})
}

// A status is known before its body breaks off.
func TestAnErrorWhoseBodyBreaksOffKeepsItsStatus(t *testing.T) {
	for _, fault := range []facesim.Fault{facetest.CutBody(), facetest.ResetInBody(), facetest.HangInBody()} {
		t.Run(fault.String(), func(t *testing.T) {
			inRig(t, 10, nil, func(t *testing.T, r *rig) {
				r.server.Fail(fault, facesim.StatusError(403, facesim.ShapeCode, "UnsupportedFeature", "No.").Header(facesim.ErrorCodeHeader, ""))
				r.fails("403", 1)
			})
		})
	}
}

func TestNotGzip(t *testing.T) {
	inRig(t, 10, nil, func(t *testing.T, r *rig) {
		r.server.Fail(facetest.NotGzip())
		r.fails(faceclient.CodeConnection, 3)
	})
}

func TestGzipIsUnpacked(t *testing.T) {
	face := facesim.New(facesim.Options{Gzip: true})
	t.Cleanup(face.Close)
	face.Populate(facesim.DetectLiveness, 2500, 1)
	server := httptest.NewServer(face)
	t.Cleanup(server.Close)
	options := plainOptions()
	options.Endpoint = server.URL
	_, visited, err := walkOf(t.Context(), newClient(t, options).Lister(faceclient.DetectLiveness))
	if err != nil {
		t.Fatal(err)
	}
	visited.equal(t, face.Sessions(facesim.DetectLiveness))
	counts := face.Counts(facesim.DetectLiveness)
	if counts.Bytes/int64(counts.Items) > 150 {
		t.Errorf("%d bytes for %d sessions: nothing was packed", counts.Bytes, counts.Items)
	}
}
