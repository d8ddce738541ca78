package collector

import (
	"context"
	"maps"
	"math/rand/v2"
	"strconv"

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

const (
	// maxReasons and maxModels are how many distinct reasons and versions of the model are told apart.
	maxReasons, maxModels = 30, 10
	// unknownReason is that of a failure whose answer has neither a code nor a status.
	unknownReason = "unknown"
)

// Outcomes are estimated from a random sample of the sessions that were started and whose TTL ended. They only grow. The maps
// and the histogram are never changed: a larger one replaces them.
type Outcomes struct {
	// Sessions are the estimated numbers of sessions by outcome, and Samples how many of them were looked up.
	Sessions [outcomeCount]float64
	Samples  [outcomeCount]uint64
	// Verifications are the estimated numbers of sessions by whether the face is that of the photo: the first is no, the
	// second yes. VerificationSamples are how many of them were looked up.
	Verifications       [2]float64
	VerificationSamples [2]uint64
	// Failures are the estimated numbers of sessions whose outcome is [Failed], by reason. FailureSamples are how many of them
	// were looked up.
	Failures       map[string]float64
	FailureSamples map[string]uint64
	// Models are how many of the sessions that were looked up were decided by each version of the model.
	Models map[string]uint64
	// Durations are those of the checks that were looked up, in seconds.
	Durations *Histogram
}

func newOutcomes() Outcomes {
	return Outcomes{
		Failures:       map[string]float64{otherLabel: 0},
		FailureSamples: map[string]uint64{otherLabel: 0},
		Models:         map[string]uint64{otherLabel: 0},
		Durations:      NewHistogram([]float64{.25, .5, 1, 2, 3, 5, 10, 30}),
	}
}

// Looked is how many sessions were looked up.
func (o *Outcomes) Looked() (n uint64) {
	for _, samples := range o.Samples {
		n += samples
	}
	return n
}

// Share is the share of an outcome among all sessions, as estimated; 0 if none was looked up.
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
	// Session asks for a session. It makes up to this number of attempts, 0 for no limit, and says how many it made. It fails
	// with [faceclient.ErrNoAttempts] if they were used up before an answer came.
	Session(ctx context.Context, id string, maxAttempts int) (check faceclient.Check, attempts int, err error)
}

// outcomeOf says what the answer about a session means. It is unknown if the error is any other than that the session
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

// reasonOf says why a check failed: the service's code, else its status, else unknownReason.
func reasonOf(check faceclient.Check) string {
	switch {
	case check.ErrorCode != "":
		return check.ErrorCode
	case check.StatusCode != 0:
		return strconv.Itoa(check.StatusCode)
	}
	return unknownReason
}

// answer is what one look-up said.
type answer struct {
	faceclient.Check
	outcome Outcome
}

// with returns the outcomes and the answers about a walk's sample, scaled up to all sessions that the sample was taken from,
// and from the part of the list that they were in to the whole.
func (o Outcomes) with(answers []answer, sessions uint64, coverage float64) Outcomes {
	weight := float64(sessions) / float64(len(answers)) / coverage
	o.Failures, o.FailureSamples, o.Models = maps.Clone(o.Failures), maps.Clone(o.FailureSamples), maps.Clone(o.Models)
	o.Durations = o.Durations.clone()
	for _, answer := range answers {
		o.Sessions[answer.outcome] += weight
		o.Samples[answer.outcome]++
		if answer.outcome == Failed {
			reason := bounded(o.Failures, maxReasons+1, reasonOf(answer.Check)) // otherLabel is one of them
			o.Failures[reason] += weight
			o.FailureSamples[reason]++
		}
		if answer.Identical != nil {
			identical := 0
			if *answer.Identical {
				identical = 1
			}
			o.Verifications[identical] += weight
			o.VerificationSamples[identical]++
		}
		if answer.ModelVersion != "" {
			o.Models[bounded(o.Models, maxModels+1, answer.ModelVersion)]++
		}
		if answer.Latency > 0 {
			o.Durations.Observe(answer.Latency.Seconds())
		}
	}
	return o
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
