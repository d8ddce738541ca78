package facetest

import (
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

// Traffic is the traffic of a customer, and what really happened in it.
type Traffic struct {
	*facesim.Traffic
	server *Server
}

// NewTraffic begins traffic. What really happened is known if the customer deletes nothing.
func NewTraffic(s *Server, options TrafficOptions) *Traffic {
	return &Traffic{facesim.NewTraffic(s.Server, options), s}
}

// Truth is what really happened.
type Truth struct {
	Created   int
	Started   int
	Expired   int
	Abandoned int          // expired and never started
	Outcomes  [Deleted]int // of the sessions that expired and were started
}

// Between is what happened in (from, to], the window a watermark counts. It reaches back 48 hours from now.
func (t *Traffic) Between(op string, from, to time.Time) (truth Truth) {
	happened := func(at time.Time) int {
		if at.After(from) && !at.After(to) {
			return 1
		}
		return 0
	}
	for _, s := range t.server.Sessions(op) {
		truth.Created += happened(s.Created)
		truth.Started += happened(s.Started)
		expired := happened(s.Expires())
		truth.Expired += expired
		if s.HasStarted() {
			truth.Outcomes[s.Outcome] += expired
		} else {
			truth.Abandoned += expired
		}
	}
	return truth
}
