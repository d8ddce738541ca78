package facelist

import (
	"fmt"
	"math"

	"face_liveness_exporter/faceclient"
)

// The key space is the range of ids from 0 to below 1: the position of an id is its first 48 bits as a fraction.
const positionBits = 48

// position tells where in the key space an id lies. Only a lower-case random UUID (version 4, RFC variant) has a
// position: those ids are spread evenly, so that a share of the key space holds that share of the sessions.
func position(id []byte) (float64, bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' || id[14] != '4' {
		return 0, false
	}
	switch id[19] {
	case '8', '9', 'a', 'b':
	default:
		return 0, false
	}
	bits := uint64(0)
	for i, c := range id[:13] {
		switch {
		case c >= '0' && c <= '9':
			bits = bits<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			bits = bits<<4 | uint64(c-'a'+10)
		case i != 8: // the first hyphen
			return 0, false
		}
	}
	return float64(bits) / (1 << positionBits), true
}

// key is the made-up start for a position: the least random UUID there, so that it lists every id of that position and
// after it but itself. At both ends of the key space it is "", which is no start.
func key(position float64) string {
	bits := uint64(position * (1 << positionBits))
	if bits == 0 || position >= 1 {
		return ""
	}
	return fmt.Sprintf("%08x-%04x-4000-8000-000000000000", bits>>16, bits&0xffff)
}

// onGrid moves a position to the nearest below it that a key can name.
func onGrid(position float64) float64 {
	return math.Floor(position*(1<<positionBits)) / (1 << positionBits)
}

const (
	// minEvenness is the least number of ids whose evenness says anything.
	minEvenness = 50
	// evennessStep is how many ids there are to each one that is looked at.
	evennessStep = 4
	// maxUnevenness bounds the Kolmogorov-Smirnov distance times √n: random ids exceed it once in thirty million pages.
	maxUnevenness = 3
)

// even reports whether the ids of a page after from are random UUIDs that are spread evenly up to the last of them.
func even(from float64, sessions []faceclient.Session) bool {
	if len(sessions) == 0 {
		return true
	}
	last, random := position(sessions[len(sessions)-1].ID)
	if !random {
		return false
	}
	distance, looked := 0.0, 0
	for i := 0; i < len(sessions); i += evennessStep {
		at, random := position(sessions[i].ID)
		if !random {
			return false
		}
		share := (at - from) / (last - from)
		distance = max(distance, math.Abs(share-float64(i+1)/float64(len(sessions))))
		looked++
	}
	return looked < minEvenness || distance*math.Sqrt(float64(looked)) <= maxUnevenness
}

// point says how many sessions a walk found from the point before, or from 0, to a position.
type point struct {
	position float64
	sessions int
}

// splitPoints divides the key space so that each part but the last holds so many sessions, by the points of an earlier walk
// (ascending). It returns positions, ascending and strictly between 0 and 1.
func splitPoints(points []point, sessions float64) []float64 {
	var splits []float64
	counted, from := 0.0, 0.0
	for _, p := range points {
		for next := sessions * float64(len(splits)+1); p.sessions > 0 && next < counted+float64(p.sessions); next += sessions {
			at := onGrid(from + (p.position-from)*(next-counted)/float64(p.sessions))
			if at <= 0 || at >= 1 || (len(splits) > 0 && at <= splits[len(splits)-1]) {
				return splits // more parts than the key space has room for
			}
			splits = append(splits, at)
		}
		counted += float64(p.sessions)
		from = p.position
	}
	return splits
}
