package faceclient_test

import (
	"testing"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facesim"
)

func TestAServiceThatPagesInItsOwnWayIsStillWalkedExactly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		faults []facesim.Fault
		pages  int // of the smallest size
	}{
		{"pages capped at 100", []facesim.Fault{facesim.ShortPages(100)}, 25},
		{"pages of any length", []facesim.Fault{facesim.RaggedPages(100)}, 200},
		{"descending ids", []facesim.Fault{facesim.InOrder(facesim.Descending)}, 3},
		{"no visible order", []facesim.Fault{facesim.InOrder(facesim.Hashed)}, 3},
		{"by creation", []facesim.Fault{facesim.InOrder(facesim.ByCreation)}, 3},
		{"capped and descending", []facesim.Fault{facesim.ShortPages(100), facesim.InOrder(facesim.Descending)}, 25},
		{"capped and in no order", []facesim.Fault{facesim.ShortPages(100), facesim.InOrder(facesim.Hashed)}, 25},
		{"ragged and by creation", []facesim.Fault{facesim.RaggedPages(100), facesim.InOrder(facesim.ByCreation)}, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, 2500, nil, func(t *testing.T, r *rig) {
				r.server.Fail(test.faults...)
				lister := r.client.Lister(faceclient.DetectLiveness)
				for i := range 3 {
					r.server.ForgetRequests()
					walk, visited, err := walkOf(t.Context(), lister)
					if err != nil {
						t.Fatalf("walk %d: %v", i+1, err)
					}
					r.finds(walk, visited, err)
					if most := 2*test.pages + 5; r.requests() > most {
						t.Errorf("walk %d: %d requests, want at most %d", i+1, r.requests(), most)
					}
					if i == 2 && visited.restarts != 0 {
						t.Errorf("the third walk began anew: what the first learned is forgotten")
					}
				}
			})
		})
	}
}

// What a service does differently from one day to the next must not lose a session either.
func TestAServiceMayChangeItsWays(t *testing.T) {
	inRig(t, 2500, nil, func(t *testing.T, r *rig) {
		lister := r.client.Lister(faceclient.DetectLiveness)
		for _, faults := range [][]facesim.Fault{
			nil,
			{facesim.ShortPages(700)},
			nil,
			{facesim.InOrder(facesim.Descending)},
			nil,
			{facesim.ShortPages(100), facesim.InOrder(facesim.Hashed)},
			nil, nil,
		} {
			undo := r.server.Fail(faults...)
			walk, visited, err := walkOf(t.Context(), lister)
			if err != nil {
				t.Fatalf("%v: %v", faults, err)
			}
			r.finds(walk, visited, err)
			undo()
		}
	})
}

func TestPagesThatAreNoListFailTheWalk(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		sessions int
		fault    facesim.Fault
	}{
		{"start ignored, full pages", 2500, facesim.IgnoreStart()},
		{"start ignored, long list", 25_000, facesim.IgnoreStart()},
		{"start ignored, one short page", 30, facesim.IgnoreStart()},
		{"pages repeated", 2500, facesim.RepeatPages()},
		{"pages repeated, long list", 25_000, facesim.RepeatPages()},
		{"start is inclusive, so that the end repeats itself", 2500, facesim.InclusiveStart()},
		{"pages overlap, so that the end repeats itself", 2500, facesim.Overlap(50)},
		{"list wraps around", 2500, facesim.WrapAround()},
		{"list wraps around, long list", 25_000, facesim.WrapAround()},
		{"an id of 65 characters", 0, facesim.JSON(`[{"id":"12345678901234567890123456789012345678901234567890123456789012345",` +
			`"createdDateTime":"2024-05-19T16:16:31Z","sessionExpired":true}]`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, test.sessions, nil, func(t *testing.T, r *rig) {
				r.server.Fail(test.fault)
				_, _, err := r.walk()
				if got := faceclient.Code(err); got != faceclient.CodePagination {
					t.Errorf("code %q, want pagination: %v", got, err)
				}
				// Each page is at most read once more after a restart.
				if most := 2*(test.sessions/1000+1) + 12; r.requests() > most {
					t.Errorf("%d requests, want at most %d", r.requests(), most)
				}
			})
		})
	}
}

// A list of one session that the service repeats is not two.
func TestOneSessionAsked(t *testing.T) {
	inRig(t, 1, nil, func(t *testing.T, r *rig) {
		r.server.Fail(facesim.ShortPages(1))
		walk, visited, err := r.walk()
		r.finds(walk, visited, err)
	})
}
