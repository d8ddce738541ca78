package facetest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// ErrorCodeHeader is the header in which every error has its code. A fault leaves it out by Header(ErrorCodeHeader, "").
const ErrorCodeHeader = "x-ms-error-code"

// Shape is one of the forms that the body of an error takes.
type Shape int

// The shapes that were seen. A code that is no number has ShapeCode, whatever is asked.
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
)

// writeError writes an error of the service.
func writeError(w http.ResponseWriter, status int, shape Shape, code, message string) {
	number, err := strconv.Atoi(code)
	if err != nil {
		shape = ShapeCode
	}
	body := map[string]any{"statusCode": number, "message": message}
	if shape == ShapeCode {
		body = map[string]any{"code": code, "message": message}
	}
	if shape != ShapeFlat {
		body = map[string]any{"error": body}
	}
	w.Header().Set(ErrorCodeHeader, code)
	w.Header().Set("Content-Type", "application/json")
	send(w, status, marshal(body))
}

// Status answers with a status and exactly this body, JSON by its content type; "" is an empty body. See [Fault.Header].
func Status(status int, body string) Fault {
	return newFault(fmt.Sprintf("status %d", status), func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		send(w, status, []byte(body))
	})
}

// StatusError answers with a status, the code in [ErrorCodeHeader] and an error body in one of the service's shapes.
func StatusError(status int, shape Shape, code, message string) Fault {
	return newFault(fmt.Sprintf("%d %s", status, code), func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		writeError(w, status, shape, code, message)
	})
}

// RateLimited answers 429. The wait is rounded up to seconds.
func RateLimited(shape Shape, hint Hint, wait time.Duration) Fault {
	seconds := int((wait + time.Second - 1) / time.Second)
	message := fmt.Sprintf("Rate limit is exceeded. Try again in %d seconds.", seconds)
	if shape == ShapeCode {
		message = fmt.Sprintf("Requests to the session list have exceeded rate limit of your current Face F0 pricing tier. "+
			"Please retry after %d seconds. A higher tier has a higher limit.", seconds)
	}
	fault := StatusError(http.StatusTooManyRequests, shape, "429", message).Named("429")
	if hint == HintHeader {
		fault = fault.Header("Retry-After", strconv.Itoa(seconds))
	}
	return fault
}
