package facetest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Shape is one of the forms that the body of an error takes.
type Shape int

// The shapes that were seen. A code that is no number has ShapeCode, whatever is asked.
const (
	ShapeCode       Shape = iota // {"error":{"code":"429","message":"…"}}
	ShapeStatusCode              // {"error":{"statusCode":429,"message":"…"}}
	ShapeFlat                    // {"statusCode":429,"message":"…"}
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
	w.Header().Set("X-Ms-Error-Code", code)
	w.Header().Set("Content-Type", "application/json")
	send(w, status, marshal(body))
}

// Status answers with a status and exactly this body, JSON by its content type; "" is an empty body. See [Fault.Header].
func Status(status int, body string) Fault {
	return Wrap(fmt.Sprintf("status %d", status), func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		send(w, status, []byte(body))
	})
}

// StatusError answers with a status, and the code in its header and in an error body in one of the service's shapes.
func StatusError(status int, shape Shape, code, message string) Fault {
	return Wrap(fmt.Sprintf("%d %s", status, code), func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		writeError(w, status, shape, code, message)
	})
}

// RateLimited answers 429 and asks to wait, in the header and in words as the gateway does. The wait is rounded up to seconds.
func RateLimited(wait time.Duration) Fault {
	seconds := int((wait + time.Second - 1) / time.Second)
	message := fmt.Sprintf("Requests to the session list have exceeded rate limit of your current Face F0 pricing tier. "+
		"Please retry after %d seconds. A higher tier has a higher limit.", seconds)
	return StatusError(http.StatusTooManyRequests, ShapeCode, "429", message).Header("Retry-After", strconv.Itoa(seconds))
}

// JSON answers 200 with this body in place of the page, billed like one.
func JSON(body string) Fault {
	fault := Status(http.StatusOK, body).Header("CSP-Billing-Usage", billingUsage)
	fault.name = "JSON " + body
	return fault
}

// HTML answers with a page of HTML, as a proxy or a captive portal does.
func HTML(status int) Fault {
	const page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to the network</h1></body></html>\n"
	return Status(status, page).Header("Content-Type", "text/html; charset=utf-8")
}

// Redirect answers with a redirect status and the address.
func Redirect(status int, location string) Fault {
	return Status(status, "").Header("Location", location)
}
