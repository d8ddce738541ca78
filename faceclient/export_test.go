package faceclient

import (
	"net/http"
	"net/url"
)

// What the tests of this package look at from inside.

type (
	Retries  = retries
	Decision = decision
	Progress = progress
)

const (
	GiveUp     = giveUp
	RetryNow   = retryNow
	RetryLater = retryLater
)

func NewRetries(limit int) Retries { return retries{limit: limit} }

func NewProgress(pages int, answered int64) Progress { return progress{pages, answered} }

func (r retries) Next(failure *Error, now Progress, renewed bool) (Retries, Decision) {
	return r.next(failure, now, renewed)
}

func (r retries) Used() int { return r.used }

// SignInProxy is for a test of what is sent through a proxy.
func SignInProxy(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return signInProxy(proxy)
}
