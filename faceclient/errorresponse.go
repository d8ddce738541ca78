package faceclient

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// errorBody takes every shape in which the service and its gateway were seen to report an error.
type errorBody struct {
	Error struct {
		Code       looseString `json:"code"`
		StatusCode looseString `json:"statusCode"`
		Message    looseString `json:"message"`
	} `json:"error"`
	StatusCode looseString `json:"statusCode"`
	Message    looseString `json:"message"`
}

// looseString takes a JSON string or number and ignores anything else, so that one odd field does not hide the others.
type looseString string

func (s *looseString) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*s = looseString(text)
		return nil
	}
	var number json.Number
	if json.Unmarshal(data, &number) == nil {
		*s = looseString(number)
	}
	return nil
}

// errorFromResponse reads what the service says went wrong: the code by the order of the reference, and the wait. The
// body may be empty, HTML or cut short; what cannot be read is left out, and so is a code that is secret or a UUID, which
// names a session or a device.
func errorFromResponse(status int, header http.Header, body []byte, now time.Time, secret func(string) bool) *Error {
	var parsed errorBody
	_ = json.Unmarshal(body, &parsed) // broken JSON leaves it empty; a field of another type leaves the other fields
	code := strconv.Itoa(status)
	for _, candidate := range []string{
		header.Get("x-ms-error-code"),
		string(parsed.Error.Code), string(parsed.Error.StatusCode), string(parsed.StatusCode),
	} {
		if isCode(candidate) && uuid.Validate(candidate) != nil && !secret(candidate) {
			code = candidate
			break
		}
	}
	e := &Error{Code: code, Status: status, Message: Explain(status, code)}
	wait, ok := retryAfter(header.Get("Retry-After"), now)
	if !ok && status == http.StatusTooManyRequests {
		wait, _ = waitInMessage(string(parsed.Error.Message) + " " + string(parsed.Message))
	}
	e.Wait = wait
	return e
}

// isCode tells whether a code of the service is fit to be a label: 1 to 64 of [A-Za-z0-9_.-].
func isCode(code string) bool {
	if code == "" || len(code) > 64 {
		return false
	}
	for _, c := range []byte(code) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == '-':
		default:
			return false
		}
	}
	return true
}

// retryAfter reads a Retry-After header: whole seconds, or an HTTP date that is compared with now, the service's clock.
// A wait that is over is 0.
func retryAfter(header string, now time.Time) (time.Duration, bool) {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseUint(header, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return secondsToWait(seconds), true // out of range it is the highest number
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}

var waitPhrase = regexp.MustCompile(`(?i)\b(?:retry after|try again in) (\d{1,9}) second`)

// waitInMessage finds the wait that a 429 only tells in words: "Please retry after 1 second." or "Try again in 26
// seconds."
func waitInMessage(message string) (time.Duration, bool) {
	match := waitPhrase.FindStringSubmatch(message)
	if match == nil {
		return 0, false
	}
	seconds, err := strconv.ParseUint(match[1], 10, 64)
	return secondsToWait(seconds), err == nil
}

// secondsToWait bounds a wait so that no number of seconds overflows: nobody waits for a century.
func secondsToWait(seconds uint64) time.Duration {
	return time.Duration(min(seconds, uint64(math.MaxInt64/int64(time.Second)))) * time.Second
}
