package faceclient

import (
	"net/http"
	"net/url"
)

// What the tests of this package look at from inside.

type (
	Retries  = retries
	Decision = decision
)

const (
	GiveUp     = giveUp
	RetryNow   = retryNow
	RetryLater = retryLater
)

func NewRetries(limit int) Retries { return retries{limit: limit} }

func (r retries) Next(failure *Error, answers int64, renewed bool) (Retries, Decision) {
	return r.next(failure, answers, renewed)
}

func (r retries) Used() int { return r.used }

// SignInProxy is for a test of what is sent through a proxy.
func SignInProxy(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return signInProxy(proxy)
}
