package facesim_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

func TestWalkYieldsExactlyTheStore(t *testing.T) {
	for _, n := range []int{0, 1, 99, 100, 101, 2500} {
		for _, top := range []int{1, 100, 1000} {
			t.Run(fmt.Sprintf("%d by %d", n, top), func(t *testing.T) {
				srv := facesim.New(facesim.Options{Now: fixed(noon())})
				srv.Populate(facesim.DetectLiveness, n, 1)
				srv.Populate(facesim.DetectLivenessWithVerify, 7, 2)

				want := srv.Sessions(facesim.DetectLiveness)
				got := walk(t, srv, facesim.DetectLiveness, top)
				if len(got) != n || len(want) != n || srv.Len(facesim.DetectLiveness) != n {
					t.Fatalf("walked %d, stored %d, want %d", len(got), len(want), n)
				}
				for i := range got {
					if diff := same(got[i], want[i], noon()); diff != "" {
						t.Fatalf("item %d: %s", i, diff)
					}
				}
				if !slices.IsSorted(ids(got)) {
					t.Error("ids do not ascend")
				}
				if pages := srv.Counts(facesim.DetectLiveness).Requests; pages != n/top+1 {
					t.Errorf("%d requests, want %d", pages, n/top+1)
				}
			})
		}
	}
}

func TestGenerateMixesEveryEncoding(t *testing.T) {
	srv := facesim.New(facesim.Options{Now: fixed(noon())})
	srv.Add(facesim.DetectLiveness, facesim.Generate(1000, 3, noon())...)
	body, err := io.ReadAll(ask(srv, listURL(facesim.DetectLiveness, "")).Body)
	if err != nil {
		t.Fatal(err)
	}
	for name, pattern := range map[string]string{
		"no fraction, offset":   `"createdDateTime":"[^".]*\+00:00"`,
		"no fraction, Z":        `"createdDateTime":"[^".]*Z"`,
		"one digit":             `"createdDateTime":"[^".]*\.\d(Z|\+)`,
		"six digits":            `"createdDateTime":"[^".]*\.\d{6}(Z|\+)`,
		"seven digits":          `"createdDateTime":"[^".]*\.\d{7}(Z|\+)`,
		"kept zero":             `"createdDateTime":"[^".]*\.\d{1,6}0(Z|\+)`,
		"null start":            `"sessionStartDateTime":null`,
		"no start":              `\{"id":"[^"]*","createdDateTime":"[^"]*","sessionExpired"`,
		"empty device":          `"deviceCorrelationId":""`,
		"null device":           `"deviceCorrelationId":null`,
		"id last":               `"id":"[^"]*"\}`,
		"TTL first":             `\{"authTokenTimeToLiveInSeconds":`,
		"unknown field":         `"extension":\{"id":"not-a-session"`,
		"expired":               `"sessionExpired":true`,
		"active":                `"sessionExpired":false`,
		"lower-case version 4":  `"id":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"`,
		"absent device and TTL": `\{"id":"[^"]*","createdDateTime":"[^"]*"(,"sessionStartDateTime":("[^"]*"|null))?,"sessionExpired":\w+\}`,
	} {
		if !regexp.MustCompile(pattern).Match(body) {
			t.Errorf("%s: nothing matches %s", name, pattern)
		}
	}
	again := facesim.Generate(1000, 3, noon())
	if !slices.Equal(again, facesim.Generate(1000, 3, noon())) || slices.Equal(again, facesim.Generate(1000, 4, noon())) {
		t.Error("the seed does not decide the sessions")
	}
}

