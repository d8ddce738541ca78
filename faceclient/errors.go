package faceclient

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Codes of failures for which the service has no code.
const (
	CodeTimeout         = "timeout"          // the attempt took longer than its time limit
	CodeConnection      = "connection"       // no connection, or it broke before the body's end
	CodeTLS             = "tls"              // the server's certificate or its TLS was refused
	CodeRedirect        = "redirect"         // the answer was a redirect; none is followed
	CodeInvalidResponse = "invalid_response" // status 200 with something that is no list of sessions
	CodeCanceled        = "canceled"         // the exporter itself gave the request up
	CodePagination      = "pagination"       // pages do not add up to a list, or to one that is too long
	CodeAuthentication  = "authentication"   // no credential could be obtained, so nothing was sent
	CodeQuotaExceeded   = "QuotaExceeded"    // status 403 whose text speaks of a quota
	CodePanic           = "panic"            // a bug of this program, given by the package that recovers
)

// ownCodes are the codes that only this package gives.
//
//nolint:gochecknoglobals // a table that never changes
var ownCodes = []string{
	CodeTimeout, CodeConnection, CodeTLS, CodeRedirect, CodeInvalidResponse, CodeCanceled, CodePagination, CodeAuthentication,
	CodeQuotaExceeded, CodePanic,
}

// ours reports whether a code is reserved for this package, or for the one that counts errors.
func ours(code string) bool {
	return code == "other" || code == "error" || slices.Contains(ownCodes, code)
}

// Error is the one kind of error that a request or a walk ends with. Its text never holds what the service wrote, an
// address, or a credential.
type Error struct {
	// Code is the service's own code if it sent a usable one, else the HTTP status, else one of the Code constants.
	Code string
	// Status is the HTTP status, or 0 if no answer came.
	Status int
	// Detail says why if the code leaves that open.
	Detail Detail
	// SignIn is the kind of sign-in that failed if no token of Entra ID could be obtained.
	SignIn EntraKind
	// AADSTS is the number by which Entra ID says why it refuses a sign-in (AADSTS7000215 is a wrong client secret); 0
	// if it gave none.
	AADSTS int
	// Pages is how many pages a list needs as a minimum if it is too long.
	Pages int
	// APIVersion is the version of the API that was asked.
	APIVersion string
	// Wait is how long the service asked to wait before the next request; 0 if it did not say.
	Wait time.Duration
	// RequestID is the service's apim-request-id and ClientRequestID the GUID that we sent; support asks for both.
	RequestID, ClientRequestID string
	// Before is the failure of the attempt before if the request was canceled while it waited to try again; else nil.
	Before *Error

	cause   error
	header  http.Header // of the answer; nil if there was none
	renewed bool        // another attempt has another credential
	passing bool        // the answer was no JSON, such as a gateway's page
}

// Error is for a developer: code, status and detail. What they mean is for a package that knows the program's settings.
func (e *Error) Error() string {
	var more []string
	if e.Status != 0 && e.Code != strconv.Itoa(e.Status) {
		more = append(more, "HTTP "+strconv.Itoa(e.Status))
	}
	if e.Detail != "" {
		more = append(more, string(e.Detail))
	}
	if e.AADSTS != 0 {
		more = append(more, "AADSTS"+strconv.Itoa(e.AADSTS))
	}
	text := e.Code
	if len(more) > 0 {
		text += " (" + strings.Join(more, ", ") + ")"
	}
	if e.Before != nil {
		text += "; before that, " + e.Before.Error()
	}
	return text
}

// Unwrap returns what the error comes from, only for errors.Is: the text of a cause can hold an address.
func (e *Error) Unwrap() error { return e.cause }

// temporary reports whether the same request may succeed a moment later.
func (e *Error) temporary() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	if e.Status >= 520 && e.Status <= 529 { // of content delivery networks that do not reach the service
		return true
	}
	return e.Code == CodeTimeout || e.Code == CodeConnection || e.passing
}

// asksToWait reports whether the service asks for a pause of all requests to the resource.
func (e *Error) asksToWait() bool {
	return e.Status == http.StatusTooManyRequests || (e.temporary() && e.Wait > 0)
}

// Refused reports whether the service refuses this resource, so that asking again soon is of no use: a wrong key, a
// missing role or a resource without a list (401, 403 or 404).
func (e *Error) Refused() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden || e.Status == http.StatusNotFound
}

// Code returns the error_code of any error that a walk ended with; "" for nil.
func Code(err error) string {
	failure, ok := errors.AsType[*Error](err)
	switch {
	case err == nil:
		return ""
	case ok:
		return failure.Code
	case errors.Is(err, context.Canceled):
		return CodeCanceled
	case errors.Is(err, context.DeadlineExceeded):
		return CodeTimeout
	}
	return CodeConnection
}

// ErrorCodes are the codes that the list operations are known to fail with, those of this package included. Each call makes
// a new slice.
func ErrorCodes() []string {
	return append(slices.Clone(ownCodes),
		"BadArgument", "BadRequest", "PermissionDenied", "Unspecified", "UnsupportedFeature", "ResourceNotFound", "SessionNotFound",
		"ConcurrentOperationConflict", "401", "403", "404", "429", "500", "502", "503", "504",
	)
}
