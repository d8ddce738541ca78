package facesim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

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
	HintMessage             // in the message alone
	HintNone                // nowhere
)

// What the server itself says to credentials that it does not take.
const (
	wrongKeyBody      = `{"error":{"code":"401","message":"Access denied: the subscription key is invalid or belongs to another endpoint."}}`
	wrongTokenBody    = `{"error":{"code":"Unspecified","message":"Access denied: the token is invalid or out of date."}}`
	noCredentialsBody = `{"statusCode":401,"message":"Access denied: the request carries no subscription key."}`
	regionalTokenBody = `{"error":{"code":"BadRequest","message":"A token needs the resource's own subdomain; this endpoint is regional."}}`
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

// rateLimitedBody is a 429's. The sentence that names the wait differs by shape, as it does in the service.
func rateLimitedBody(shape Shape, seconds int, hint Hint) string {
	message := "Rate limit is exceeded."
	unit := "seconds"
	if seconds == 1 {
		unit = "second"
	}
	switch {
	case hint == HintNone:
	case shape == ShapeCode:
		message = fmt.Sprintf("Requests to the session list have exceeded rate limit of your current Face F0 pricing tier. "+
			"Please retry after %d %s. A higher tier has a higher limit.", seconds, unit)
	default:
		message = fmt.Sprintf("Rate limit is exceeded. Try again in %d %s.", seconds, unit)
	}
	return errorBody(shape, "429", message)
}

func writeError(w http.ResponseWriter, status int, body string) {
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
	writeError(w, http.StatusTooManyRequests, rateLimitedBody(shape, seconds, hint))
}

// Status answers with a status and a body, JSON by its content type; an empty body is one too. See [Fault.Header].
func Status(status int, body string) Fault {
	return newFault(fmt.Sprintf("status %d", status), func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		writeError(w, status, body)
	})
}

// StatusError answers with a status and an error body in one of the service's shapes. A code that is no number has
// ShapeCode whatever is asked.
func StatusError(status int, shape Shape, code, message string) Fault {
	return Status(status, errorBody(shape, code, message)).named(fmt.Sprintf("%d %s", status, code))
}

// RateLimited answers 429. The wait is rounded up to seconds; HintNone does not tell it.
func RateLimited(shape Shape, hint Hint, wait time.Duration) Fault {
	return newFault("429", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		writeRateLimited(w, wait, shape, hint)
	})
}

// HTML answers with a page of HTML, as a proxy or a captive portal does.
func HTML(status int) Fault {
	const page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to the network</h1></body></html>\n"
	return Status(status, page).Header("Content-Type", "text/html; charset=utf-8").named(fmt.Sprintf("HTML %d", status))
}

// Redirect answers with a redirect status and the address.
func Redirect(status int, location string) Fault {
	return Status(status, "").Header("Location", location).named(fmt.Sprintf("redirect %d", status))
}

// KnownError is one documented error of the list operation.
type KnownError struct {
	Name   string
	Status int
	Code   string // what a client should take for its code
	Retry  bool   // whether another try can help
	Fault  Fault
}

// KnownErrors are the documented errors of the list operation, in each shape that was seen of them, and answers in which
// the code stands in another place.
func KnownErrors() []KnownError {
	known := func(name string, status int, code string, retry bool, fault Fault) KnownError {
		return KnownError{Name: name, Status: status, Code: code, Retry: retry, Fault: fault.named(name)}
	}
	simple := func(name string, status int, code string, retry bool) KnownError {
		return known(name, status, code, retry, StatusError(status, ShapeCode, code, "The request failed: "+name+"."))
	}
	return []KnownError{
		simple("bad argument", 400, "BadArgument", false),
		known("token on a regional endpoint", 400, "BadRequest", false, Status(400, regionalTokenBody)),
		known("wrong key", 401, "401", false, Status(401, wrongKeyBody)),
		known("no credentials, flat", 401, "401", false, Status(401, noCredentialsBody)),
		known("wrong token", 401, "Unspecified", false, Status(401, wrongTokenBody)),
		simple("principal without the role", 401, "PermissionDenied", false),
		simple("limited access not granted", 403, "UnsupportedFeature", false),
		simple("firewall", 403, "403", false),
		simple("no list in this version", 404, "404", false),
		simple("no such resource", 404, "ResourceNotFound", false),
		simple("conflict", 409, "ConcurrentOperationConflict", true),
		known("rate limit, code", 429, "429", true, RateLimited(ShapeCode, HintHeader, time.Second)),
		known("rate limit, statusCode", 429, "429", true, RateLimited(ShapeStatusCode, HintMessage, time.Second)),
		known("rate limit, flat", 429, "429", true, RateLimited(ShapeFlat, HintNone, time.Second)),
		simple("server error", 500, "Unspecified", true),
		known("bad gateway, HTML", 502, "502", true, HTML(502)),
		known("unavailable, empty", 503, "503", true, Status(503, "")),
		known("gateway time-out, statusCode", 504, "504", true, StatusError(504, ShapeStatusCode, "504", "Timed out.")),
		known("code in the header", 500, "Unspecified", true, Status(500, "").Header("x-ms-error-code", "Unspecified")),
		known("header before body", 409, "ConcurrentOperationConflict", true,
			StatusError(409, ShapeCode, "Other", "Conflict.").Header("x-ms-error-code", "ConcurrentOperationConflict")),
	}
}
