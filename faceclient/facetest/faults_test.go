package facetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient/facetest"
)

// get sends one request through the server's own transport and reads the body to its end or its first error.
func get(ctx context.Context, t *testing.T, client *http.Client, query string) (*http.Response, []byte, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, listURL(facetest.DetectLiveness, query), nil)
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
				_, body, err := get(ctx, t, client, "")
				if (err != nil) != test.failed {
					t.Errorf("error %v, want one: %v", err, test.failed)
				}
				if valid := json.Valid(body); valid != test.valid {
					t.Errorf("valid JSON: %v, %d bytes", valid, len(body))
				}
				if took := time.Since(began); took < test.took || took > test.took+time.Second {
					t.Errorf("took %v, want %v", took, test.took)
				}
				if _, body, err := get(t.Context(), t, client, ""); err != nil || !json.Valid(body) {
					t.Errorf("once the fault is used up: %v, %d bytes", err, len(body))
				}
			})
		})
	}
}

func TestGzipBombUnpacksToItsSize(t *testing.T) {
	srv := facetest.New(facetest.Options{})
	srv.Fail(facetest.GzipBomb(3 << 20))
	resp := ask(srv, listURL(facetest.DetectLiveness, ""))
	packed, err := io.ReadAll(resp.Body)
	if err != nil || len(packed) > 20_000 || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%d bytes packed, %v", len(packed), err)
	}
}

func TestEndlessItemsAreValidAsFarAsTheyGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := facetest.New(facetest.Options{})
		defer srv.Close()
		srv.Fail(facetest.EndlessItems())
		r, err := http.NewRequest(http.MethodGet, listURL(facetest.DetectLiveness, ""), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Client{Transport: srv.Transport()}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		d := json.NewDecoder(resp.Body)
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		last := ""
		for range 3000 {
			var it item
			if err := d.Decode(&it); err != nil {
				t.Fatal(err)
			}
			if it.ID <= last || it.Created.IsZero() {
				t.Fatalf("%q after %q", it.ID, last)
			}
			last = it.ID
		}
	})
}

