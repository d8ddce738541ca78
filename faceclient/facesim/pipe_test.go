package facesim_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

// get sends one request through the server's own transport and reads the body to its end or its first error.
func get(ctx context.Context, t *testing.T, client *http.Client, query string) (*http.Response, []byte, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, listURL(facesim.DetectLiveness, query), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Ocp-Apim-Subscription-Key", "test-key")
	resp, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	return resp, body, err
}

func TestLatencyPassesInTheBubblesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := facesim.New(facesim.Options{Latency: 3 * time.Second})
		defer srv.Close()
		client := &http.Client{Transport: srv.Transport()}
		began := time.Now()
		resp, _, err := get(t.Context(), t, client, "")
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
		if got := resp.Header.Get("x-envoy-upstream-service-time"); got != "3000" {
			t.Errorf("upstream service time %q ms", got)
		}
		if got, want := resp.Header.Get("Date"), time.Now().UTC().Format(http.TimeFormat); got != want {
			t.Errorf("Date %q, want that of the answer, %q", got, want)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := get(ctx, t, client, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("client that leaves: %v", err)
		}
		synctest.Wait()
		if c := srv.Counts(facesim.DetectLiveness); c.InFlight != 0 || c.ByStatus[0] != 1 {
			t.Errorf("the server still waits for it: %+v", c)
		}
	})
}

func TestManyConnectionsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := facesim.New(facesim.Options{Latency: time.Second})
		defer srv.Close()
		client := &http.Client{Transport: srv.Transport()}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, _, err := get(t.Context(), t, client, ""); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := srv.Counts(facesim.DetectLiveness).MaxInFlight; got != 20 {
			t.Errorf("%d in flight at most, want 20", got)
		}
	})
}

func TestCloseEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := facesim.New(facesim.Options{})
		client := &http.Client{Transport: srv.Transport()}
		if _, _, err := get(t.Context(), t, client, ""); err != nil { // leaves an idle connection
			t.Fatal(err)
		}
		srv.Fail(facetest.Hang())
		failed := make(chan error)
		go func() {
			_, _, err := get(context.Background(), t, client, "")
			failed <- err
		}()
		synctest.Wait()
		srv.Close()
		if err := <-failed; err == nil {
			t.Error("an answer that hung came after all")
		}
		srv.Close()
		if _, err := srv.Dial(t.Context(), "tcp", "any:443"); !errors.Is(err, net.ErrClosed) {
			t.Errorf("dial after close: %v", err)
		}
	})
}

func TestCloseReleasesHangingAnswersOfOtherListeners(t *testing.T) {
	srv := facesim.New(facesim.Options{})
	srv.Fail(facetest.Hang())
	ended := make(chan any)
	go func() {
		defer func() { ended <- recover() }()
		ask(srv, listURL(facesim.DetectLiveness, ""))
	}()
	srv.Close()
	if got, _ := (<-ended).(error); !errors.Is(got, http.ErrAbortHandler) {
		t.Errorf("ended with %v", got)
	}
}

func TestDialObeysItsContext(t *testing.T) {
	srv := facesim.New(facesim.Options{})
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := srv.Dial(ctx, "tcp", "any:443"); !errors.Is(err, context.Canceled) {
		t.Errorf("dial: %v", err)
	}
}
