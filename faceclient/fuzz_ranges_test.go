package faceclient_test

import (
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/faceclient/facesim"
)

// FuzzRanges: however a list is divided, and where it has shrunk since it was, a walk of all of it visits every session once, and one that may make only so
// many requests makes no more, visits none twice, and has covered some of the key space and no more than all of it.
func FuzzRanges(f *testing.F) {
	for _, seed := range []struct {
		sessions            uint16
		page, atOnce, least byte
		list                uint64
	}{
		{0, 0, 0, 0, 0},
		{1, 0, 3, 1, 1},
		{2, 0, 7, 1, 2},
		{20, 19, 3, 1, 3},
		{21, 19, 3, 1, 4},
		{40, 9, 1, 3, 5},
		{1000, 9, 7, 7, 6},
		{1999, 0, 15, 200, 7},
		{1999, 2, 15, 1, 8},
		{1500, 99, 7, 14, 9},
		{700, 6, 4, 99, 10},
	} {
		f.Add(seed.sessions, seed.page, seed.atOnce, seed.least, seed.list)
	}
	for list := range uint64(40) { // many workers that are done at once with what is left
		f.Add(uint16(1999), byte(9), byte(15), byte(50), list)
	}
	f.Fuzz(func(t *testing.T, sessions uint16, page, atOnce, requests byte, list uint64) {
		now := time.Now()
		face := facesim.New(facesim.Options{Requests: 1, Now: func() time.Time { return now }})
		defer face.Close()
		face.Populate(facesim.DetectLiveness, int(sessions)%2000, list)
		truth := face.Sessions(facesim.DetectLiveness)
		options := plainOptions()
		options.PageSize = 1 + int(page)%100
		options.MaxConcurrentRequests = 1 + int(atOnce)%16
		options.Transport = face.Direct()
		client := newClient(t, options)
		budget := 1 + int(requests)

		known, fresh := client.Lister(faceclient.DetectLiveness), client.Lister(faceclient.DetectLiveness)
		for _, test := range []struct {
			name   string
			lister *facelist.Lister
			most   int
		}{
			{"exact, of an unknown list", known, 0},
			{"exact, planned by what was found", known, 0},
			{"estimated, of a known list", known, budget},
			{"exact, planned by an estimate", known, 0},
			{"estimated, of an unknown list", fresh, budget},
			{"estimated, planned by an estimate", fresh, budget},
			{"exact, planned by two estimates", fresh, 0},
		} {
			visits := &listed{}
			walk, err := test.lister.Walk(t.Context(), test.most, visits)
			if err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
			switch {
			case walk.Coverage == 1:
				visits.equal(t, truth)
			case test.most == 0 || walk.Coverage <= 0 || walk.Coverage > 1:
				t.Errorf("%s: coverage %v", test.name, walk.Coverage)
			default:
				areSome(t, visits, truth)
			}
			if test.most > 0 && walk.Requests > test.most {
				t.Errorf("%s: %d requests, want at most %d", test.name, walk.Requests, test.most)
			}
			if t.Failed() {
				t.Fatalf("%s: failed", test.name)
			}
		}

		for i, session := range truth {
			if i%10 != 0 {
				face.Delete(facesim.DetectLiveness, session.ID)
			}
		}
		visits := &listed{}
		if _, err := known.Walk(t.Context(), 0, visits); err != nil {
			t.Fatal(err)
		}
		visits.equal(t, face.Sessions(facesim.DetectLiveness))
	})
}

// areSome checks that only listed sessions were visited, and none twice.
func areSome(t *testing.T, visits *listed, truth []facesim.Session) {
	t.Helper()
	left := map[string]bool{}
	for _, session := range truth {
		left[session.ID] = true
	}
	for i := range visits.sessions {
		id := string(visits.sessions[i].ID)
		if !left[id] {
			t.Errorf("%s was visited twice, or never listed", id)
		}
		delete(left, id)
	}
}
