package facesim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// ErrorCodeHeader is the header in which every error has its code. A fault leaves it out by Header(ErrorCodeHeader, "").
const ErrorCodeHeader = "x-ms-error-code"

// billingUsage is the value of CSP-Billing-Usage on every answered page, an empty one included.
const billingUsage = "CognitiveServices.Face.Transaction=1"

// Shape is one of the forms that the body of an error takes.
type Shape int

// The shapes that were seen.
const (
	ShapeCode       Shape = iota // {"error":{"code":"429","message":"…"}}
	ShapeStatusCode              // {"error":{"statusCode":429,"message":"…"}}
	ShapeFlat                    // {"statusCode":429,"message":"…"}
)

// Hint is where a 429 says how long to wait.
type Hint int

// The places of the wait. HintHeader says it in the message too, as the gateway does.
const (
	HintHeader  Hint = iota // in Retry-After, whole seconds
	HintMessage             // only in the message
	HintNone                // nowhere
)

// errorBody writes a body in that shape. The two shapes with a number take the code's; a code that is no number has
// only the first shape.
func errorBody(shape Shape, code, message string) string {
	type detail struct {
		Code       string `json:"code,omitempty"`
		StatusCode int    `json:"statusCode,omitempty"`
		Message    string `json:"message"`
	}
	number, err := strconv.Atoi(code)
	if err != nil {
		shape = ShapeCode
	}
	var body any
	switch shape {
	case ShapeStatusCode:
		body = map[string]detail{"error": {StatusCode: number, Message: message}}
	case ShapeFlat:
		body = detail{StatusCode: number, Message: message}
	default:
		body = map[string]detail{"error": {Code: code, Message: message}}
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings and integers
	}
	return string(encoded)
}

// rateLimitMessage is a 429's. The sentence that names the wait differs by shape, as it does in the service.
func rateLimitMessage(shape Shape, seconds int, hint Hint) string {
	unit := "seconds"
	if seconds == 1 {
		unit = "second"
	}
	switch {
	case hint == HintNone:
		return "Rate limit is exceeded."
	case shape == ShapeCode:
		return fmt.Sprintf("Requests to the session list have exceeded rate limit of your current Face F0 pricing tier. "+
			"Please retry after %d %s. A higher tier has a higher limit.", seconds, unit)
	default:
		return fmt.Sprintf("Rate limit is exceeded. Try again in %d %s.", seconds, unit)
	}
}

// apiError is an error of the service, before it is an answer.
type apiError struct {
	status  int // 0: no error
	shape   Shape
	code    string
	message string
}

func (e apiError) write(w http.ResponseWriter) {
	h := w.Header()
	// A header that is there with no value is a fault's way to leave it out.
	if _, decided := h[http.CanonicalHeaderKey(ErrorCodeHeader)]; !decided {
		h.Set(ErrorCodeHeader, e.code)
	}
	writeBody(w, e.status, errorBody(e.shape, e.code, e.message))
}

// writeBody sends a body that is JSON unless a fault has said another type.
func writeBody(w http.ResponseWriter, status int, body string) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	send(w, status, []byte(body))
}

// send writes a whole answer. That the client has left is not the server's concern: net/http notices it.
func send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func writeRateLimited(w http.ResponseWriter, wait time.Duration, shape Shape, hint Hint) {
	seconds := int((wait + time.Second - 1) / time.Second)
	if hint == HintHeader {
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	apiError{http.StatusTooManyRequests, shape, "429", rateLimitMessage(shape, seconds, hint)}.write(w)
}

// Status answers with a status and exactly this body, JSON by its content type; "" is an empty body. See [Fault.Header].
func Status(status int, body string) Fault {
	return newFault(fmt.Sprintf("status %d", status), func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		writeBody(w, status, body)
	})
}

// StatusError answers with a status, the code in [ErrorCodeHeader] and an error body in one of the service's shapes. A
// code that is no number has ShapeCode whatever is asked.
func StatusError(status int, shape Shape, code, message string) Fault {
	return newFault(fmt.Sprintf("%d %s", status, code), func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		apiError{status, shape, code, message}.write(w)
	})
}

// RateLimited answers 429. The wait is rounded up to seconds; HintNone does not tell it.
func RateLimited(shape Shape, hint Hint, wait time.Duration) Fault {
	return newFault("429", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		writeRateLimited(w, wait, shape, hint)
	})
}
