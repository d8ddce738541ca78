package faceclient

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Codes of what goes wrong before the service has named a code of its own.
const (
	CodeTimeout         = "timeout"          // the attempt took longer than its time-out
	CodeConnection      = "connection"       // no connection, or it broke before the body's end
	CodeTLS             = "tls"              // the server's certificate or its TLS was refused
	CodeRedirect        = "redirect"         // the answer was a redirect; none is followed
	CodeInvalidResponse = "invalid_response" // status 200 with something that is no list of sessions
	CodeCanceled        = "canceled"         // the exporter itself gave the request up
	CodePagination      = "pagination"       // pages do not add up to a list, or to one that is too long
	CodeAuthentication  = "authentication"   // no credential could be had, so nothing was sent
	CodeQuotaExceeded   = "QuotaExceeded"    // status 403 whose text speaks of a quota
)

// ours tells whether a code is one that only this package gives. A service cannot take it.
func ours(code string) bool {
	switch code {
	case CodeTimeout, CodeConnection, CodeTLS, CodeRedirect, CodeInvalidResponse, CodeCanceled, CodePagination, CodeAuthentication,
		CodeQuotaExceeded, codeOther, codeError:
		return true
	}
	return false
}

// Labels by which whoever counts stands for codes that are too many, and for a status that did not come.
const (
	codeOther = "other"
	codeError = "error"
)

// Error is the one kind of error that a request or a walk ends with. Its text never holds what the service wrote, an
// address, or a credential.
type Error struct {
	// Code is the service's own code where it sent a usable one, else the HTTP status, else one of the Code constants.
	Code string
	// Status is the HTTP status, or 0 where no answer came.
	Status int
	// Detail says why, where the code leaves that open.
	Detail Detail
	// SignIn is the kind of sign-in that failed, where the credential is one of Entra ID and could not be had.
	SignIn EntraKind
	// AADSTS is the number by which Entra ID says why it refuses a sign-in (AADSTS7000215 is a wrong client secret); 0
	// where it gave none.
	AADSTS int
	// APIVersion is the version of the API that was asked.
	APIVersion string
	// Message says in our words what it means and what to do.
	Message string
	// Wait is how long the service asked to wait before the next request; 0 where it did not say.
	Wait time.Duration
	// RequestID is the service's apim-request-id and ClientRequestID the GUID that we sent; support asks for both.
	RequestID, ClientRequestID string
	// Before is what the last attempt failed with where the next one was given up while it waited; nil elsewhere.
	Before *Error

	cause error
}

func (e *Error) Error() string {
	text := e.Code
	if e.Status != 0 && e.Code != strconv.Itoa(e.Status) {
		text += " (HTTP " + strconv.Itoa(e.Status) + ")"
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Before != nil {
		text += "; before that, " + e.Before.Error()
	}
	return text
}

// Unwrap gives what the error comes from, for errors.Is alone: the text of a cause can hold an address.
func (e *Error) Unwrap() error { return e.cause }

// temporary tells whether the same request can go well a moment later.
func (e *Error) temporary() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	if e.Status >= 520 && e.Status <= 529 { // of content delivery networks that do not reach the service
		return true
	}
	return e.Code == CodeTimeout || e.Code == CodeConnection || errors.Is(e.cause, errNoJSON)
}

// asksToWait tells whether the service wants fewer requests for a while, from everybody.
func (e *Error) asksToWait() bool {
	return e.Status == http.StatusTooManyRequests || (e.temporary() && e.Wait > 0)
}

// Refused tells whether the service refuses this resource, so that asking again soon is of no use: a wrong key, a
// missing role or a resource without a list (401, 403 or 404).
func (e *Error) Refused() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden || e.Status == http.StatusNotFound
}

// Code gives the error_code of any error that a walk ended with; "" for nil.
func Code(err error) string {
	var apiError *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &apiError):
		return apiError.Code
	case errors.Is(err, context.Canceled):
		return CodeCanceled
	case errors.Is(err, context.DeadlineExceeded):
		return CodeTimeout
	}
	return CodeConnection
}

