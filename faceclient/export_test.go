package faceclient

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
