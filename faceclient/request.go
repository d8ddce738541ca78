package faceclient

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// maxTries bounds the attempts of a request that has no bound of its own: not every attempt costs a retry.
const maxTries = 1000

// call is what to ask the service for, and what to make of the answer.
type call struct {
	operation Operation
	// lookUp asks for one session instead of a page of the list.
	lookUp bool
	// below is what the address has after that of the list: a session, or a query.
	below       string
	maxAttempts int // 0 is no bound
	// body gets the answer, of which a maximum of limit bytes is read.
	body  *bytes.Buffer
	limit int
	// decode makes something of a good answer, which is in body. The date is the service's clock, and the round trip lasted
	// from sending to the header of the answer.
	decode func(date time.Time, roundTrip time.Duration) error
}

// answered reports whether an attempt brought what was asked for. That a session is not there is such an answer.
func (w *call) answered(failure *Error) bool {
	return failure == nil || w.lookUp && failure.Status == http.StatusNotFound
}

// do sends a call until it is answered or another attempt is pointless. It returns how many attempts were made. The error is
// an *Error. It wraps [ErrNoAttempts] as well if another attempt would have been one too many.
func (c *Client) do(ctx context.Context, what call) (attempts int, err error) {
	s := c.settings.Load()
	address := s.address + "/" + string(what.operation) + "/singleModal/sessions" + what.below
	request, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, &Error{Code: CodeConnection, cause: err}
	}
	again := retries{limit: s.MaxRetries, lookUp: what.lookUp}
	counted := &observed{pace: c.pace, settings: s, what: &what}
	retrying := retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: c.layers(s, &what, counted)},
		RetryMax:     cmp.Or(what.maxAttempts, maxTries) - 1,
		RetryWaitMin: minRetryWait,
		RetryWaitMax: s.MaxRetryWait,
		CheckRetry: func(_ context.Context, _ *http.Response, err error) (bool, error) {
			failure, _ := errors.AsType[*Error](err)
			again = again.next(failure, c.pace.pages())
			return again.decision != giveUp, nil
		},
		Backoff: func(shortest, longest time.Duration, _ int, _ *http.Response) time.Duration {
			return again.wait(shortest, longest)
		},
	}
	response, err := retrying.Do(request)
	if err == nil {
		return counted.attempts, response.Body.Close()
	}
	failure, ok := errors.AsType[*Error](err)
	switch {
	case !ok || ctx.Err() != nil && failure.Code != CodeAuthentication:
		if !ok || failure.Code == CodeCanceled {
			failure = cmp.Or(again.last, c.pace.closedBy())
		}
		return counted.attempts, canceled(failure)
	case again.decision != giveUp:
		return counted.attempts, fmt.Errorf("%w after %w", ErrNoAttempts, failure)
	}
	return counted.attempts, failure
}
