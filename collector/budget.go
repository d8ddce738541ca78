package collector

import (
	"math"
	"sync"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// Budget divides the requests that a resource may take in 30 days among the refreshes of its operations. It starts again
// with the process.
type Budget struct {
	clock Clock

	mu       sync.Mutex    // guards the fields below
	perMonth int64         // 0 means no limit
	interval time.Duration // in force: as configured, or longer
	shares   map[faceclient.Operation]*share
}

// share is what is known of the list of one operation, and the account of its requests.
type share struct {
	pages    float64 // of the last walk
	attempts float64 // of the last walk if it needed more than it had, because this list can only be read whole; else 0
	*account
}

// account is what one operation may spend. Another budget comes with another account, so that what was begun under the one
// before is not charged to it.
type account struct {
	balance float64       // attempts; below 0 if a walk needed more than it had
	asOf    time.Duration // of the balance, by the monotonic clock
}

// grant is what a refresh or a look-up may spend.
type grant struct {
	attempts int // 0 means no limit
	account  *account
}

// NewBudget makes the budget of a resource: a number of attempts in 30 days, or 0 for no limit. Each operation spends its part
// at every interval. If that is less than one request for each operation, the interval grows until it is one. A nil clock
// means [SystemClock].
func NewBudget(perMonth int64, interval time.Duration, operations []faceclient.Operation, clock Clock) *Budget {
	if clock == nil {
		clock = SystemClock()
	}
	b := &Budget{clock: clock, perMonth: -1, shares: map[faceclient.Operation]*share{}}
	for _, operation := range operations {
		b.shares[operation] = &share{pages: 1}
	}
	b.Apply(perMonth, interval)
	return b
}

// Apply changes the budget and the interval. Another budget starts anew: each operation has what one refresh gets.
func (b *Budget) Apply(perMonth int64, interval time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	another := perMonth != b.perMonth
	b.perMonth, b.interval = perMonth, interval
	if perMonth > 0 {
		minimum := float64(len(b.shares)) / b.perSecond()
		b.interval = max(interval, time.Duration(math.Ceil(minimum))*time.Second)
	}
	if !another {
		return
	}
	for operation, share := range b.shares {
		share.account = &account{balance: b.perRefresh(operation), asOf: b.clock().Monotonic}
	}
}

func (b *Budget) perSecond() float64 { return float64(b.perMonth) / Month.Seconds() }

// perRefresh is what an operation gets at every interval: one request, and a part of the rest in proportion to the pages of
// its last walk.
func (b *Budget) perRefresh(operation faceclient.Operation) float64 {
	all := 0.0
	for _, share := range b.shares {
		all += share.pages
	}
	rest := b.perSecond()*b.interval.Seconds() - float64(len(b.shares))
	return 1 + max(0, rest)*b.shares[operation].pages/all
}

// monthly is how many attempts an operation gets in 30 days; 0 means no limit.
func (b *Budget) monthly(operation faceclient.Operation) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.perMonth == 0 {
		return 0
	}
	return MonthlyRequests(b.perRefresh(operation), b.interval)
}

// credit adds to an account what it earned since the last time, and returns the balance. It never holds more than one refresh
// gets, rounded up to a whole request.
func (b *Budget) credit(operation faceclient.Operation) float64 {
	now := b.clock().Monotonic
	account, perRefresh := b.shares[operation].account, b.perRefresh(operation)
	account.balance += perRefresh * (now - account.asOf).Seconds() / b.interval.Seconds()
	account.balance = min(account.balance, math.Ceil(perRefresh))
	account.asOf = now
	return account.balance
}

// grant is what an account holds now. It is false if there is no attempt left. A refresh can be a little early, and has then
// what it would have earned by its time.
func (b *Budget) grant(operation faceclient.Operation, early bool) (of grant, some bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	of.account = b.shares[operation].account
	if b.perMonth == 0 {
		return of, true
	}
	balance := b.credit(operation) + 1e-9
	if early {
		balance += b.perRefresh(operation) * tolerance(b.interval).Seconds() / b.interval.Seconds()
	}
	of.attempts = max(0, int(balance))
	return of, of.attempts > 0
}

// spend takes attempts from the account of a grant.
func (b *Budget) spend(of grant, attempts int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	of.account.balance -= float64(attempts)
}

// learn notes what a successful walk says about the list. It reports whether the walk needed more than it had.
func (b *Budget) learn(operation faceclient.Operation, of grant, walk facelist.Result) (overspent bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	share := b.shares[operation]
	share.pages, share.attempts = max(1, float64(walk.Pages)), 0
	if overspent = of.attempts > 0 && walk.Requests > of.attempts; overspent {
		share.attempts = float64(walk.Requests)
	}
	return overspent
}

// intervalInForce is the time between refreshes: as configured, or longer if the budget is small. For a list that can only
// be read whole it is as long as it takes to earn that.
func (b *Budget) intervalInForce(operation faceclient.Operation, configured time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.perMonth == 0 {
		return configured
	}
	earning := b.shares[operation].attempts / b.perRefresh(operation) * float64(b.interval)
	return max(b.interval, time.Duration(earning))
}
