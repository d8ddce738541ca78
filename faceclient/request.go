package faceclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-retryablehttp"
)

// call is what to ask the service for, and what to make of the answer.
type call struct {
	operation Operation
	session   string     // the id of the session that is asked for; "" asks for the list
	query     url.Values // of the list
	most      int        // attempts; 0 is any number
	decode    decoder
}

// answered reports whether an attempt brought what the caller can use. That a session is not there is such an answer.
func (c *call) answered(o outcome) bool {
	return o.failure == nil || c.session != "" && o.failure.Status == http.StatusNotFound
}

// request is one call under way. It is the transport, the retry policy and the backoff of go-retryablehttp, because each
// of them needs what the last attempt brought.
type request struct {
	call
	client   *Client
	settings *settings
	last     outcome
	attempts int
	retries  retries
	decision decision
}

// do sends a call until it is answered or another try is pointless. It returns the number of attempts. The error is an
// *Error. It wraps [ErrNoAttempts] as well if another attempt would have been one too many.
func (c *Client) do(ctx context.Context, what call) (attempts int, err error) {
	s := c.settings.Load()
	r := &request{
		call: what, client: c, settings: s,
		retries: retries{limit: s.MaxRetries},
	}
	address := s.address + "/" + string(what.operation) + "/singleModal/sessions"
	if what.session != "" {
		address += "/" + what.session
	}
	if len(what.query) > 0 {
		address += "?" + what.query.Encode()
	}
	httpRequest, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, fromTransport(err)
	}
	retrying := retryablehttp.Client{
		HTTPClient: &http.Client{Transport: r},
		RetryMax:   math.MaxInt32, // retries.next counts: not every attempt costs a retry
		CheckRetry: r.checkRetry,
		Backoff:    r.backoff,
		// The library's own last word would quote the address.
		ErrorHandler: func(_ *http.Response, err error, _ int) (*http.Response, error) { return nil, err },
	}
	response, err := retrying.Do(httpRequest)
	if err == nil {
		return r.attempts, response.Body.Close()
	}
	failure := r.last.failure
	switch {
	case ctx.Err() != nil && (failure == nil || failure.Code != CodeAuthentication):
		canceled := fromTransport(context.Canceled)
		if canceled.Before = failure; failure == nil || failure.Code == CodeCanceled {
			canceled.Before = c.pace.gate.closedBy()
		}
		return r.attempts, canceled
	case errors.Is(err, ErrNoAttempts):
		return r.attempts, fmt.Errorf("%w after %w", ErrNoAttempts, failure)
	case failure != nil:
		return r.attempts, failure
	}
	return r.attempts, fromTransport(err)
}

// RoundTrip is one attempt. It waits until it may be sent, sends, and reads the answer to its end.
func (r *request) RoundTrip(httpRequest *http.Request) (*http.Response, error) {
	if r.most > 0 && r.attempts >= r.most {
		return nil, ErrNoAttempts
	}
	header := httpRequest.Header.Clone()
	admitted, failure := r.prepare(httpRequest.Context(), header)
	if failure != nil {
		return nil, r.unsent(failure)
	}
	defer r.client.pace.release()
	defer func() {
		if r.client.settings.Load() != r.settings {
			r.settings.closeIdle() // no request will use its connections any more
		}
	}()
	ctx, cancel := context.WithTimeoutCause(httpRequest.Context(), r.settings.RequestTimeout, errAttemptTimeout)
	defer cancel()

	o := r.send(ctx, httpRequest, header)
	if o.unsent() {
		return nil, r.unsent(o.failure)
	}
	r.book(ctx, o, admitted)
	if o.failure != nil {
		return nil, o.failure
	}
	return &http.Response{StatusCode: o.status, Header: o.header, Body: http.NoBody, Request: httpRequest}, nil
}

