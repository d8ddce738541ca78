package facesim_test

import (
	"net/http"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facesim"
)

func TestRequestsAreRecorded(t *testing.T) {
	srv := facesim.New(facesim.Options{Now: fixed(noon())})
	srv.Populate(facesim.DetectLivenessWithVerify, 5, 1)
	srv.Fail(facesim.Status(503, "").Times(1))
	identify := func(r *http.Request) {
		r.Header.Set("client-request-id", "c1")
		r.Header.Set("User-Agent", "test/1")
	}
	ask(srv, listURL(facesim.DetectLivenessWithVerify, "start=%20x&top=3"), identify)
	ask(srv, listURL(facesim.DetectLivenessWithVerify, "top=3"), identify)

	got := srv.Requests()
	if len(got) != 2 {
		t.Fatalf("%d requests", len(got))
	}
	first, second := got[0], got[1]
	if first.Status != 503 || len(first.Faults) != 1 || first.Faults[0] != "status 503" || first.Start != " x" {
		t.Errorf("first: %+v", first)
	}
	if second.Status != 200 || second.Items != 3 || second.Bytes == 0 || second.Top != "3" || len(second.Faults) != 0 ||
		second.Operation != facesim.DetectLivenessWithVerify || second.Version != "v1.2-preview.1" ||
		second.Auth != facesim.AuthKey || second.ClientRequestID != "c1" || second.UserAgent != "test/1" || !second.Time.Equal(noon()) {
		t.Errorf("second: %+v", second)
	}
	c := srv.Counts(facesim.DetectLivenessWithVerify)
	if c.Requests != 2 || c.Billed != 1 || c.Items != 3 || c.MaxInFlight != 1 || c.InFlight != 0 || c.ByStatus[503] != 1 || c.ByStatus[200] != 1 {
		t.Errorf("counts: %+v", c)
	}
	srv.ForgetRequests()
	if c := srv.Counts(facesim.DetectLivenessWithVerify); len(srv.Requests()) != 0 || c.Requests != 0 || len(c.ByStatus) != 0 {
		t.Errorf("after forgetting: %+v", c)
	}
}

func TestRequestsAreBounded(t *testing.T) {
	srv := facesim.New(facesim.Options{Now: fixed(noon()), Requests: 3})
	for _, top := range []string{"1", "2", "3", "4", "5"} {
		ask(srv, listURL(facesim.DetectLiveness, "top="+top))
	}
	var tops []string
	for _, r := range srv.Requests() {
		tops = append(tops, r.Top)
	}
	if got := strings.Join(tops, " "); got != "3 4 5" {
		t.Errorf("kept %s, want 3 4 5", got)
	}
	if n := srv.Counts(facesim.DetectLiveness).Requests; n != 5 {
		t.Errorf("counted %d, want 5", n)
	}
}
