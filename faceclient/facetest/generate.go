package facetest

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

// Populate adds what Generate makes, at the server's now.
func (s *Server) Populate(op string, n int, seed uint64) {
	sessions := Generate(n, seed, s.now())
	slices.SortFunc(sessions, func(a, b Session) int { return strings.Compare(a.ID, b.ID) }) // a page is read from neighboring memory
	s.Add(op, sessions...)
}

// Generate makes n sessions with random version 4 UUIDs, created in the 47 hours before now, so that the service removes none of them
// in the hour that follows. The same seed and now give the same sessions.
func Generate(n int, seed uint64, now time.Time) []Session {
	r := rand.New(rand.NewPCG(seed, 1))
	people := facesim.NewPopulation(seed, n/2)
	sessions := make([]Session, n)
	for i := range sessions {
		s := people.Session(now.Add(-time.Duration(r.Float64() * float64(47*time.Hour))))
		if s.Started.After(now) { // what is listed stays as it is
			s.Started, s.Outcome = time.Time{}, NoResult
		}
		sessions[i] = s
	}
	return sessions
}
