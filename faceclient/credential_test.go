package faceclient_test

import (
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facesim"
)

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
				o.Credential = faceclient.NewKeyCredential(secret)
			}, func(t *testing.T, r *rig) {
				r.server.SetKey("new")
				walk, visited, err := r.walk()
				if got := faceclient.Code(err); got != test.want || r.requests() != test.requests {
					t.Errorf("code %q after %d requests, want %q after %d", got, r.requests(), test.want, test.requests)
				}
				if test.want == "" {
					r.finds(walk, visited, err)
				}
			})
		})
	}
}

// The attempt with the new key is no retry of those that the bound is about.
func TestANewKeyNeedsNoRetryLeft(t *testing.T) {
	keys := []string{"old", "new"}
	secret := func() (string, error) { return keys[0], nil }
	inRig(t, 10, func(o *options) {
		o.MaxRetries = 0
		o.Credential = faceclient.NewKeyCredential(secret)
	}, func(t *testing.T, r *rig) {
		r.server.SetKey("new")
		r.server.Fail(facesim.Wrap("rotate", func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
				next.ServeHTTP(w, request)
				keys[0] = "new"
			})
		}))
		r.finds(r.walk())
	})
}

func TestKeyThatCannotBeRead(t *testing.T) {
	readable := false
	secret := func() (string, error) {
		if !readable {
			return "", errors.New("no such file")
		}
		return "test-key", nil
	}
	inRig(t, 10, func(o *options) { o.Credential = faceclient.NewKeyCredential(secret) }, func(t *testing.T, r *rig) {
		r.fails(faceclient.CodeAuthentication, 0)
		if !slices.Equal(r.seen.errors, []string{faceclient.CodeAuthentication}) {
			t.Errorf("observed %v, want authentication once", r.seen.errors)
		}
		readable = true
		r.finds(r.walk())
	})
}

func TestChangedFollowsTheSecret(t *testing.T) {
	secret, failing := "one", false
	read := func() (string, error) {
		if failing {
			return "", errors.New("no such file")
		}
		return secret, nil
	}
	credential := faceclient.NewKeyCredential(read)
	expect := func(when string, want bool) {
		t.Helper()
		if credential.Changed() != want {
			t.Errorf("%s: changed %t, want %t", when, !want, want)
		}
	}
	expect("before the first request", true)
	if err := credential.Authorize(t.Context(), http.Header{}); err != nil {
		t.Fatal(err)
	}
	expect("after a request", false)
	failing = true
	expect("unreadable", false)
	secret, failing = "two", false
	expect("another one", true)
}
