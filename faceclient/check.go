package faceclient

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	// maxCheckBytes is how large the answer about one session may be.
	maxCheckBytes = 256 << 10
	// maxLatency is a day in milliseconds, more than any attempt takes.
	maxLatency = 86_400_000
)

// Check is what the service says of the liveness check of one session. What the answer leaves out is the zero value here.
type Check struct {
	// HasResult reports whether the check has come to a result, a failed one included.
	HasResult bool
	// StatusCode is the HTTP status that the client of the session was answered with, 100 to 999; 0 if it is missing.
	StatusCode int
	// Decision is the service's word, such as realface, spoofface or uncertain; "" if it made none.
	Decision string
	// Identical is whether the face is that of the photo; nil if the answer does not say.
	Identical *bool
	// ErrorCode is the code in the body of a failed attempt, 1 to 64 of [A-Za-z0-9_.-]; "" if there is none.
	ErrorCode string
	// Latency is how long the attempt took, as the service says it; 0 if it does not.
	Latency time.Duration
	// ModelVersion is the version of the model that decided, 1 to 64 of [A-Za-z0-9_.-]; "" if it is missing.
	ModelVersion string
}

// NotFound reports whether a request failed because what it asked for is not there (404).
func NotFound(err error) bool {
	failure, ok := errors.AsType[*Error](err)
	return ok && failure.Status == http.StatusNotFound
}

// SessionQuery asks for one session.
type SessionQuery struct {
	Operation Operation
	// ID is that of the session.
	ID string
	// MaxAttempts bounds the attempts, retries included; 0 is no bound.
	MaxAttempts int
}

// Session asks for one session of an operation, at the price of one request. It gives way to pages: it waits until none wants
// to be sent, and is given up if the service asks to wait. It returns how many attempts were made, also with an error. The
// errors are those of Page. A session that has been deleted is [NotFound]: that is an answer, and the observer is told of no
// error.
func (c *Client) Session(ctx context.Context, query SessionQuery) (found Check, attempts int, err error) {
	if !plain.MatchString(query.ID) || strings.Trim(query.ID, ".") == "" {
		return found, 0, &Error{Code: CodeInvalidResponse, cause: errors.New("an id that cannot be part of a path")}
	}
	body := new(bytes.Buffer)
	attempts, err = c.do(ctx, call{
		operation:   query.Operation,
		lookUp:      true,
		below:       "/" + query.ID,
		maxAttempts: query.MaxAttempts,
		body:        body,
		limit:       maxCheckBytes,
		decode: func(time.Time, time.Duration) (err error) {
			found, err = readCheck(body.Bytes(), query.ID)
			return err
		},
	})
	return found, attempts, err
}

// readCheck reads the answer about a session. encoding/json leaves a field of another type out and reads the others. The error
// is an *Error.
func readCheck(body []byte, id string) (Check, error) {
	var answer struct {
		ID, Status string
		Result     *struct {
			Response struct {
				StatusCode            int
				LatencyInMilliseconds float64
				Body                  struct {
					LivenessDecision, ModelVersionUsed, Code string
					Error                                    struct{ Code string }
					VerifyResult                             struct{ IsIdentical any }
				}
			}
		}
	}
	err := json.Unmarshal(body, &answer)
	if broken, ok := errors.AsType[*json.SyntaxError](err); ok {
		if broken.Offset >= int64(len(body)) {
			return Check{}, endsEarly()
		}
		return Check{}, noJSON()
	}
	if other, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && other.Field == "Result" {
		answer.Result = nil
	}
	if !strings.EqualFold(answer.ID, id) || answer.Result == nil && (answer.Status == "" || answer.Status == "ResultAvailable") {
		return Check{}, invalid() // such as {}, null, an error with status 200, or a result that is none
	}
	if answer.Result == nil {
		return Check{}, nil
	}
	response := answer.Result.Response
	found := Check{
		HasResult:    true,
		Decision:     response.Body.LivenessDecision,
		ModelVersion: label(response.Body.ModelVersionUsed, id),
		ErrorCode:    label(cmp.Or(response.Body.Error.Code, response.Body.Code), id),
	}
	if response.StatusCode >= 100 && response.StatusCode < 1000 {
		found.StatusCode = response.StatusCode
	}
	if response.LatencyInMilliseconds > 0 && response.LatencyInMilliseconds < maxLatency {
		found.Latency = time.Duration(response.LatencyInMilliseconds * float64(time.Millisecond))
	}
	if identical, ok := response.Body.VerifyResult.IsIdentical.(bool); ok {
		found.Identical = &identical
	}
	return found, nil
}

// plain is what can be part of a path, and a label.
var plain = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// label is a text of the answer about a session if it is fit to be a label, else "". A UUID can name a session or a device, and
// an address a person.
func label(text, id string) string {
	if _, err := netip.ParseAddr(text); err == nil || !plain.MatchString(text) || uuid.Validate(text) == nil || strings.Contains(text, id) {
		return ""
	}
	return text
}
