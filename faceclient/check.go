package faceclient

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
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
	// ErrorCode is the code in the body of a failed attempt, 1 to 64 of [A-Za-z0-9_.-]; "" where there is none.
	ErrorCode string
	// Latency is how long the attempt took, as the service says it; 0 where it does not.
	Latency time.Duration
	// ModelVersion is the version of the model that decided, 1 to 64 of [A-Za-z0-9_.-]; "" where it is missing.
	ModelVersion string
}

// NotFound reports whether a request failed because what it asked for is not there (404).
func NotFound(err error) bool {
	var failure *Error
	return errors.As(err, &failure) && failure.Status == http.StatusNotFound
}

// SessionQuery asks for one session.
type SessionQuery struct {
	Operation Operation
	ID        string
	// MaxAttempts bounds the attempts, retries included; 0 is no bound.
	MaxAttempts int
}

// Session asks for one session of an operation, at the price of one request. It returns how many attempts were made, also
// with an error. The errors are those of Page. A session that has been deleted is [NotFound]: that is an answer, and the
// observer is told of no error.
func (c *Client) Session(ctx context.Context, query SessionQuery) (found Check, attempts int, err error) {
	if !isCode(query.ID) || strings.Trim(query.ID, ".") == "" {
		return found, 0, &Error{Code: CodeInvalidResponse, cause: errors.New("an id that cannot be part of a path")}
	}
	attempts, err = c.do(ctx, call{
		operation: query.Operation,
		session:   query.ID,
		most:      query.MaxAttempts,
		decode: func(body io.Reader, _ time.Time, _ time.Duration) (err error) {
			found, err = readCheck(body)
			return err
		},
	})
	return found, attempts, err
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
	result, hasResult := at(answer, "result").(map[string]any)
	if text(answer, "id") == "" || text(answer, "status") == "" && !hasResult {
		return Check{}, invalid("") // such as {} or an error with status 200
	}
	found := Check{
		HasResult:    hasResult,
		Decision:     text(result, "response", "body", "livenessDecision"),
		ModelVersion: word(text(result, "response", "body", "modelVersionUsed")),
		ErrorCode:    word(cmp.Or(text(result, "response", "body", "error", "code"), text(result, "response", "body", "code"))),
	}
	if status, ok := at(result, "response", "statusCode").(float64); ok && status > 0 && status < 1000 {
		found.StatusCode = int(status)
	}
	if milliseconds, ok := at(result, "response", "latencyInMilliseconds").(float64); ok && milliseconds > 0 && milliseconds < maxLatency {
		found.Latency = time.Duration(milliseconds * float64(time.Millisecond))
	}
	if identical, ok := at(result, "response", "body", "verifyResult", "isIdentical").(bool); ok {
		found.Identical = &identical
	}
	return found, nil
}

// text is the string at the end of a path of names; "" where there is none.
func text(value any, path ...string) string {
	found, _ := at(value, path...).(string)
	return found
}

// word is a text that is fit to be a label, and "" instead of any other. A UUID can name a session or a device, and an
// address a person.
func word(text string) string {
	if _, err := netip.ParseAddr(text); err == nil || !isCode(text) || uuid.Validate(text) == nil {
		return ""
	}
	return text
}
