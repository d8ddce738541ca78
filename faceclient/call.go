package faceclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-retryablehttp"
)

const (
	clientRequestID = "client-request-id"
	// minRetryWait is the first wait before a retry that the service does not time; it doubles from there.
	minRetryWait = 500 * time.Millisecond
	// forgivenPerRetry is how many failures of a request, to each retry that it has, use up none because others get through.
	forgivenPerRetry = 3
	// maxErrorBody is how much of an error's body is read.
	maxErrorBody = 64 << 10
)

// errAttemptTimeout is why an attempt's context ends.
var errAttemptTimeout = errors.New("attempt timed out")

// maxBody is how large a page of so many sessions may be: about ten times what the service was seen to send.
func maxBody(sessions int) int { return 64<<10 + sessions*4<<10 }

// call is one request for a page and its retries. It is the transport, the retry policy and the backoff that it gives
// to go-retryablehttp, because all three look at the same answer.
type call struct {
	client    *Client
	operation Operation
	ledger    *ledger
	page      *page
	top       int
	// life ends an attempt that was sent. The request's own context ends waiting for one as well.
	life context.Context

	failure     *Error      // of the last attempt
	sent        http.Header // of the last attempt
	attempts    int
	retriesUsed int
	forgiven    int // failures that used up no retry
	// answeredLast is the client's count of pages at this call's last 429, and pagesLast the walk's at its last failure.
	answeredLast int64
	pagesLast    int
	// reauthorized is set once another credential was asked for after a 401.
	reauthorized bool
}

// fetch gets the page after start into p. Once wanted ends, which it does with ctx, no attempt is sent any more; one that
// was goes on, because it is paid for and its connection is good. The error is an *Error; it wraps errAllowance as well
// where the ledger has no attempt left, and is that alone where none was made.
func (c *Client) fetch(ctx, wanted context.Context, operation Operation, start string, l *ledger, p *page) error {
	top := c.options.PageSize
	attempt := &call{client: c, operation: operation, ledger: l, page: p, top: top, life: ctx, pagesLast: l.pages()}
	target := c.base.JoinPath("face", c.options.APIVersion, string(operation), "singleModal", "sessions")
	target.RawQuery = url.Values{"start": {start}, "top": {strconv.Itoa(top)}}.Encode()
	request, err := retryablehttp.NewRequestWithContext(wanted, http.MethodGet, target.String(), nil)
	if err != nil {
		return fromTransport(err)
	}
	retrying := retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: attempt},
		RetryMax:     math.MaxInt32, // checkRetry counts: not every attempt uses up a retry
		CheckRetry:   attempt.checkRetry,
		Backoff:      attempt.backoff,
		ErrorHandler: attempt.giveUp,
	}
	response, err := retrying.Do(request)
	if err == nil {
		return response.Body.Close()
	}
	switch {
	case wanted.Err() != nil:
		canceled := fromTransport(context.Canceled)
		if attempt.failure != nil && attempt.failure.Code != CodeCanceled {
			canceled.Before = attempt.failure
		}
		return canceled
	case errors.Is(err, errAllowance) && attempt.failure != nil:
		return fmt.Errorf("%w after %w", errAllowance, attempt.failure)
	case errors.Is(err, errAllowance):
		return errAllowance
	case attempt.failure != nil:
		return attempt.failure
	}
	return fromTransport(err)
}

// RoundTrip is one attempt: it waits for its turn, sends, and reads and decodes the whole answer, so that a body that
// breaks off is one more reason to try again.
func (a *call) RoundTrip(request *http.Request) (*http.Response, error) {
	if !a.ledger.reserve() {
		return nil, errAllowance
	}
	request = request.Clone(request.Context())
	admitted, failure := a.prepare(request)
	if failure != nil {
		return nil, a.unsent(failure)
	}
	defer a.client.pace.leave()
	ctx, cancel := context.WithTimeoutCause(a.life, a.client.options.RequestTimeout, errAttemptTimeout)
	defer cancel()

	a.ledger.sent()
	response, sent, failure := a.exchange(request.WithContext(ctx)) //nolint:contextcheck // see call.life
	if !sent {
		return nil, a.unsent(failure)
	}
	a.failure = failure
	switch {
	case failure == nil:
		a.client.answered.Add(1)
		a.ledger.answered()
		a.client.pace.answered()
		response.Body = http.NoBody
		return response, nil
	case failure.Status == http.StatusTooManyRequests:
		a.client.pace.refused(admitted)
	}
	return nil, failure
}

