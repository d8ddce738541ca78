package facelist

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
	"slices"

	"github.com/google/uuid"

	"face_liveness_exporter/faceclient"
)

// position tells where in the key space an id lies, from 0 to below 1: its first 48 bits as a fraction. Only a random UUID
// (version 4, RFC variant) has a position: those are spread evenly, so that a share of the key space holds that share of
// the sessions.
func position(id []byte) (at float64, random bool) {
	u, err := uuid.ParseBytes(id)
	if err != nil || len(id) != 36 || u.Version() != 4 || u.Variant() != uuid.RFC4122 {
		return 0, false
	}
	return float64(binary.BigEndian.Uint64(u[:])>>16) / (1 << 48), true
}

// key is the lowest random UUID at a position.
func key(position float64) string {
	bits := uint64(position * (1 << 48))
	return fmt.Sprintf("%08x-%04x-4000-8000-000000000000", bits>>16, bits&0xffff)
}

const (
	minEvenness   = 64 // ids whose evenness says something
	maxUnevenness = 3  // for the Kolmogorov-Smirnov distance times √n: random ids exceed it once in thirty million pages
)

// even reports whether the ids of a page after the position from are random and spread evenly up to the last of them.
func even(from float64, sessions []faceclient.Session) bool {
	n, distance, to := float64(len(sessions)), 0.0, 0.0
	if len(sessions) > 0 {
		to, _ = position(sessions[len(sessions)-1].ID)
	}
	for i := range sessions {
		at, random := position(sessions[i].ID)
		if !random {
			return false
		}
		distance = max(distance, math.Abs((at-from)/(to-from)-float64(i+1)/n))
	}
	return n < minEvenness || distance*math.Sqrt(n) <= maxUnevenness
}

// ascend reports whether ids continue after the start in strictly ascending byte order.
func ascend(start string, sessions []faceclient.Session) bool {
	return (len(sessions) == 0 || string(sessions[0].ID) > start) &&
		slices.IsSortedFunc(sessions, func(a, b faceclient.Session) int { return cmp.Or(bytes.Compare(a.ID, b.ID), -1) })
}

// maxUnordered bounds the sessions of a list whose ids do not ascend. They need about 40 bytes each.
const maxUnordered = 2_000_000

// seen are the sessions of a walk, by a hash of their ids. If ids do not ascend, nothing else tells a page that goes on from
// one that goes in circles.
type seen struct {
	seed maphash.Seed
	ids  map[uint64]struct{}
}

// fresh returns the sessions of a page that were not seen before. One that was must not be the last: the next page would
// come after it once more. Only a page that is asked for again may end so.
func (s *seen) fresh(sessions []faceclient.Session, again bool) ([]faceclient.Session, error) {
	fresh, known := sessions[:0], false
	for _, session := range sessions {
		hash := maphash.Bytes(s.seed, session.ID)
		if _, known = s.ids[hash]; !known {
			s.ids[hash] = struct{}{}
			fresh = append(fresh, session)
		}
	}
	if known && !again || len(s.ids) > maxUnordered {
		return nil, errPagination
	}
	return fresh, nil
}
