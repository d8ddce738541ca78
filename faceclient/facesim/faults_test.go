package facesim_test

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

	"face_liveness_exporter/faceclient/facesim"
)

// get sends one request through the server's own transport and reads the body to its end or its first error.
func get(ctx context.Context, t *testing.T, client *http.Client, query string) (*http.Response, []byte, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, listURL(facesim.DetectLiveness, query), nil)
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
		fault  facesim.Fault
		failed bool // reading, or asking, ends with an error
		valid  bool // what was read is JSON
		took   time.Duration
	}{
		"delay":            {fault: facesim.Delay(7 * time.Second), valid: true, took: 7 * time.Second},
		"hang":             {fault: facesim.Hang(), failed: true, took: timeout},
		"hang in the body": {fault: facesim.HangInBody(), failed: true, took: timeout},
		"slow drip":        {fault: facesim.SlowDrip(1000, 100*time.Millisecond), valid: true, took: 3 * time.Second},
		"too slow drip":    {fault: facesim.SlowDrip(1, time.Second), failed: true, took: timeout},
		"cut body":         {fault: facesim.CutBody(), failed: true},
		"reset in body":    {fault: facesim.ResetInBody(), failed: true},
		"reset":            {fault: facesim.Reset(), failed: true},
		"JSON ends early":  {fault: facesim.TruncatedJSON()},
		"gzip checksum":    {fault: facesim.BrokenGzip(), failed: true, valid: true},
		"gzip ends early":  {fault: facesim.TruncatedGzip(), failed: true},
		"not gzip":         {fault: facesim.NotGzip(), failed: true},
		"gzip bomb":        {fault: facesim.GzipBomb(8 << 20)},
		"endless blanks":   {fault: facesim.EndlessBlanks()},
		"HTML":             {fault: facesim.HTML(200)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := facesim.New(facesim.Options{})
				defer srv.Close()
				srv.Add(facesim.DetectLiveness, facesim.Generate(125, 1, time.Now())...)
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
	srv := facesim.New(facesim.Options{})
	srv.Fail(facesim.GzipBomb(3 << 20))
	resp := ask(srv, listURL(facesim.DetectLiveness, ""))
	packed, err := io.ReadAll(resp.Body)
	if err != nil || len(packed) > 20_000 || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%d bytes packed, %v", len(packed), err)
	}
}