// prepare completes the request and waits until it may be sent. Where it has not failed, the place in flight is the
// caller's to leave.
func (a *call) prepare(request *http.Request) (pass, *Error) {
	ctx, options := request.Context(), &a.client.options
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", options.UserAgent)
	request.Header.Set(clientRequestID, uuid.NewString())
	if err := options.Credential.Authorize(ctx, request.Header); err != nil {
		if ctx.Err() != nil {
			return pass{}, fromTransport(context.Canceled)
		}
		return pass{}, &Error{Code: CodeAuthentication, Message: Explain(0, CodeAuthentication), cause: err}
	}
	a.sent = request.Header
	admitted, err := a.client.pace.enter(ctx)
	options.Observer.ObserveThrottle(a.operation, admitted.throttled)
	if err != nil {
		return pass{}, fromTransport(err)
	}
	return admitted, nil
}

// unsent gives an attempt back that was given up before anything was sent, and why. What the attempt before it failed with
// says more than that this one was canceled.
func (a *call) unsent(failure *Error) *Error {
	a.ledger.giveBack()
	if a.failure == nil || failure.Code != CodeCanceled {
		a.failure = failure
	}
	return failure
}

// exchange sends the request, reads the answer into the page, and tells the observer what became of it, unless it was
// canceled before it was sent. The response is nil where none came; its body is closed.
func (a *call) exchange(request *http.Request) (response *http.Response, sent bool, failure *Error) {
	var written atomic.Int64
	request = request.WithContext(httptrace.WithClientTrace(request.Context(), &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil { // else the service has not got it whole
				written.Add(1)
			}
		},
	}))
	began := time.Now()
	response, failure = a.answer(request)
	if failure != nil && failure.Code == CodeCanceled && written.Load() == 0 {
		return nil, false, failure
	}
	observed := Attempt{Operation: a.operation, Duration: time.Since(began)}
	if a.attempts > 0 {
		a.client.options.Observer.ObserveRetry(a.operation)
	}
	a.attempts++
	// Go's transport sends a request again by itself, and at once, where a kept connection broke before the answer.
	for range written.Load() - 1 {
		a.ledger.repeated()
		a.client.pace.repeated()
		a.client.options.Observer.ObserveRetry(a.operation)
		a.client.options.Observer.ObserveAttempt(Attempt{Operation: a.operation, ErrorCode: CodeConnection, Duration: observed.Duration})
	}
	if response != nil {
		observed.Status = response.StatusCode
		observed.Billed = billed(response.Header)
	}
	if failure != nil {
		failure.ClientRequestID = request.Header.Get(clientRequestID)
		observed.ErrorCode = failure.Code
	}
	a.client.options.Observer.ObserveAttempt(observed)
	a.log(request, observed, response)
	return response, true, failure
}

// answer sends the request and reads the answer into the page.
func (a *call) answer(request *http.Request) (*http.Response, *Error) {
	response, err := a.client.options.Transport.RoundTrip(request)
	if err != nil {
		return nil, a.transportFailure(request.Context(), err)
	}
	defer response.Body.Close()
	now := time.Now()
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		now = date
	}
	var failure *Error
	switch {
	case response.StatusCode == http.StatusOK:
		a.page.date = now
		failure = a.readPage(request.Context(), response.Body)
	case response.StatusCode >= 300 && response.StatusCode < 400:
		failure = &Error{Code: CodeRedirect}
	default:
		body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody)) // a cut body still has its status
		failure = errorFromResponse(response.StatusCode, response.Header, body, now, a.echoes)
	}
	if failure != nil {
		failure.Status = response.StatusCode
		failure.RequestID = requestID(response.Header)
		if failure.Message == "" {
			failure.Message = Explain(failure.Status, failure.Code)
		}
		if failure.asksToWait() {
			a.client.pace.gate.closeFor(a.client.retryWait(a.retriesUsed, failure.Wait))
		}
	}
	return response, failure
}

// echoes tells whether a text has a good part of the credential that was sent.
func (a *call) echoes(text string) bool {
	const goodPart = 8 // characters
	for _, name := range []string{keyHeader, "Authorization"} {
		secret := strings.TrimPrefix(a.sent.Get(name), "Bearer ")
		if min(len(secret), len(text)) >= goodPart && (strings.Contains(secret, text) || strings.Contains(text, secret)) {
			return true
		}
	}
	return false
}

