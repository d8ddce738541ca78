package facetest_test

import (
	"net/http"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const listURL = "https://contoso.cognitiveservices.azure.com/face/v1.2-preview.1/detectLiveness/singleModal/sessions"

// newRequest asks for the list with the key.
func newRequest(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, listURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Ocp-Apim-Subscription-Key", "test-key")
	return r
}
