package faceclient

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxCheckBytes is how large the answer about one session may be.
const maxCheckBytes = 256 << 10

// Check is what the service says of the liveness check of one session. Whatever is missing in the answer is missing here.
type Check struct {
	// HasResult tells whether the check has come to a result, a failed one included.
	HasResult bool
	// StatusCode is the HTTP status that the client of the session was answered with; 0 where it is missing.
	StatusCode int
	// Decision is the service's word, such as realface, spoofface or uncertain; "" where it made none.
	Decision string
	// Identical is whether the face is that of the photo; nil where the answer does not say.
	Identical *bool
}

// NotFound tells whether a request failed because what it asked for is not there (404).
func NotFound(err error) bool {
	var failure *Error
	return errors.As(err, &failure) && failure.Status == http.StatusNotFound
}

// Session asks for one session of an operation, at the price of one request. The attempts are taken from the allowance.
// The errors are those of Page. A session that has been deleted is [NotFound]: that is an answer, and the observer is told
// of no error.
func (c *Client) Session(ctx context.Context, operation Operation, id string, allowance *Allowance) (Check, error) {
	var found Check
	if !isCode(id) || strings.Trim(id, ".") == "" {
		return found, &Error{Code: CodeInvalidResponse, cause: errors.New("an id that cannot be part of a path")}
	}
	err := c.do(ctx, call{
		operation: operation,
		session:   id,
		decode: func(body io.Reader, _ time.Time) (err error) {
			found, err = readCheck(body)
			return err
		},
	}, allowance)
	return found, err
}

// result is the part of a session's result that is read. Nothing else of it is kept.
type result struct {
	Response loose[struct {
		StatusCode loose[int] `json:"statusCode"`
		Body       loose[struct {
			LivenessDecision loose[string] `json:"livenessDecision"`
			VerifyResult     loose[struct {
				IsIdentical loose[*bool] `json:"isIdentical"`
			}] `json:"verifyResult"`
		}] `json:"body"`
	}] `json:"response"`
}

// loose is a field that is left empty where it has another type than the reference says.
type loose[T any] struct{ value T }

// UnmarshalJSON is part of json.Unmarshaler.
func (l *loose[T]) UnmarshalJSON(data []byte) error {
	var value T
	if json.Unmarshal(data, &value) == nil {
		l.value = value
	}
	return nil
}

// readCheck reads the answer about one session. The error is an *Error where the body is at fault; else it is that of the
// reader.
func readCheck(body io.Reader) (Check, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxCheckBytes+1))
	if err != nil {
		return Check{}, err
	}
	var answer struct {
		Result *loose[result] `json:"result"`
	}
	switch err := json.Unmarshal(data, &answer); {
	case len(data) > maxCheckBytes || err != nil && len(data) > 0 && json.Valid(data):
		return Check{}, &Error{Code: CodeInvalidResponse}
	case err != nil && strings.HasPrefix(strings.TrimSpace(string(data)), "{"):
		return Check{}, &Error{Code: CodeConnection, Detail: DetailEndsEarly, cause: io.ErrUnexpectedEOF}
	case err != nil:
		return Check{}, &Error{Code: CodeInvalidResponse, cause: errNoJSON}
	case answer.Result == nil:
		return Check{}, nil
	}
	response := answer.Result.value.Response.value
	return Check{
		HasResult:  true,
		StatusCode: response.StatusCode.value,
		Decision:   response.Body.value.LivenessDecision.value,
		Identical:  response.Body.value.VerifyResult.value.IsIdentical.value,
	}, nil
}
