package facelist

import (
	"errors"
	"hash/maphash"
	"testing"

	"face_liveness_exporter/faceclient"
)

// It takes memory to know what was read of a list in no order, so that one that never ends is given up.
func TestAListInNoOrderIsBounded(t *testing.T) {
	s := &seen{maphash.MakeSeed(), make(map[uint64]struct{}, maxUnordered)}
	for hash := range uint64(maxUnordered - 1) {
		s.ids[hash] = struct{}{}
	}
	for _, test := range []struct {
		id   string
		want error
	}{{"the last one", nil}, {"one too many", errPagination}} {
		if _, err := s.fresh([]faceclient.Session{{ID: []byte(test.id)}}, false); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.id, err)
		}
	}
}
