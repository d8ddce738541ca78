package facetest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

func TestWrongShapesAreJSONButNoSessions(t *testing.T) {
	names := make(map[string]bool)
	for _, fault := range facetest.WrongShapes() {
		if names[fault.String()] {
			t.Errorf("%s comes twice", fault)
		}
		names[fault.String()] = true
		srv := facesim.New(facesim.Options{Now: noon})
		srv.Add(facesim.DetectLiveness, facesim.Session{ID: "a", Created: noon(), Started: noon(), TTL: time.Minute, DeviceID: "d"},
			facesim.Session{ID: "b", Created: noon(), Started: noon(), TTL: time.Minute, DeviceID: "d"})
		srv.Fail(fault)
		resp := ask(t, srv, "")
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("CSP-Billing-Usage") == "" {
			t.Errorf("%s: status %d, %v", fault, resp.StatusCode, err)
		}
		// Some values are wrong by their meaning only, so the strict reading below is by hand.
		var items []struct {
			ID      *string    `json:"id"`
			Created *time.Time `json:"createdDateTime"`
			Started *time.Time `json:"sessionStartDateTime"`
			Expired *bool      `json:"sessionExpired"`
			Device  *string    `json:"deviceCorrelationId"`
			TTL     *int       `json:"authTokenTimeToLiveInSeconds"`
		}
		if err := json.Unmarshal(body, &items); err != nil {
			continue
		}
		right := items != nil
		for _, it := range items {
			right = right && it.ID != nil && *it.ID != "" && it.Created != nil && it.Expired != nil
		}
		if right {
			t.Errorf("%s: %s is right", fault, body)
		}
	}
}

func TestKnownErrorsCarryTheirCodes(t *testing.T) {
	for _, known := range facetest.KnownErrors() {
		t.Run(known.Name, func(t *testing.T) {
			srv := facesim.New(facesim.Options{Now: noon})
			srv.Fail(known.Fault)
			resp := ask(t, srv, "")
			if code := errorCode(t, resp); resp.StatusCode != known.Status || code != known.Code {
				t.Errorf("status %d code %q, want %d %q", resp.StatusCode, code, known.Status, known.Code)
			}
		})
	}
}

// errorCode reads the code by the documented order: header, error.code, error.statusCode, statusCode, status.
func errorCode(t *testing.T, resp *http.Response) string {
	t.Helper()
	if resp.StatusCode == http.StatusOK {
		return ""
	}
	if code := resp.Header.Get("x-ms-error-code"); code != "" {
		return code
	}
	type detail struct {
		Code       string
		StatusCode int
	}
	var body struct {
		Error      detail
		StatusCode int
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal(raw, &body) // HTML and empty bodies leave it as it is
	switch {
	case body.Error.Code != "":
		return body.Error.Code
	case body.Error.StatusCode != 0:
		return fmt.Sprint(body.Error.StatusCode)
	case body.StatusCode != 0:
		return fmt.Sprint(body.StatusCode)
	}
	return fmt.Sprint(resp.StatusCode)
}
