package faceclient_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"face_liveness_exporter/faceclient"
)

// The attempt with a new key is no retry of those that are bounded.
func TestAKeyThatIsRotatedIsUsedAtOnce(t *testing.T) {
	for _, test := range []struct {
		name     string
		keys     []string // as the file has them, each time it is read; the last one stays
		requests int
		want     string
	}{
		{"the right key", []string{"new"}, 2, ""},
		{"rotated after the first attempt", []string{"old", "new"}, 3, ""},
		{"rotated to another wrong one", []string{"old", "older"}, 2, "401"},
		{"rotated again and again, too late", []string{"old", "older", "older", "oldest", "new"}, 2, "401"},
		{"not rotated", []string{"old"}, 1, "401"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var reads atomic.Int64
			secret := func() (string, error) {
				return test.keys[min(int(reads.Add(1)), len(test.keys))-1], nil
			}
			inRig(t, 10, func(o *options) {
				o.Credential, o.MaxRetries = faceclient.NewKeyCredential(secret), 0
			}, func(t *testing.T, r *rig) {
				r.server.SetKey("new")
				l, err := r.list()
				if got := faceclient.Code(err); got != test.want || r.requests() != test.requests || l.attempts != test.requests {
					t.Errorf("code %q after %d requests, want %q after %d", got, r.requests(), test.want, test.requests)
				}
			})
		})
	}
}

func TestChangedFollowsTheSecret(t *testing.T) {
	secret, unreadable := "one", error(nil)
	credential := faceclient.NewKeyCredential(func() (string, error) { return secret, unreadable })
	before := credential.Changed()
	if err := credential.Authorize(t.Context(), http.Header{}); err != nil {
		t.Fatal(err)
	}
	after := credential.Changed()
	secret, unreadable = "two", errors.New("no such file")
	lost := credential.Changed()
	unreadable = nil
	if another := credential.Changed(); !before || after || lost || !another {
		t.Errorf("changed before a request %t, after it %t, unreadable %t, another %t", before, after, lost, another)
	}
}