// readPage reads the body whole and decodes it.
func (a *call) readPage(ctx context.Context, body io.Reader) *Error {
	limit := maxBody(a.top)
	buffer := bytes.NewBuffer(a.page.body[:0])
	_, err := buffer.ReadFrom(io.LimitReader(body, int64(limit)+1))
	a.page.body = buffer.Bytes()
	switch {
	case err != nil:
		return a.transportFailure(ctx, err)
	case buffer.Len() > limit:
		return &Error{Code: CodeInvalidResponse, Message: "the answer is larger than a page of sessions can be"}
	}
	err = a.page.decode()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Code: CodeConnection, Message: "the answer ends early", cause: err}
	case errors.Is(err, errIDTooLong):
		return &Error{Code: CodePagination, Message: err.Error(), cause: err}
	}
	return &Error{Code: CodeInvalidResponse, Message: Explain(0, CodeInvalidResponse) + " (" + err.Error() + ")", cause: err}
}

// transportFailure prefers the reason why the context ended to the words of whoever noticed it.
func (a *call) transportFailure(ctx context.Context, err error) *Error {
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(cause, errAttemptTimeout) {
			err = cause
		} else {
			err = context.Canceled
		}
	}
	return fromTransport(err)
}

// checkRetry is go-retryablehttp's policy: whether to try again after the last attempt.
func (a *call) checkRetry(ctx context.Context, _ *http.Response, err error) (bool, error) {
	if err == nil || ctx.Err() != nil || a.failure == nil || errors.Is(err, errAllowance) {
		return false, nil
	}
	switch {
	case a.failure.Status == http.StatusUnauthorized && !a.reauthorized:
		a.reauthorized = true
		return a.client.options.Credential.Rejected(a.sent), nil
	case !a.failure.temporary():
		return false, nil
	case a.failure.Status == http.StatusTooManyRequests:
		answered := a.client.answered.Load()
		if progress := answered != a.answeredLast; progress {
			a.answeredLast = answered
			return true, nil
		}
	}
	// In a walk whose every second request fails, one of many workers may always be the second.
	pages := a.ledger.pages()
	if progress := pages != a.pagesLast; progress && a.forgiven < forgivenPerRetry*a.client.options.MaxRetries {
		a.pagesLast = pages
		a.forgiven++
		return true, nil
	}
	a.retriesUsed++
	return a.retriesUsed <= a.client.options.MaxRetries, nil
}

// backoff is go-retryablehttp's wait before a retry. There is none where the gate is closed, because that wait is meant
// for every request to the resource, nor where only the credential has changed.
func (a *call) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration {
	if a.failure.Status == http.StatusUnauthorized || a.failure.asksToWait() {
		return 0
	}
	return a.client.retryWait(max(0, a.retriesUsed-1), 0)
}

// retryWait is the wait before a retry, n retries after the first attempt: what the service asked for, or else a random
// time from half of to the whole of minRetryWait × 2ⁿ; in either case within MaxRetryWait.
func (c *Client) retryWait(n int, asked time.Duration) time.Duration {
	wait := minRetryWait << min(n, 20)
	wait = wait/2 + rand.N(wait/2)
	if asked > 0 {
		asked = min(asked, c.options.MaxRetryWait) // before the sum, which could overflow
		wait = asked + rand.N(asked/10+1)          // others were told the same time
	}
	return min(wait, c.options.MaxRetryWait)
}

// giveUp is go-retryablehttp's last word. The library's own would quote the address.
func (a *call) giveUp(_ *http.Response, err error, _ int) (*http.Response, error) { return nil, err }

func (a *call) log(request *http.Request, attempt Attempt, response *http.Response) {
	attributes := []slog.Attr{
		slog.String("host", a.client.Host()),
		slog.String("operation", string(attempt.Operation)),
		slog.Int("status", attempt.Status),
		slog.Duration("duration", attempt.Duration),
		slog.String("client_request_id", request.Header.Get(clientRequestID)),
	}
	if response != nil {
		attributes = append(attributes, slog.String("apim_request_id", requestID(response.Header)))
	}
	if attempt.ErrorCode != "" {
		attributes = append(attributes, slog.String("error_code", attempt.ErrorCode))
	}
	a.client.options.Logger.LogAttrs(request.Context(), slog.LevelDebug, "API request", attributes...)
}

// requestID is the service's name for a request, where it looks like one.
func requestID(header http.Header) string {
	if id := header.Get("apim-request-id"); isCode(id) {
		return id
	}
	return ""
}

// billed sums what CSP-Billing-Usage charges, such as "CognitiveServices.Face.Transaction=1".
func billed(header http.Header) float64 {
	sum := 0.0
	for entry := range strings.SplitSeq(strings.Join(header.Values("CSP-Billing-Usage"), ","), ",") {
		_, value, _ := strings.Cut(entry, "=")
		if amount, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && amount > 0 && !math.IsInf(amount, 0) {
			sum += amount
		}
	}
	return sum
}
