package doctor

import (
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/internal/config"
)

// Facts are what is known of a list after a refresh.
type Facts struct {
	// API is as configured, and Credential names the kind of credential: a key file.
	API        config.API
	Credential string
	// Interval is between refreshes as configured, and Effective the interval in force.
	Interval, Effective time.Duration
	// Simulated is whether the service is: it costs nothing, and the cost is that of a real one.
	Simulated bool
	// Failure is why the list could not be read; nil if it was.
	Failure error

	// Sessions are listed; Active and NeverStarted are among them; estimates if Coverage is below 1.
	Sessions, Active, NeverStarted, Coverage float64
	// Oldest and Youngest are how long ago these sessions were created, by the Date of the answer that lists them. Youngest is
	// below 0 if that is later.
	Oldest, Youngest time.Duration
	// Knowledge is what the refresh found out about the list.
	Knowledge facelist.Knowledge
	// Usage is what all requests came to, and Took how long the refresh took.
	Usage collector.Usage
	Took  time.Duration
	// Ahead is how far the service's clock is ahead of this machine's; below 0 if it is behind.
	Ahead time.Duration
	// Demand is what the refreshes of the list ask for.
	Demand collector.Demand
	// LookedUp is whether a session was looked up, Check what it is, and LookUpFailure why that is not known.
	LookedUp      bool
	Check         faceclient.Check
	LookUpFailure error
}
