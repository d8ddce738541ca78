package facetest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"face_liveness_exporter/faceclient/facesim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func noon() time.Time { return time.Date(2025, time.March, 12, 12, 0, 0, 0, time.UTC) }

const listURL = "https://contoso.cognitiveservices.azure.com/face/v1.2-preview.1/detectLiveness/singleModal/sessions"

// newRequest asks for the list, or for what follows it in the path, with the key.
func newRequest(t *testing.T, rest string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, listURL+rest, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Ocp-Apim-Subscription-Key", "test-key")
	return r
}

// ask sends one request straight to the handler.
func ask(t *testing.T, srv *facesim.Server, rest string) *http.Response {
	t.Helper()
	return send(srv, newRequest(t, rest))
}

func send(srv *facesim.Server, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, r)
	return w.Result()
}