func TestWrongShapesAreJSONButNoSessions(t *testing.T) {
	names := make(map[string]bool)
	for _, fault := range facetest.WrongShapes() {
		if names[fault.String()] {
			t.Errorf("%s comes twice", fault)
		}
		names[fault.String()] = true
		srv := facetest.New(facetest.Options{Now: fixed(noon())})
		srv.Add(facetest.DetectLiveness, facetest.Session{ID: "a", Created: noon(), Started: noon(), TTL: time.Minute, DeviceID: "d"},
			facetest.Session{ID: "b", Created: noon(), Started: noon(), TTL: time.Minute, DeviceID: "d"})
		srv.Fail(fault)
		resp := ask(srv, listURL(facetest.DetectLiveness, ""))
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

func TestFaultsOfTheList(t *testing.T) {
	query := func(start string) string { return "top=3&start=" + start }
	for name, test := range map[string]struct {
		fault facetest.Fault
		pages map[string]string // by start; top is 3
	}{
		"none":            {facetest.Fault{}, map[string]string{"": "abc", "c": "def", "f": "gh", "h": ""}},
		"short pages":     {facetest.ShortPages(2), map[string]string{"": "ab", "b": "cd", "g": "h"}},
		"long pages":      {facetest.LongPages(5), map[string]string{"": "abcde", "e": "fgh"}},
		"start ignored":   {facetest.IgnoreStart(), map[string]string{"": "abc", "c": "abc"}},
		"start inclusive": {facetest.InclusiveStart(), map[string]string{"": "abc", "c": "cde", "h": "h"}},
		"overlap":         {facetest.Overlap(2), map[string]string{"": "abc", "c": "bcd", "a": "abc"}},
		"page repeated":   {facetest.RepeatPages(), map[string]string{"": "abc", "c": "abc", "f": "def"}},
		"wrap around":     {facetest.WrapAround(), map[string]string{"": "abc", "f": "gha", "h": "abc", "b": "cde"}},
		"descending":      {facetest.InOrder(facetest.Descending), map[string]string{"": "hgf", "f": "edc", "bb": "ba", "a": ""}},
		"by creation":     {facetest.InOrder(facetest.ByCreation), map[string]string{"": "hac", "c": "ebd", "unknown": "hac"}},
	} {
		t.Run(name, func(t *testing.T) {
			srv := facetest.New(facetest.Options{Now: fixed(noon())})
			for i, id := range strings.Split("h a c e b d f g", " ") {
				srv.Add(facetest.DetectLiveness, facetest.Session{ID: id, Created: noon().Add(time.Duration(i) * time.Second)})
			}
			srv.Fail(test.fault)
			for start, want := range test.pages {
				var items []item
				if err := json.NewDecoder(ask(srv, listURL(facetest.DetectLiveness, query(start))).Body).Decode(&items); err != nil {
					t.Fatal(err)
				}
				if got := strings.Join(ids(items), ""); got != want {
					t.Errorf("start %q: %q, want %q", start, got, want)
				}
			}
		})
	}
}

func TestEveryOrderCanBeWalked(t *testing.T) {
	srv := facetest.New(facetest.Options{Now: fixed(noon())})
	srv.Populate(facetest.DetectLiveness, 1234, 1)
	want := ids(walk(t, srv, facetest.DetectLiveness, 1000))
	for _, order := range []facetest.Order{facetest.Ascending, facetest.Descending, facetest.Hashed, facetest.ByCreation} {
		undo := srv.Fail(facetest.InOrder(order))
		got := ids(walk(t, srv, facetest.DetectLiveness, 100))
		undo()
		if slices.IsSorted(got) != (order == facetest.Ascending) {
			t.Errorf("order %d is sorted by id: %v", order, slices.IsSorted(got))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("order %d: %d sessions, want %d", order, len(got), len(want))
		}
	}
}

func TestRaggedPagesAreShortAndOneWalkStillFindsAll(t *testing.T) {
	srv := facetest.New(facetest.Options{Now: fixed(noon())})
	srv.Populate(facetest.DetectLiveness, 500, 1)
	srv.Fail(facetest.RaggedPages(20))
	lengths := make(map[int]bool)
	found := 0
	for start := ""; ; {
		items := page(t, srv, facetest.DetectLiveness, start, 1000)
		if len(items) == 0 {
			break
		}
		found += len(items)
		lengths[len(items)] = true
		start = items[len(items)-1].ID
	}
	if found != 500 || len(lengths) < 10 {
		t.Errorf("found %d in pages of %d lengths", found, len(lengths))
	}
}

func TestFaultsAreNarrowedAndComposed(t *testing.T) {
	statuses := func(srv *facetest.Server, op string, n int) (got []int) {
		for range n {
			got = append(got, ask(srv, listURL(op, "")).StatusCode)
		}
		return got
	}
	srv := facetest.New(facetest.Options{Now: fixed(noon())})

	srv.Fail(facetest.Status(500, "").After(1).Times(2).On(facetest.DetectLiveness))
	if got := statuses(srv, facetest.DetectLivenessWithVerify, 3); !slices.Equal(got, []int{200, 200, 200}) {
		t.Errorf("other operation: %v", got)
	}
	if got := statuses(srv, facetest.DetectLiveness, 4); !slices.Equal(got, []int{200, 500, 500, 200}) {
		t.Errorf("after 1, times 2: %v", got)
	}
	if srv.Fail(facetest.Status(500, "").Times(0)); ask(srv, listURL(facetest.DetectLiveness, "")).StatusCode != http.StatusOK {
		t.Error("a fault of no times took part")
	}

	undo := srv.Fail(facetest.Status(500, ""))
	srv.Fail(facetest.Status(503, ""))
	if got := statuses(srv, facetest.DetectLiveness, 1); got[0] != 500 {
		t.Errorf("the first is the outermost: %v", got)
	}
	undo()
	if got := statuses(srv, facetest.DetectLiveness, 1); got[0] != 503 {
		t.Errorf("the other stays: %v", got)
	}
	srv.ClearFaults()

	srv.Fail(facetest.Status(500, "").When(func(r facetest.Request) bool { return r.Start == "m" }))
	if got := ask(srv, listURL(facetest.DetectLiveness, "start=m")).StatusCode; got != 500 {
		t.Errorf("start m: %d", got)
	}
	if got := statuses(srv, facetest.DetectLiveness, 1); got[0] != 200 {
		t.Errorf("start empty: %v", got)
	}
	srv.ClearFaults()

	srv.Fail(facetest.Status(500, "").Share(0.25))
	failed := 0
	for _, status := range statuses(srv, facetest.DetectLiveness, 1000) {
		if status == 500 {
			failed++
		}
	}
	if failed < 200 || failed > 300 {
		t.Errorf("a quarter of 1000 is %d", failed)
	}
	srv.ClearFaults()

	srv.Fail(facetest.Wrap("teapot", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	}))
	if got := statuses(srv, facetest.DetectLiveness, 1); got[0] != http.StatusTeapot {
		t.Errorf("wrapped: %v", got)
	}
}

func TestFaultsOfTheHeaders(t *testing.T) {
	srv := httptest.NewServer(facetest.New(facetest.Options{Now: fixed(noon())}))
	defer srv.Close()
	defer srv.Client().CloseIdleConnections()
	face := srv.Config.Handler.(*facetest.Server)
	date := func(faults ...facetest.Fault) string {
		t.Helper()
		defer face.Fail(faults...)()
		resp, err := srv.Client().Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.Header.Get("Date")
	}
	if got := date(); got != "Wed, 12 Mar 2025 12:00:00 GMT" {
		t.Errorf("Date %q", got)
	}
	if got := date(facetest.NoDate()); got != "" {
		t.Errorf("no Date: %q", got)
	}
	if got := date(facetest.SkewDate(-time.Hour), facetest.Status(500, "")); got != "Wed, 12 Mar 2025 11:00:00 GMT" {
		t.Errorf("an hour back: %q", got)
	}
	face.Fail(facetest.Redirect(307, "https://elsewhere.example/"))
	resp := ask(face, listURL(facetest.DetectLiveness, ""))
	if resp.StatusCode != http.StatusTemporaryRedirect || resp.Header.Get("Location") != "https://elsewhere.example/" {
		t.Errorf("redirect: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}

func TestResetOverTCP(t *testing.T) {
	face := facetest.New(facetest.Options{})
	face.Populate(facetest.DetectLiveness, 1000, 1)
	srv := httptest.NewServer(face)
	defer srv.Close()
	for _, fault := range []facetest.Fault{facetest.Reset(), facetest.ResetInBody()} {
		undo := face.Fail(fault)
		r, err := http.NewRequest(http.MethodGet, srv.URL+"/face/v1.2-preview.1/detectLiveness/singleModal/sessions", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Ocp-Apim-Subscription-Key", "test-key")
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
