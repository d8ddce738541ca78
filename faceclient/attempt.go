package faceclient

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	clientRequestID = "Client-Request-Id"
	// maxErrorBody is how much of an error's body is read, in bytes.
	maxErrorBody = 64 << 10
)

// errAttemptTimeout is why an attempt's context ends.
var errAttemptTimeout = errors.New("attempt timed out")

// outcome is what became of one attempt: what was sent, what came, and what that means.
type outcome struct {
	// sent is the header that went out, with the credential.
	sent http.Header
	// writes is how often the request was written: 0 where it was canceled before that, more than 1 where Go's transport
	// sent it again by itself, because a kept connection broke before the answer.
	writes   int
	duration time.Duration // from sending to the end of the body
	status   int           // 0 where no answer came
	header   http.Header   // of the answer
	id       string        // the service's name for the request, where it looks like one
	failure  *Error        // nil where the answer is good
}

// unsent reports whether the attempt was given up before anything was sent. It is not paid for and not counted.
func (o *outcome) unsent() bool {
	return o.failure != nil && o.failure.Code == CodeCanceled && o.writes == 0
}

// send sends a request with this header and reads the answer to its end, so that a body that breaks off is a failed attempt
// like any other. It ends when ctx does.
func (r *request) send(ctx context.Context, request *http.Request, header http.Header) outcome {
	reached := new(stages)
	request = request.WithContext(reached.trace(ctx))
	request.Header = header
	began := time.Now()
	o := outcome{sent: header}
	response, err := r.settings.Transport.RoundTrip(request)
	roundTrip := time.Since(began)
	if err == nil {
		o.status, o.header = response.StatusCode, response.Header
		if id := o.header.Get("Apim-Request-Id"); isCode(id) && !r.echoes(id, header) {
			o.id = id
		}
		reached.reached.Store(DetailSlowBody)
		// Go's transport does not end the reading of every body when the context does.
		release := context.AfterFunc(ctx, func() { _ = response.Body.Close() })
		o.failure, err = r.read(header, response, roundTrip)
		release()
		_ = response.Body.Close() // all that is wanted was read
	}
	if err != nil {
		o.failure = reached.failure(ctx, err)
	}
	o.duration, o.writes = time.Since(began), int(reached.writes.Load())
	if o.failure != nil {
		o.failure.Status, o.failure.APIVersion = o.status, r.settings.APIVersion
		o.failure.ClientRequestID = header.Get(clientRequestID)
		o.failure.RequestID = o.id
	}
	return o
}

// decoder makes something of the body of a good answer. The date is the service's clock.
type decoder func(body io.Reader, date time.Time, roundTrip time.Duration) error

// read reads an answer and says what is wrong with it. The error is that of the connection.
func (r *request) read(sent http.Header, response *http.Response, roundTrip time.Duration) (*Error, error) {
	date := time.Now()
	if theirs, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		date = theirs
	}
	switch status := response.StatusCode; {
	case status < 200: // such as 101: what follows is no HTTP any more, and has no end
		return &Error{Code: strconv.Itoa(status)}, nil
	case status < 300:
		err := r.decode(response.Body, date, roundTrip)
		if failure, ok := errors.AsType[*Error](err); ok {
			if status != http.StatusOK && failure.Code != CodePagination {
				failure = &Error{Code: CodeInvalidResponse}
			}
			return failure, nil
		}
		return nil, err
	case status < 400:
		return &Error{Code: CodeRedirect}, nil
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody)) // a cut body still has its status
	return errorFromResponse(response.StatusCode, response.Header, body, date, func(text string) bool {
		return r.echoes(text, sent)
	}), nil
}

// echoes reports whether a text has a good part of what was sent in the secret headers, or of the id of a session that was
// sent.
func (r *request) echoes(text string, header http.Header) bool {
	const goodPart = 8 // characters
	in := func(sent string) bool {
		return min(len(sent), len(text)) >= goodPart && (strings.Contains(sent, text) || strings.Contains(text, sent))
	}
	return in(r.session) || in(r.query.Get("start")) || slices.ContainsFunc(r.settings.Credential.SecretHeaders(), func(name string) bool {
		return in(strings.TrimPrefix(header.Get(name), "Bearer "))
	})
}
