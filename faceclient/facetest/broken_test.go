package facetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient/facetest"
)

// get sends one request through the server's own transport and reads the body to its end or its first error.
func get(ctx context.Context, t *testing.T, client *http.Client) ([]byte, error) {
	t.Helper()
	resp, err := client.Do(newRequest(t).WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(io.LimitReader(resp.Body, 4<<20))
}

func TestFaultsThatSpoilTheBody(t *testing.T) {
	const timeout = time.Minute
	for name, test := range map[string]struct {
		fault  facetest.Fault
		failed bool // reading, or asking, ends with an error
		valid  bool // what was read is JSON
		took   time.Duration
	}{
		"delay":            {fault: facetest.Delay(7 * time.Second), valid: true, took: 7 * time.Second},
		"hang":             {fault: facetest.Hang(), failed: true, took: timeout},
		"hang in the body": {fault: facetest.HangInBody(), failed: true, took: timeout},
		"slow drip":        {fault: facetest.SlowDrip(1000, 100*time.Millisecond), valid: true, took: 3 * time.Second},
		"too slow drip":    {fault: facetest.SlowDrip(1, time.Second), failed: true, took: timeout},
		"cut body":         {fault: facetest.CutBody(), failed: true},
		"reset in body":    {fault: facetest.ResetInBody(), failed: true},
		"reset":            {fault: facetest.Reset(), failed: true},
		"JSON ends early":  {fault: facetest.TruncatedJSON()},
		"gzip checksum":    {fault: facetest.BrokenGzip(), failed: true, valid: true},
		"gzip ends early":  {fault: facetest.TruncatedGzip(), failed: true},
		"not gzip":         {fault: facetest.NotGzip(), failed: true},
		"gzip bomb":        {fault: facetest.GzipBomb(8 << 20)},
		"endless blanks":   {fault: facetest.EndlessBlanks()},
		"HTML":             {fault: facetest.HTML(200)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := facetest.New(facetest.Options{})
				defer srv.Close()
				srv.Add(facetest.DetectLiveness, facetest.Generate(125, 1, time.Now())...)
				srv.Fail(test.fault.Times(1))
				client := &http.Client{Transport: srv.Transport()}
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				defer cancel()

				began := time.Now()
				body, err := get(ctx, t, client)
				if (err != nil) != test.failed {
					t.Errorf("error %v, want one: %v", err, test.failed)
				}
				if valid := json.Valid(body); valid != test.valid {
					t.Errorf("valid JSON: %v, %d bytes", valid, len(body))
				}
				if took := time.Since(began); took < test.took || took > test.took+time.Second {
					t.Errorf("took %v, want %v", took, test.took)
				}
				if body, err := get(t.Context(), t, client); err != nil || !json.Valid(body) {
					t.Errorf("once the fault is used up: %v, %d bytes", err, len(body))
				}
			})
		})
	}
}

func TestResetOverTCP(t *testing.T) {
	face := facetest.New(facetest.Options{})
	face.Populate(facetest.DetectLiveness, 1000, 1)
	srv := httptest.NewServer(face)
	defer srv.Close()
	for _, fault := range []facetest.Fault{facetest.Reset(), facetest.ResetInBody()} {
		undo := face.Fail(fault)
		r := newRequest(t)
		address, err := url.Parse(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Scheme, r.URL.Host = address.Scheme, address.Host
		resp, err := srv.Client().Do(r)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", fault, err)
		}
		undo()
	}
}