// ErrorCodes are the codes that the list operations are known to fail with, those of this package included.
func ErrorCodes() []string {
	codes := []string{
		CodeTimeout, CodeConnection, CodeTLS, CodeRedirect, CodeInvalidResponse, CodeCanceled, CodePagination, CodeAuthentication,
	}
	for _, known := range Explanations() {
		if !slices.Contains(codes, known.Code) {
			codes = append(codes, known.Code)
		}
	}
	return codes
}

// Explanation says what a code means and what to do about it.
type Explanation struct {
	// Status is the HTTP status that the code comes with; 0 stands for any, and for none where no answer came.
	Status int
	// Code is the label error_code.
	Code string
	// Meaning is one line without a full stop.
	Meaning string
}

// Explanations are the documented answers of the list operations, most specific first, and then what goes wrong before
// the service has named a code. A code comes twice where its meaning depends on the status. Each call makes a new slice.
func Explanations() []Explanation {
	return []Explanation{
		{400, "BadArgument", "the service refuses start or top; lower api.page_size, or report a bug of this exporter"},
		{400, "BadRequest", "a bearer token went to a regional endpoint; use the resource's custom subdomain, or a key"},
		{401, "PermissionDenied", "the Entra ID principal lacks the role; assign Cognitive Services Data Reader (Preview) or Cognitive Services User"},
		{401, "Unspecified", "the key or token is not accepted; check that the key belongs to this endpoint"},
		{401, "401", "the key or token is not accepted; check that the key belongs to this endpoint"},
		{403, "UnsupportedFeature", "limited access to liveness detection is not granted to this subscription; apply for it"},
		{403, "403", "the resource's network rules refuse this machine; allow its address or use the private endpoint"},
		{404, "ResourceNotFound", "this resource or API version has no list of sessions; use api.version v1.2-preview.1 or v1.1-preview.1"},
		{404, "404", "this resource or API version has no list of sessions; use api.version v1.2-preview.1 or v1.1-preview.1"},
		{409, "ConcurrentOperationConflict", "another operation was under way; it is tried again"},
		{429, "429", "the resource's rate limit is used up, by this exporter or by production; lower api.max_requests_per_second or raise refresh.interval"},
		{500, "Unspecified", "the service failed; it is tried again"},
		{500, "500", "the service failed; it is tried again"},
		{502, "502", "a gateway before the service failed; it is tried again"},
		{503, "503", "the service is unavailable; it is tried again"},
		{504, "504", "a gateway before the service timed out; it is tried again"},
		{0, CodeTimeout, "no whole answer came in time; check the network and the proxy, or raise api.request_timeout"},
		{0, CodeConnection, "the connection failed or broke; check network, DNS and proxy"},
		{0, CodeTLS, "the server's certificate is not trusted; check the endpoint, the system's CAs and tls.ca_file"},
		{0, CodeRedirect, "the endpoint redirects, and a key is never sent on; use the resource's own endpoint"},
		{0, CodeInvalidResponse, "the answer is no list of sessions; check that the endpoint is a Face resource and no portal or proxy answers for it"},
		{0, CodeCanceled, "given up because the exporter stops or the refresh had brought no page for refresh.timeout; it is tried again"},
		{0, CodePagination, "the pages do not add up to a list, or to one longer than api.max_pages; raise api.max_pages, or report a bug"},
		{0, CodeAuthentication, "no credential could be had; check key_file or the Entra ID settings"},
	}
}

// Explain says what a code means and what to do about it, in one line without a full stop. The status decides where a
// code has several meanings; 0 stands for none.
func Explain(status int, code string) string {
	fallback := ""
	for _, known := range Explanations() {
		if known.Code == code && (known.Status == status || known.Status == 0) {
			return known.Meaning
		}
		if known.Status == status && known.Code == strconv.Itoa(status) {
			fallback = known.Meaning
		}
	}
	return fallback
}