func TestItemEncoding(t *testing.T) {
	created := time.Date(2024, time.May, 19, 16, 16, 31, 257655500, time.UTC)
	base := facesim.Session{ID: "b", Created: created, TTL: 600 * time.Second}
	with := func(change func(*facesim.Session)) facesim.Session { s := base; change(&s); return s }
	for name, test := range map[string]struct {
		session facesim.Session
		want    string
	}{
		"as recorded": {
			base,
			`{"id":"b","createdDateTime":"2024-05-19T16:16:31.2576555+00:00","sessionExpired":true,"authTokenTimeToLiveInSeconds":600}`,
		},
		"reference's example": {
			with(func(s *facesim.Session) {
				s.Created = created.Truncate(10 * time.Millisecond)
				s.Wire = facesim.Wire{Zulu: true, Digits: 3}
			}),
			`{"id":"b","createdDateTime":"2024-05-19T16:16:31.250Z","sessionExpired":true,"authTokenTimeToLiveInSeconds":600}`,
		},
		"zeros cut": {
			with(func(s *facesim.Session) { s.Created = created.Truncate(time.Millisecond) }),
			`{"id":"b","createdDateTime":"2024-05-19T16:16:31.257+00:00","sessionExpired":true,"authTokenTimeToLiveInSeconds":600}`,
		},
		"leading zeros of a fraction": {
			with(func(s *facesim.Session) { s.Created = created.Truncate(time.Second).Add(100) }),
			`{"id":"b","createdDateTime":"2024-05-19T16:16:31.0000001+00:00","sessionExpired":true,"authTokenTimeToLiveInSeconds":600}`,
		},
		"nine digits": {
			with(func(s *facesim.Session) { s.Wire.Digits = 9 }),
			`{"id":"b","createdDateTime":"2024-05-19T16:16:31.257655500+00:00","sessionExpired":true,"authTokenTimeToLiveInSeconds":600}`,
		},
		"started, device, no TTL": {
			with(func(s *facesim.Session) { s.TTL = 0; s.Started = created.Add(time.Second); s.DeviceID = "kiosk" }),
			`{"id":"b","createdDateTime":"2024-05-19T16:16:31.2576555+00:00","sessionStartDateTime":"2024-05-19T16:16:32.2576555+00:00","sessionExpired":true,"deviceCorrelationId":"kiosk"}`,
		},
		"nulls": {
			with(func(s *facesim.Session) { s.TTL = 0; s.Wire = facesim.Wire{NullStart: true, NullDevice: true} }),
			`{"id":"b","createdDateTime":"2024-05-19T16:16:31.2576555+00:00","sessionStartDateTime":null,"sessionExpired":true,"deviceCorrelationId":null}`,
		},
		"other order of keys": {
			with(func(s *facesim.Session) { s.Wire.Order = 5 }),
			`{"authTokenTimeToLiveInSeconds":600,"id":"b","createdDateTime":"2024-05-19T16:16:31.2576555+00:00","sessionExpired":true}`,
		},
		"text that needs escaping": {
			with(func(s *facesim.Session) { s.TTL = 0; s.ID = `a"\`; s.DeviceID = "\n\xff" }),
			`{"id":"a\"\\","createdDateTime":"2024-05-19T16:16:31.2576555+00:00","sessionExpired":true,"deviceCorrelationId":"\u000a` + "\xff" + `"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := facesim.New(facesim.Options{Now: fixed(created.Add(time.Hour))})
			srv.Add(facesim.DetectLiveness, test.session)
			body, err := io.ReadAll(ask(srv, listURL(facesim.DetectLiveness, "")).Body)
			if err != nil {
				t.Fatal(err)
			}
			if want := "[" + test.want + "]"; string(body) != want {
				t.Errorf("got  %s\nwant %s", body, want)
			}
		})
	}
}

func TestOrdersOfKeysAreAllDifferent(t *testing.T) {
	seen := make(map[string]bool)
	for order := range uint8(42) {
		srv := facesim.New(facesim.Options{Now: fixed(noon())})
		srv.Add(facesim.DetectLiveness, facesim.Session{
			ID: "a", Created: noon(), Started: noon(), TTL: time.Minute, DeviceID: "d",
			Wire: facesim.Wire{Extra: true, Order: order},
		})
		body, err := io.ReadAll(ask(srv, listURL(facesim.DetectLiveness, "")).Body)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(body) {
			t.Fatalf("order %d: %s", order, body)
		}
		seen[string(body)] = true
	}
	if len(seen) != 42 {
		t.Errorf("%d different orders, want 42", len(seen))
	}
}

func TestTheClockExpiresAndRemoves(t *testing.T) {
	now := noon()
	srv := facesim.New(facesim.Options{Now: func() time.Time { return now }})
	srv.Add(facesim.DetectLiveness, facesim.Session{ID: "a", Created: noon()}, facesim.Session{ID: "b", Created: noon().Add(time.Hour)})
	for _, test := range []struct {
		after   time.Duration
		expired []bool
	}{
		{0, []bool{false, false}},
		{facesim.DefaultTTL - 1, []bool{false, false}},
		{facesim.DefaultTTL, []bool{true, false}},
		{48*time.Hour - 1, []bool{true, true}},
		{48 * time.Hour, []bool{true}},
		{49*time.Hour - 1, []bool{true}},
		{49 * time.Hour, []bool{}},
	} {
		now = noon().Add(test.after)
		expired := []bool{}
		for _, it := range walk(t, srv, facesim.DetectLiveness, 1) {
			expired = append(expired, it.Expired)
		}
		if !slices.Equal(expired, test.expired) || srv.Len(facesim.DetectLiveness) != len(test.expired) {
			t.Errorf("%v after creation: expired %v, listed %d; want %v", test.after, expired, srv.Len(facesim.DetectLiveness), test.expired)
		}
	}
}

func TestAddReplacesAndDeleteCounts(t *testing.T) {
	srv := facesim.New(facesim.Options{Now: fixed(noon())})
	var sessions []facesim.Session
	for _, id := range []string{"d", "b", "a", "c", "b"} {
		sessions = append(sessions, facesim.Session{ID: id, Created: noon()})
	}
	sessions[4].DeviceID = "last"
	srv.Add(facesim.DetectLiveness, sessions...)
	srv.Add(facesim.DetectLiveness, facesim.Session{ID: "c", Created: noon(), DeviceID: "alone"})
	srv.Add(facesim.DetectLiveness, facesim.Session{ID: "d", Created: noon(), DeviceID: "merged"}, facesim.Session{ID: "0", Created: noon()})

	var got []string
	for _, s := range srv.Sessions(facesim.DetectLiveness) {
		got = append(got, s.ID+s.DeviceID)
	}
	if want := []string{"0", "a", "blast", "calone", "dmerged"}; !slices.Equal(got, want) {
		t.Errorf("sessions %v, want %v", got, want)
	}
	if n := srv.Delete(facesim.DetectLiveness, "a", "x", "a", "d"); n != 2 {
		t.Errorf("deleted %d, want 2", n)
	}
	if n := srv.Delete(facesim.DetectLiveness, "0"); n != 1 {
		t.Errorf("deleted %d, want 1", n)
	}
	if got := ids(walk(t, srv, facesim.DetectLiveness, 1000)); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("left %v", got)
	}
}

func TestStartNeedNotExist(t *testing.T) {
	srv := facesim.New(facesim.Options{Now: fixed(noon())})
	for _, id := range []string{"B", "a", "c", "é"} {
		srv.Add(facesim.DetectLiveness, facesim.Session{ID: id, Created: noon()})
	}
	for start, want := range map[string][]string{
		"":  {"B", "a", "c", "é"},
		"B": {"a", "c", "é"}, "C": {"a", "c", "é"}, "b": {"c", "é"}, "c": {"é"}, "z": {"é"},
		"é": {}, strings.Repeat("é", 64): {},
	} {
		if got := ids(page(t, srv, facesim.DetectLiveness, start, 1000)); !slices.Equal(got, want) {
			t.Errorf("start %q: %v, want %v", start, got, want)
		}
	}
}

func TestHeadersOfAPage(t *testing.T) {
	srv := facesim.New(facesim.Options{Now: fixed(noon())})
	first, second := ask(srv, listURL(facesim.DetectLiveness, "")), ask(srv, listURL(facesim.DetectLiveness, ""))
	for key, want := range map[string]string{
		"Date":                          "Wed, 12 Mar 2025 12:00:00 GMT",
		"x-ms-region":                   "West Europe",
		"CSP-Billing-Usage":             "CognitiveServices.Face.Transaction=1",
		"x-envoy-upstream-service-time": "0",
		"Content-Type":                  "application/json; charset=utf-8",
		"Content-Length":                "2",
	} {
		if got := first.Header.Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	a, b := first.Header.Get("apim-request-id"), second.Header.Get("apim-request-id")
	if len(a) != 36 || a == b {
		t.Errorf("apim-request-id %q, then %q", a, b)
	}
}

func TestGzipOnlyWhereAcceptedAndSwitchedOn(t *testing.T) {
	accept := func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") }
	for _, test := range []struct {
		on      bool
		change  func(*http.Request)
		encoded bool
	}{{true, accept, true}, {true, func(*http.Request) {}, false}, {false, accept, false}} {
		srv := facesim.New(facesim.Options{Now: fixed(noon()), Gzip: test.on})
		srv.Populate(facesim.DetectLiveness, 10, 1)
		resp := ask(srv, listURL(facesim.DetectLiveness, ""), test.change)
		if encoded := resp.Header.Get("Content-Encoding") == "gzip"; encoded != test.encoded {
			t.Errorf("%+v: encoded %v", test, encoded)
		}
		body, err := io.ReadAll(resp.Body)
		if err == nil && test.encoded {
			var z *gzip.Reader
			if z, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
				body, err = io.ReadAll(z)
			}
		}
		if err != nil || !json.Valid(body) {
			t.Errorf("%+v: body %q, %v", test, body, err)
		}
	}
}

func TestUnknownOperationPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	facesim.New(facesim.Options{}).Len("detectliveness")
}
