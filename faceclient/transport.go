package faceclient

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

const (
	clientRequestID = "Client-Request-Id"
	// maxErrorBody is how much of an error's body is read, in bytes.
	maxErrorBody = 64 << 10
)

// layers are what an attempt passes, from the outermost to the transport. The error of each is an *Error.
func (c *Client) layers(s *settings, what *call, counted *observed) http.RoundTripper {
	counted.next = answers{s.Transport, s, what}
	return authorized{waits{timed{counted, s.RequestTimeout}, s, c.pace, what}, s}
}

// authorized completes the header. A credential that the service refuses is renewed.
type authorized struct {
	next     http.RoundTripper
	settings *settings
}

func (l authorized) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	request = request.Clone(ctx)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", l.settings.UserAgent)
	request.Header.Set(clientRequestID, uuid.NewString())
	if err := l.settings.Credential.Authorize(ctx, request.Header); err != nil {
		if failure, ok := errors.AsType[*Error](err); ok {
			return nil, failure
		} else if ctx.Err() != nil {
			return nil, canceled(nil)
		}
		return nil, &Error{Code: CodeAuthentication, Detail: secretDetail(err), cause: err}
	}
	response, err := l.next.RoundTrip(request)
	if failure, ok := errors.AsType[*Error](err); ok && failure.Status == http.StatusUnauthorized {
		failure.renewed = l.settings.Credential.Rejected(request.Header)
	}
	return response, err
}

// waits holds an attempt until it may be sent, and lets the pace learn from what came of it.
type waits struct {
	next     http.RoundTripper
	settings *settings
	pace     *pace
	what     *call
}

func (l waits) RoundTrip(request *http.Request) (*http.Response, error) {
	admitted, err := l.pace.admit(request.Context(), l.what.lookUp)
	l.settings.Observer.ObserveThrottle(l.what.operation, admitted.throttled)
	if err != nil {
		return nil, canceled(nil) // the reason that the context gives is not ours to tell
	}
	defer admitted.place.Release(1)
	response, err := l.next.RoundTrip(request)
	if failure, _ := errors.AsType[*Error](err); !l.what.lookUp {
		l.pace.learn(admitted, failure, l.settings.MaxRetryWait)
	}
	return response, err
}

// errAttemptTimeout is why the context of an attempt ends.
var errAttemptTimeout = errors.New("attempt timed out")

// timed bounds the time of an attempt, from sending to the end of the body.
type timed struct {
	next  http.RoundTripper
	limit time.Duration
}

func (l timed) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(request.Context(), l.limit, errAttemptTimeout)
	defer cancel()
	return l.next.RoundTrip(request.WithContext(ctx))
}

// observed counts an attempt, and tells the observer and the log of it. One that was given up before anything was sent is not
// paid for and not counted. One that Go's transport sent again by itself, because a kept connection broke, counts each time.
type observed struct {
	next     http.RoundTripper
	pace     *pace
	settings *settings
	what     *call
	attempts int
}

