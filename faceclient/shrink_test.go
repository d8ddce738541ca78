package faceclient_test

import (
	"testing"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facesim"
)

// A worker that is done looks for a part of what others have left. What is planned for a list ten times as long leaves
// many workers done at once, and none of them may be given a part that was read already.
func TestAListThatShrankIsNotCountedTwice(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		face := facesim.New(facesim.Options{Requests: 1})
		face.Populate(facesim.DetectLiveness, 4000, seed)
		options := plainOptions()
		options.PageSize, options.MaxConcurrentRequests = 10, 16
		options.Transport = inProcess(face)
		lister := newClient(t, options).Lister(faceclient.DetectLiveness)
		if _, _, err := walkOf(t.Context(), lister); err != nil {
			t.Fatal(err)
		}
		var gone []string
		for i, session := range face.Sessions(facesim.DetectLiveness) {
			if i%10 != 0 {
				gone = append(gone, session.ID)
			}
		}
		face.Delete(facesim.DetectLiveness, gone...)
		_, visited, err := walkOf(t.Context(), lister)
		if err != nil {
			t.Fatal(err)
		}
		if found, want := len(visited.sessions), face.Len(facesim.DetectLiveness); found != want {
			t.Errorf("list %d: visited %d sessions, the service lists %d", seed, found, want)
		}
		face.Close()
	}
}