func TestEndlessItemsAreValidAsFarAsTheyGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := facesim.New(facesim.Options{})
		defer srv.Close()
		srv.Fail(facesim.EndlessItems())
		r, err := http.NewRequest(http.MethodGet, listURL(facesim.DetectLiveness, ""), nil)
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
	for _, fault := range facesim.WrongShapes() {
		if names[fault.String()] {
			t.Errorf("%s comes twice", fault)
		}
		names[fault.String()] = true
		srv := facesim.New(facesim.Options{Now: fixed(noon())})
		srv.Add(facesim.DetectLiveness, facesim.Session{ID: "a", Created: noon(), Started: noon(), TTL: time.Minute, DeviceID: "d"},
			facesim.Session{ID: "b", Created: noon(), Started: noon(), TTL: time.Minute, DeviceID: "d"})
		srv.Fail(fault)
		resp := ask(srv, listURL(facesim.DetectLiveness, ""))
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
		fault facesim.Fault
		pages map[string]string // by start; top is 3
	}{
		"none":            {facesim.Fault{}, map[string]string{"": "abc", "c": "def", "f": "gh", "h": ""}},
		"short pages":     {facesim.ShortPages(2), map[string]string{"": "ab", "b": "cd", "g": "h"}},
		"long pages":      {facesim.LongPages(5), map[string]string{"": "abcde", "e": "fgh"}},
		"start ignored":   {facesim.IgnoreStart(), map[string]string{"": "abc", "c": "abc"}},
		"start inclusive": {facesim.InclusiveStart(), map[string]string{"": "abc", "c": "cde", "h": "h"}},
		"overlap":         {facesim.Overlap(2), map[string]string{"": "abc", "c": "bcd", "a": "abc"}},
		"page repeated":   {facesim.RepeatPages(), map[string]string{"": "abc", "c": "abc", "f": "def"}},
		"wrap around":     {facesim.WrapAround(), map[string]string{"": "abc", "f": "gha", "h": "abc", "b": "cde"}},
		"descending":      {facesim.InOrder(facesim.Descending), map[string]string{"": "hgf", "f": "edc", "bb": "ba", "a": ""}},
		"by creation":     {facesim.InOrder(facesim.ByCreation), map[string]string{"": "hac", "c": "ebd", "unknown": "hac"}},
	} {
		t.Run(name, func(t *testing.T) {
			srv := facesim.New(facesim.Options{Now: fixed(noon())})
			for i, id := range strings.Split("h a c e b d f g", " ") {
				srv.Add(facesim.DetectLiveness, facesim.Session{ID: id, Created: noon().Add(time.Duration(i) * time.Second)})
			}
			srv.Fail(test.fault)
			for start, want := range test.pages {
				var items []item
				if err := json.NewDecoder(ask(srv, listURL(facesim.DetectLiveness, query(start))).Body).Decode(&items); err != nil {
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
	srv := facesim.New(facesim.Options{Now: fixed(noon())})
	srv.Populate(facesim.DetectLiveness, 1234, 1)
	want := ids(walk(t, srv, facesim.DetectLiveness, 1000))
	for _, order := range []facesim.Order{facesim.Ascending, facesim.Descending, facesim.Hashed, facesim.ByCreation} {
		undo := srv.Fail(facesim.InOrder(order))
		got := ids(walk(t, srv, facesim.DetectLiveness, 100))
		undo()
		if slices.IsSorted(got) != (order == facesim.Ascending) {
			t.Errorf("order %d is sorted by id: %v", order, slices.IsSorted(got))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("order %d: %d sessions, want %d", order, len(got), len(want))
		}
	}
}

func TestRaggedPagesAreShortAndOneWalkStillFindsAll(t *testing.T) {
	srv := facesim.New(facesim.Options{Now: fixed(noon())})
	srv.Populate(facesim.DetectLiveness, 500, 1)
	srv.Fail(facesim.RaggedPages(20))
	lengths := make(map[int]bool)
	found := 0
	for start := ""; ; {
		items := page(t, srv, facesim.DetectLiveness, start, 1000)
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
	statuses := func(srv *facesim.Server, op string, n int) (got []int) {
		for range n {
			got = append(got, ask(srv, listURL(op, "")).StatusCode)
		}
		return got
	}
	srv := facesim.New(facesim.Options{Now: fixed(noon())})

	srv.Fail(facesim.Status(500, "").After(1).Times(2).On(facesim.DetectLiveness))
	if got := statuses(srv, facesim.DetectLivenessWithVerify, 3); !slices.Equal(got, []int{200, 200, 200}) {
		t.Errorf("other operation: %v", got)
	}
	if got := statuses(srv, facesim.DetectLiveness, 4); !slices.Equal(got, []int{200, 500, 500, 200}) {
		t.Errorf("after 1, times 2: %v", got)
	}
	if srv.Fail(facesim.Status(500, "").Times(0)); ask(srv, listURL(facesim.DetectLiveness, "")).StatusCode != http.StatusOK {
		t.Error("a fault of no times took part")
	}

	undo := srv.Fail(facesim.Status(500, ""))
	srv.Fail(facesim.Status(503, ""))
	if got := statuses(srv, facesim.DetectLiveness, 1); got[0] != 500 {
		t.Errorf("the first is the outermost: %v", got)
	}
	undo()
	if got := statuses(srv, facesim.DetectLiveness, 1); got[0] != 503 {
		t.Errorf("the other stays: %v", got)
	}
	srv.ClearFaults()

	srv.Fail(facesim.Status(500, "").When(func(r facesim.Request) bool { return r.Start == "m" }))
	if got := ask(srv, listURL(facesim.DetectLiveness, "start=m")).StatusCode; got != 500 {
		t.Errorf("start m: %d", got)
	}
	if got := statuses(srv, facesim.DetectLiveness, 1); got[0] != 200 {
		t.Errorf("start empty: %v", got)
	}
	srv.ClearFaults()

	srv.Fail(facesim.Status(500, "").Share(0.25))
	failed := 0
	for _, status := range statuses(srv, facesim.DetectLiveness, 1000) {
		if status == 500 {
			failed++
		}
	}
	if failed < 200 || failed > 300 {
		t.Errorf("a quarter of 1000 is %d", failed)
	}
	srv.ClearFaults()

	srv.Fail(facesim.Wrap("teapot", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	}))
	if got := statuses(srv, facesim.DetectLiveness, 1); got[0] != http.StatusTeapot {
		t.Errorf("wrapped: %v", got)
	}
}

func TestFaultsOfTheHeaders(t *testing.T) {
	srv := httptest.NewServer(facesim.New(facesim.Options{Now: fixed(noon())}))
	defer srv.Close()
	defer srv.Client().CloseIdleConnections()
	face := srv.Config.Handler.(*facesim.Server)
	date := func(faults ...facesim.Fault) string {
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
	if got := date(facesim.NoDate()); got != "" {
		t.Errorf("no Date: %q", got)
	}
	if got := date(facesim.SkewDate(-time.Hour), facesim.Status(500, "")); got != "Wed, 12 Mar 2025 11:00:00 GMT" {
		t.Errorf("an hour back: %q", got)
	}
	face.Fail(facesim.Redirect(307, "https://elsewhere.example/"))
	resp := ask(face, listURL(facesim.DetectLiveness, ""))
	if resp.StatusCode != http.StatusTemporaryRedirect || resp.Header.Get("Location") != "https://elsewhere.example/" {
		t.Errorf("redirect: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}

func TestResetOverTCP(t *testing.T) {
	face := facesim.New(facesim.Options{})
	face.Populate(facesim.DetectLiveness, 1000, 1)
	srv := httptest.NewServer(face)
	defer srv.Close()
	for _, fault := range []facesim.Fault{facesim.Reset(), facesim.ResetInBody()} {
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
