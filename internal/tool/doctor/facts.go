package doctor

import (
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// Facts are what is known of one list after a refresh.
type Facts struct {
	Resource  string
	Operation faceclient.Operation
	// Credential names the kind of credential: a key file.
	Credential string
	APIVersion string
	// Failure explains why the list could not be read, in one line; "" where it was. If RefusedCredential, the credential is
	// to blame.
	Failure           string
	RefusedCredential bool

	// Sessions are listed; Active and NeverStarted are among them; estimates where Coverage is below 1.
	Sessions, Active, NeverStarted float64
	Coverage                       float64
	// Oldest is how long ago the oldest session that was seen was created.
	Oldest time.Duration
	// Knowledge is what the refresh found out about the list.
	Knowledge facelist.Knowledge
	// StartFailure explains why it is unknown whether the service takes a made-up start; "" where it is known or was not tried.
	StartFailure string

	// Requests were sent, Limited of them refused because of the rate; the service charged Billed transactions for them.
	Requests, Limited, Billed float64
	// Latency is the mean time of a request.
	Latency time.Duration
	// Took is how long the refresh took.
	Took time.Duration
	// Ahead is how far the service's clock is ahead of this machine's; below 0 where it is behind.
	Ahead time.Duration
	// LookUp is what came of looking up one session. If it is Failed, LookUpFailure explains it in one line.
	LookUp        LookUp
	LookUpFailure string

	// Interval is the configured one, Effective the one in force.
	Interval, Effective time.Duration
	// Simulated is whether the service is: it costs nothing, and the cost is that of a real one.
	Simulated bool
	// Demand is what the refreshes of the list ask for.
	Demand collector.Demand
	// Budget is the monthly request budget of the resource; 0 means none. Price is for 1,000 requests.
	Budget float64
	Price  float64
	// PageSize and MaxRequestsPerSecond are as configured.
	PageSize             int
	MaxRequestsPerSecond float64
	// Doubts are settings that do not fit together, each with what to do.
	Doubts []string
}

// LookUp is what came of looking up one finished session.
type LookUp int

// What can come of a look-up.
const (
	NotWanted LookUp = iota // outcomes.samples is 0
	NoSession               // no session was started and has ended
	Result                  // it has a result
	NoResult                // it has none
	Deleted                 // it is gone
	Failed                  // see Facts.LookUpFailure
)
