package faceclient

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Attempt is one request that was sent, a retry included.
type Attempt struct {
	Operation Operation
	// Status is the HTTP status, 0 if no answer came.
	Status int
	// ErrorCode is what went wrong (see [Error.Code]), "" if nothing did.
	ErrorCode string
	// Duration is from sending to the end of the body.
	Duration time.Duration
	// Billed is what the service says it bills for the attempt, in transactions.
	Billed float64
}

// Observer counts what the client does. Many goroutines call its methods at a time.
type Observer interface {
	// ObserveAttempt is called after each attempt.
	ObserveAttempt(Attempt)
	// ObserveRetry is called with each attempt that is not a request's first.
	ObserveRetry(Operation)
	// ObserveThrottle is called with the time that an attempt waited for the Retry-After gate and the rate limit.
	ObserveThrottle(Operation, time.Duration)
}

type noObserver struct{}

func (noObserver) ObserveAttempt(Attempt)                   {}
func (noObserver) ObserveRetry(Operation)                   {}
func (noObserver) ObserveThrottle(Operation, time.Duration) {}

// maxBilled is the maximum that counts of an attempt, in transactions; it costs one. A counter could not lose what it was raised by
// beyond all reason.
const maxBilled = 1000

// amount is what a plain decimal number of transactions is like.
var amount = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,9})?$`)

// billed sums what CSP-Billing-Usage charges, such as "CognitiveServices.Face.Transaction=1".
func billed(header http.Header) float64 {
	sum := 0.0
	for entry := range strings.SplitSeq(strings.Join(header["Csp-Billing-Usage"], ","), ",") {
		_, value, _ := strings.Cut(entry, "=")
		if value = strings.TrimSpace(value); amount.MatchString(value) {
			transactions, _ := strconv.ParseFloat(value, 64) // it is a number
			sum += transactions
		}
	}
	return min(sum, maxBilled)
}
