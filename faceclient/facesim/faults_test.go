package facesim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

func TestFaultsOfTheList(t *testing.T) {
	query := func(start string) string { return "top=3&start=" + start }
	for name, test := range map[string]struct {
		fault facesim.Fault
		pages map[string]string // by start; top is 3
	}{
		"none":            {facesim.Fault{}, map[string]string{"": "abc", "c": "def", "f": "gh", "h": ""}},
		"short pages":     {facesim.ShortPages(2), map[string]string{"": "ab", "b": "cd", "g": "h"}},
		"start ignored":   {facesim.IgnoreStart(), map[string]string{"": "abc", "c": "abc"}},
		"start inclusive": {facesim.Overlap(1), map[string]string{"": "abc", "c": "cde", "h": "h"}},
		"overlap":         {facesim.Overlap(2), map[string]string{"": "abc", "c": "bcd", "a": "abc"}},
		"page repeated":   {facesim.RepeatPages(), map[string]string{"": "abc", "c": "abc", "f": "def"}},
		"wrap around":     {facesim.WrapAround(), map[string]string{"": "abc", "f": "gha", "h": "abc", "b": "cde"}},
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

func TestADisorderedListCanBeWalked(t *testing.T) {
	srv := facesim.New(facesim.Options{Now: fixed(noon())})
	srv.Populate(facesim.DetectLiveness, 1234, 1)
	want := ids(walk(t, srv, facesim.DetectLiveness, 1000))
	srv.Fail(facesim.Disordered())
	got := ids(walk(t, srv, facesim.DetectLiveness, 100))
	if slices.IsSorted(got) {
		t.Error("the list is sorted by id")
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%d sessions, want %d", len(got), len(want))
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
	face.Fail(facetest.Redirect(307, "https://elsewhere.example/"))
	resp := ask(face, listURL(facesim.DetectLiveness, ""))
	if resp.StatusCode != http.StatusTemporaryRedirect || resp.Header.Get("Location") != "https://elsewhere.example/" {
		t.Errorf("redirect: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}