func (l *observed) RoundTrip(request *http.Request) (*http.Response, error) {
	var sent atomic.Int64
	trace := &httptrace.ClientTrace{WroteRequest: func(wrote httptrace.WroteRequestInfo) {
		if wrote.Err == nil { // else the service has not got it whole
			sent.Add(1)
		}
	}}
	began := time.Now()
	response, err := l.next.RoundTrip(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	attempt := Attempt{Operation: l.what.operation, Duration: time.Since(began)}
	failure, failed := errors.AsType[*Error](err)
	if failed && failure.Code == CodeCanceled && sent.Load() == 0 {
		return nil, err
	}
	for range sent.Load() - 1 {
		l.pace.limiter.Reserve() // it was sent without waiting, so the next one waits longer
		l.observe(Attempt{Operation: attempt.Operation, ErrorCode: CodeConnection, Duration: attempt.Duration})
	}
	var header http.Header
	if failed {
		attempt.Status, header = failure.Status, failure.header
	} else {
		attempt.Status, header = response.StatusCode, response.Header
	}
	if !l.what.answered(failure) {
		attempt.ErrorCode = failure.Code
	}
	attempt.Billed = billed(header)
	l.observe(attempt)
	l.settings.Logger.DebugContext(request.Context(), "API request",
		"host", l.settings.host, "operation", attempt.Operation, "status", attempt.Status, "duration", attempt.Duration,
		"client_request_id", request.Header.Get(clientRequestID), "apim_request_id", l.settings.requestID(request, header),
		"error_code", attempt.ErrorCode)
	return response, err
}

func (l *observed) observe(attempt Attempt) {
	if l.attempts++; l.attempts > 1 {
		l.settings.Observer.ObserveRetry(attempt.Operation)
	}
	l.settings.Observer.ObserveAttempt(attempt)
}

// answers sends an attempt and reads the answer to its end, so that a body that breaks off is a failed attempt like any other.
// After a failure that can come of a host that has moved to another address, no kept connection is used again.
type answers struct {
	next     http.RoundTripper
	settings *settings
	what     *call
}

func (l answers) RoundTrip(request *http.Request) (*http.Response, error) {
	began := time.Now()
	response, err := l.next.RoundTrip(request)
	roundTrip := time.Since(began)
	var failure *Error
	if err != nil {
		failure = fromTransport(request.Context(), err)
	} else if failure = l.read(request, response, roundTrip); failure != nil {
		failure.Status, failure.header = response.StatusCode, response.Header
		failure.RequestID = l.settings.requestID(request, response.Header)
	}
	if failure == nil {
		return response, nil
	}
	failure.APIVersion, failure.ClientRequestID = l.settings.APIVersion, request.Header.Get(clientRequestID)
	switch {
	case failure.Code == CodeConnection, failure.Code == CodeTimeout, failure.Code == CodeTLS,
		failure.Status == http.StatusUnauthorized, failure.Status == http.StatusForbidden:
		l.settings.closeIdle()
	}
	return nil, failure
}

// read reads and decodes the body, and says what is wrong with the answer; nil if nothing is.
func (l answers) read(request *http.Request, response *http.Response, roundTrip time.Duration) *Error {
	defer response.Body.Close()
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		date = time.Now()
	}
	body, status := l.what.body, response.StatusCode
	body.Reset()
	switch {
	case status < 200: // such as 101: what follows is no HTTP any more, and has no end
		return &Error{Code: strconv.Itoa(status)}
	case status >= 400:
		_, _ = body.ReadFrom(io.LimitReader(response.Body, maxErrorBody)) // a cut body still has its status
		return errorFromResponse(response, body.Bytes(), date, func(text string) bool { return l.settings.echoes(request, text) })
	case status >= 300:
		return &Error{Code: CodeRedirect}
	}
	_, err = body.ReadFrom(io.LimitReader(response.Body, int64(l.what.limit)+1))
	switch {
	case err != nil:
		return fromTransport(request.Context(), err)
	case body.Len() > l.what.limit:
		err = invalid()
	default:
		err = l.what.decode(date, roundTrip)
	}
	failure, failed := errors.AsType[*Error](err)
	if failed && status != http.StatusOK && failure.Code != CodePagination {
		return &Error{Code: CodeInvalidResponse} // such as 202 or 204 without a list
	}
	return failure
}

// requestID is the service's name for a request, "" unless it is a UUID that was not sent.
func (s *settings) requestID(request *http.Request, header http.Header) string {
	id := header.Get("Apim-Request-Id")
	if uuid.Validate(id) != nil || s.echoes(request, id) {
		return ""
	}
	return id
}

// echoes reports whether a text is a good part of the address or of a secret that was sent.
func (s *settings) echoes(request *http.Request, text string) bool {
	const goodPart = 8 // characters
	in := func(sent string) bool { return len(text) >= goodPart && strings.Contains(sent, text) }
	return in(request.URL.RequestURI()) || slices.ContainsFunc(s.Credential.SecretHeaders(), func(name string) bool {
		return in(request.Header.Get(name))
	})
}
