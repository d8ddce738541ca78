package facesim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"face_liveness_exporter/faceclient/facesim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is that of a Wednesday.
func noon() time.Time { return time.Date(2025, time.March, 12, 12, 0, 0, 0, time.UTC) }

func fixed(t time.Time) func() time.Time { return func() time.Time { return t } }

// item is a session as a client reads it: pointers tell absent or null from a value.
type item struct {
	ID      string     `json:"id"`
	Created time.Time  `json:"createdDateTime"`
	Started *time.Time `json:"sessionStartDateTime"`
	Expired bool       `json:"sessionExpired"`
	Device  *string    `json:"deviceCorrelationId"`
	TTL     *int       `json:"authTokenTimeToLiveInSeconds"`
}

func listURL(op, query string) string {
	return "https://contoso.cognitiveservices.azure.com/face/v1.2-preview.1/" + op + "/singleModal/sessions?" + query
}

// ask sends one request with the key straight to the handler.
func ask(srv *facesim.Server, url string, change ...func(*http.Request)) *http.Response {
	r := httptest.NewRequest(http.MethodGet, url, nil)
	r.Header.Set("Ocp-Apim-Subscription-Key", "test-key")
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, r)
	return w.Result()
}

func page(t *testing.T, srv *facesim.Server, op, start string, top int) []item {
	t.Helper()
	resp := ask(srv, listURL(op, "start="+url.QueryEscape(start)+"&top="+strconv.Itoa(top)))
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("page after %q: status %d", start, resp.StatusCode)
	}
	var items []item
	if err := json.NewDecoder(resp.Body).Decode(&items); err != nil {
		t.Fatalf("page after %q: %v", start, err)
	}
	return items
}

// walk reads the list by the documented rules: the last id is the next start, a short page is the last.
func walk(t *testing.T, srv *facesim.Server, op string, top int) []item {
	t.Helper()
	var all []item
	for start := ""; ; start = all[len(all)-1].ID {
		items := page(t, srv, op, start, top)
		all = append(all, items...)
		if len(items) < top {
			return all
		}
	}
}

// same says how an item on the wire differs from the session it stands for, or nothing.
func same(got item, want facesim.Session, now time.Time) string {
	switch {
	case got.ID != want.ID:
		return fmt.Sprintf("id %q, want %q", got.ID, want.ID)
	case !got.Created.Equal(want.Created):
		return fmt.Sprintf("created %v, want %v", got.Created, want.Created)
	case want.HasStarted() != (got.Started != nil), got.Started != nil && !got.Started.Equal(want.Started):
		return fmt.Sprintf("started %v, want %v", got.Started, want.Started)
	case got.Expired != want.Expired(now):
		return fmt.Sprintf("expired %v at %v", got.Expired, now)
	case (got.TTL != nil) != (want.TTL != 0), got.TTL != nil && time.Duration(*got.TTL)*time.Second != want.TTL:
		return fmt.Sprintf("TTL %v, want %v", got.TTL, want.TTL)
	case got.Device == nil && want.DeviceID != "", got.Device != nil && *got.Device != want.DeviceID:
		return fmt.Sprintf("device %v, want %q", got.Device, want.DeviceID)
	}
	return ""
}

func ids(items []item) []string {
	all := make([]string, len(items))
	for i := range items {
		all[i] = items[i].ID
	}
	return all
}
