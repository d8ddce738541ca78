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
	// HasResult reports whether the check has come to a result, a failed one included.
	HasResult bool
	// StatusCode is the HTTP status that the client of the session was answered with; 0 where it is missing.
	StatusCode int
	// Decision is the service's word, such as realface, spoofface or uncertain; "" where it made none.
	Decision string
	// Identical is whether the face is that of the photo; nil where the answer does not say.
	Identical *bool
}

// NotFound reports whether a request failed because what it asked for is not there (404).
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

// readCheck reads the answer about one session. The error is an *Error where the body is at fault; else it is that of the
// reader.
func readCheck(body io.Reader) (Check, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxCheckBytes+1))
	if err != nil {
		return Check{}, err
	}
	var answer map[string]any
	switch err := json.Unmarshal(data, &answer); {
	case len(data) > maxCheckBytes || err != nil && len(data) > 0 && json.Valid(data):
		return Check{}, invalid("")
	case err != nil && strings.HasPrefix(strings.TrimSpace(string(data)), "{"):
		return Check{}, &Error{Code: CodeConnection, Detail: DetailEndsEarly, cause: io.ErrUnexpectedEOF}
	case err != nil:
		return Check{}, invalid(DetailNoJSON)
	}
	result := answer["result"]
	found := Check{HasResult: result != nil}
	if status, ok := at(result, "response", "statusCode").(float64); ok && status > 0 && status < 1000 {
		found.StatusCode = int(status)
	}
	found.Decision, _ = at(result, "response", "body", "livenessDecision").(string)
	if identical, ok := at(result, "response", "body", "verifyResult", "isIdentical").(bool); ok {
		found.Identical = &identical
	}
	return found, nil
}
