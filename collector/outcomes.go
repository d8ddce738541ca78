package collector

import (
	"context"
	"math/rand/v2"

	"face_liveness_exporter/faceclient"
)

// Outcome is what became of a session that was started.
type Outcome int

// The outcomes, in the order of [Outcomes].
const (
	RealFace     Outcome = iota // the decision is realface
	SpoofFace                   // the decision is spoofface
	Uncertain                   // the decision is uncertain
	Failed                      // there is a result, but no decision
	NoResult                    // there is no result
	Deleted                     // the session is gone
	OtherOutcome                // a decision that is not known here
	outcomeCount
)

// String is the label outcome.
func (o Outcome) String() string {
	return [outcomeCount]string{"realface", "spoofface", "uncertain", "failed", "no_result", "deleted", "other"}[o]
}

// Outcomes are estimated from a random sample of the sessions that were started and whose TTL ended. They only grow.
type Outcomes struct {
	// Sessions are the estimated numbers of sessions by outcome, and Samples how many of them were looked up.
	Sessions [outcomeCount]float64
	Samples  [outcomeCount]uint64
	// Verifications are the estimated numbers of sessions by whether the face is that of the photo: the first is no, the
	// second yes. VerificationSamples are how many of them were looked up.
	Verifications       [2]float64
	VerificationSamples [2]uint64
}

// Looked is how many sessions were looked up.
func (o *Outcomes) Looked() (n uint64) {
	for _, samples := range o.Samples {
		n += samples
	}
	return n
}

// Share is the share of an outcome among all sessions, as estimated; 0 where none was looked up.
func (o *Outcomes) Share(of Outcome) float64 {
	all := 0.0
	for _, sessions := range o.Sessions {
		all += sessions
	}
	if all == 0 {
		return 0
	}
	return o.Sessions[of] / all
}

// Looker asks for the liveness check of one session.
type Looker interface {
	// Session asks for a session, in so many attempts; 0 is any number. It returns how many were made, also with an error.
	Session(ctx context.Context, id string, maxAttempts int) (check faceclient.Check, attempts int, err error)
}

// outcomeOf says what the answer about a session means. It is not known where the error is another than that the session
// is gone.
func outcomeOf(check faceclient.Check, err error) (outcome Outcome, known bool) {
	switch {
	case faceclient.NotFound(err):
		return Deleted, true
	case err != nil:
		return 0, false
	case !check.HasResult:
		return NoResult, true
	case check.StatusCode >= 400 || check.Decision == "":
		return Failed, true
	}
	for _, decided := range []Outcome{RealFace, SpoofFace, Uncertain} {
		if check.Decision == decided.String() {
			return decided, true
		}
	}
	return OtherOutcome, true
}

// findings are the answers about one walk's sample.
type findings struct {
	outcomes  [outcomeCount]uint64
	identical [2]uint64
	answers   uint64
}

func (f *findings) add(check faceclient.Check, outcome Outcome) {
	f.answers++
	f.outcomes[outcome]++
	if outcome == Deleted || check.Identical == nil {
		return
	}
	if *check.Identical {
		f.identical[1]++
	} else {
		f.identical[0]++
	}
}

// add scales the answers up to all sessions that the sample was taken from, and from the part of the list that they were
// in to the whole.
func (o *Outcomes) add(found findings, sessions uint64, coverage float64) {
	if found.answers == 0 {
		return
	}
	weight := float64(sessions) / float64(found.answers) / coverage
	for outcome, n := range found.outcomes {
		o.Sessions[outcome] += weight * float64(n)
		o.Samples[outcome] += n
	}
	for identical, n := range found.identical {
		o.Verifications[identical] += weight * float64(n)
		o.VerificationSamples[identical] += n
	}
}

// reservoir is a uniform random sample of the ids that were offered, of bounded size. The zero value samples nothing.
type reservoir struct {
	limit   int
	offered uint64
	ids     []string
}

func (r *reservoir) offer(id []byte) {
	if r.limit == 0 {
		return
	}
	r.offered++
	if len(r.ids) < r.limit {
		r.ids = append(r.ids, string(id))
	} else if at := rand.Uint64N(r.offered); at < uint64(r.limit) {
		r.ids[at] = string(id)
	}
}