// prepare completes the header and waits until the request may be sent. If it has not failed, the caller must release its
// place.
func (r *request) prepare(ctx context.Context, header http.Header) (permit, *Error) {
	header.Set("Accept", "application/json")
	header.Set("User-Agent", r.settings.UserAgent)
	header.Set(clientRequestID, uuid.NewString())
	if err := r.settings.Credential.Authorize(ctx, header); err != nil {
		return permit{}, unauthorized(ctx, err)
	}
	admitted, err := r.client.pace.admit(ctx)
	r.settings.Observer.ObserveThrottle(r.operation, admitted.throttled)
	if err != nil {
		return permit{}, fromTransport(context.Canceled) // whatever the reason that was given for it
	}
	return admitted, nil
}

// unauthorized says why there is no credential.
func unauthorized(ctx context.Context, err error) *Error {
	failure, ok := errors.AsType[*Error](err)
	switch {
	case ok:
		return failure
	case ctx.Err() != nil:
		return fromTransport(context.Canceled)
	}
	return &Error{Code: CodeAuthentication, Detail: secretDetail(err), cause: err}
}

// unsent takes an attempt back that was given up before anything was sent. The failure of the attempt before it says more
// than that this one was canceled.
func (r *request) unsent(failure *Error) *Error {
	if r.last.failure == nil || failure.Code != CodeCanceled {
		r.last = outcome{failure: failure}
	}
	return failure
}

// book is the one place that counts an attempt: for the pace of the resource, for the observer, and in the
// log.
func (r *request) book(ctx context.Context, o outcome, admitted permit) {
	first := r.attempts == 0
	r.last = o
	repeats, answered := max(0, o.writes-1), r.answered(o)
	r.attempts += 1 + repeats
	r.client.pace.repeated(repeats)
	if answered {
		r.client.answered.Add(1)
		r.client.pace.answered()
	} else {
		if o.failure.Status == http.StatusTooManyRequests {
			r.client.pace.refused(admitted)
		}
		if o.failure.asksToWait() {
			r.client.pace.gate.closeFor(retryWait(r.retries.used, o.failure.Wait, r.settings.MaxRetryWait), o.failure)
		}
	}

	observer := r.settings.Observer
	if !first {
		observer.ObserveRetry(r.operation)
	}
	for range repeats {
		observer.ObserveRetry(r.operation)
		observer.ObserveAttempt(Attempt{Operation: r.operation, ErrorCode: CodeConnection, Duration: o.duration})
	}
	attempt := Attempt{Operation: r.operation, Status: o.status, Duration: o.duration, Billed: billed(o.header)}
	if !answered {
		attempt.ErrorCode = o.failure.Code
	}
	observer.ObserveAttempt(attempt)

	attributes := append(make([]slog.Attr, 0, 7),
		slog.String("host", r.settings.host),
		slog.String("operation", string(r.operation)),
		slog.Int("status", attempt.Status),
		slog.Duration("duration", attempt.Duration),
		slog.String("client_request_id", o.sent.Get(clientRequestID)),
	)
	if o.header != nil {
		attributes = append(attributes, slog.String("apim_request_id", o.id))
	}
	if attempt.ErrorCode != "" {
		attributes = append(attributes, slog.String("error_code", attempt.ErrorCode))
	}
	r.settings.Logger.LogAttrs(ctx, slog.LevelDebug, "API request", attributes...)
	if o.failure == nil && o.status != http.StatusOK && r.client.oddStatus.CompareAndSwap(false, true) {
		r.settings.Logger.LogAttrs(ctx, slog.LevelWarn, "the service answers with another status than 200; its answer is taken", attributes...)
	}
}

// checkRetry is go-retryablehttp's policy: whether to try again after the last attempt.
func (r *request) checkRetry(ctx context.Context, _ *http.Response, err error) (bool, error) {
	failure := r.last.failure
	if err == nil || ctx.Err() != nil || failure == nil || errors.Is(err, ErrNoAttempts) {
		return false, nil
	}
	renewed := failure.Status == http.StatusUnauthorized && r.settings.Credential.Rejected(r.last.sent)
	r.retries, r.decision = r.retries.next(failure, r.client.answered.Load(), renewed)
	return r.decision != giveUp, nil
}

// backoff is go-retryablehttp's wait before a retry.
func (r *request) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration {
	if r.decision == retryNow {
		return 0
	}
	return retryWait(max(0, r.retries.used-1), 0, r.settings.MaxRetryWait)
}
