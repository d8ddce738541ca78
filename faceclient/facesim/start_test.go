package facesim_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

func TestStartsThatAServiceMayRefuse(t *testing.T) {
	const listed, other = "0aaaaaaa-0000-4000-8000-000000000001", "0AAAAAAA-0000-4000-8000-000000000002"
	faults := map[string]facesim.Fault{
		"none":           {},
		"listed ids":     facesim.ListedIDsOnly(http.StatusBadRequest),
		"listed ids 404": facesim.ListedIDsOnly(http.StatusNotFound),
		"no empty start": facesim.NoEmptyStart(),
	}
	for _, test := range []struct {
		query string
		codes map[string]string // by fault; others answer 200
	}{
		{"", nil},
		{"top=1", nil},
		{"start=", map[string]string{"no empty start": "BadArgument"}},
		{"start=" + listed, nil},
		{"start=" + other, map[string]string{"listed ids": "BadArgument", "listed ids 404": "SessionNotFound"}},
		{"start=8", map[string]string{"listed ids": "BadArgument", "listed ids 404": "SessionNotFound"}},
	} {
		for name, fault := range faults {
			srv := facesim.New(facesim.Options{Now: fixed(noon())})
			srv.Add(facesim.DetectLiveness, facesim.Session{ID: listed, Created: noon()})
			srv.Fail(fault)
			resp := ask(srv, listURL(facesim.DetectLiveness, test.query))
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			code := test.codes[name]
			if resp.Header.Get("x-ms-error-code") != code || (resp.StatusCode == http.StatusOK) != (code == "") ||
				(resp.StatusCode == http.StatusNotFound) != (code == "SessionNotFound") {
				t.Errorf("%q, %s: %d %s, want code %q", test.query, name, resp.StatusCode, body, code)
			}
			if code == "BadArgument" && !strings.Contains(string(body), "Start parameter is invalid.") {
				t.Errorf("%q, %s: %s", test.query, name, body)
			}
		}
	}
}

func TestDateLag(t *testing.T) {
	srv := facesim.New(facesim.Options{Now: fixed(noon()), DateLag: 2 * time.Second})
	seen := make(map[time.Duration]bool)
	back := false
	last := time.Duration(0)
	for range 6 {
		date, err := http.ParseTime(ask(srv, listURL(facesim.DetectLiveness, "")).Header.Get("Date"))
		if err != nil {
			t.Fatal(err)
		}
		lag := noon().Sub(date)
		back = back || lag > last
		seen[lag], last = true, lag
	}
	if len(seen) != 3 || !seen[0] || !seen[time.Second] || !seen[2*time.Second] || !back {
		t.Errorf("lags %v", seen)
	}
}
