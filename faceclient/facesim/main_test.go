package facesim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"go.uber.org/goleak"

	"face_liveness_exporter/faceclient/facesim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is on a Monday.
func noon() time.Time { return time.Date(2024, 5, 20, 12, 0, 0, 0, time.UTC) }

// clock is the service's, and moves when a test says so.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// item is a session as a client reads it.
type item struct {
	ID      string    `json:"id"`
	Created time.Time `json:"createdDateTime"`
	Started time.Time `json:"sessionStartDateTime"`
	Expired bool      `json:"sessionExpired"`
	Device  string    `json:"deviceCorrelationId"`
	TTL     int       `json:"authTokenTimeToLiveInSeconds"`
}

const path = "/face/v1.2-preview.1/detectLiveness/singleModal/sessions"

// ask sends a request with the key.
func ask(server *facesim.Server, target string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodGet, target, http.NoBody)
	request.Header.Set("Ocp-Apim-Subscription-Key", server.Key())
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, request)
	return answer
}

// page asks for a page of the list.
func page(t *testing.T, server *facesim.Server, query url.Values) []item {
	t.Helper()
	answer := ask(server, path+"?"+query.Encode())
	var items []item
	if err := json.Unmarshal(answer.Body.Bytes(), &items); err != nil || answer.Code != http.StatusOK || items == nil {
		t.Fatalf("%d %s: %v", answer.Code, answer.Body, err)
	}
	return items
}
