package facetest

import "time"

// Truth is what really happened in the traffic of a simulated customer.
type Truth struct {
	Created   int
	Started   int
	Expired   int
	Abandoned int          // expired and never started
	Outcomes  [Deleted]int // of the sessions that expired and were started
}

// Between is what happened in (from, to], the window a watermark counts. It reaches back 48 hours from now, and is known if the
// customer deletes nothing.
func (s *Server) Between(op string, from, to time.Time) (truth Truth) {
	happened := func(at time.Time) int {
		if at.After(from) && !at.After(to) {
			return 1
		}
		return 0
	}
	for _, session := range s.Sessions(op) {
		truth.Created += happened(session.Created)
		truth.Started += happened(session.Started)
		expired := happened(session.Expires())
		truth.Expired += expired
		if session.HasStarted() {
			truth.Outcomes[session.Outcome] += expired
		} else {
			truth.Abandoned += expired
		}
	}
	return truth
}
