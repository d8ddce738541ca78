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

	mu        sync.Mutex    // guards the fields below
	interval  time.Duration // in force: as configured, or longer
	perSecond float64       // requests of the resource; 0 means no limit
	accounts  map[faceclient.Operation]*account
}

// account is what one operation may spend.
type account struct {
	balance float64       // attempts; below 0 where a walk needed more than it had
	asOf    time.Duration // of the balance, by the monotonic clock
	pages   float64       // of the last walk
	earning time.Duration // how long it takes to earn the last refresh, where it needed more than it had; else 0
}

// NewBudget makes the budget of a resource: so many attempts in 30 days, or 0 for no limit. Each operation spends its part at
// every interval. Where that is less than one request for each operation, the interval grows until it is one. A nil clock
// means [SystemClock].
func NewBudget(perMonth int64, interval time.Duration, operations []faceclient.Operation, clock Clock) *Budget {
	if clock == nil {
		clock = SystemClock()
	}
	b := &Budget{clock: clock, accounts: map[faceclient.Operation]*account{}}
	for _, operation := range operations {
		b.accounts[operation] = &account{pages: 1}
	}
	b.Apply(perMonth, interval)
	return b
}

// Apply changes the budget and the interval. What was spent stays spent. Where there was no limit before, each operation
// starts with what one refresh gets.
func (b *Budget) Apply(perMonth int64, interval time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	wasBounded := b.perSecond > 0
	if wasBounded {
		for operation := range b.accounts {
			b.credit(operation)
		}
	}
	b.perSecond, b.interval = float64(perMonth)/Month.Seconds(), interval
	if perMonth == 0 {
		return
	}
	least := float64(len(b.accounts)) / b.perSecond
	b.interval = max(interval, time.Duration(math.Ceil(least*float64(time.Second))))
	for operation, account := range b.accounts {
		if !wasBounded {
			account.asOf, account.balance = b.clock().Monotonic, b.perRefresh(operation)
		}
		b.credit(operation)
	}
}

// unbounded reports whether there is no limit. The caller holds mu.
func (b *Budget) unbounded() bool { return b.perSecond == 0 }

// perRefresh is what an operation gets at every interval: one request, and a part of the rest in proportion to the pages of
// its last walk.
func (b *Budget) perRefresh(operation faceclient.Operation) float64 {
	all := 0.0
	for _, account := range b.accounts {
		all += account.pages
	}
	rest := b.perSecond*b.interval.Seconds() - float64(len(b.accounts))
	return 1 + max(0, rest)*b.accounts[operation].pages/all
}

// monthly is how many attempts an operation gets in 30 days; 0 means no limit.
func (b *Budget) monthly(operation faceclient.Operation) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unbounded() {
		return 0
	}
	return MonthlyRequests(b.perRefresh(operation), b.interval)
}

// credit adds to an account what it earned since the last time. It never holds more than one refresh gets, rounded up to a
// whole request.
func (b *Budget) credit(operation faceclient.Operation) *account {
	now := b.clock().Monotonic
	account, perRefresh := b.accounts[operation], b.perRefresh(operation)
	account.balance += perRefresh * (now - account.asOf).Seconds() / b.interval.Seconds()
	account.balance = min(account.balance, math.Ceil(perRefresh))
	account.asOf = now
	return account
}

// forRefresh is how many attempts a refresh may make now. Without a limit, bounded is false.
func (b *Budget) forRefresh(operation faceclient.Operation) (attempts int, bounded bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unbounded() {
		return 0, false
	}
	return max(0, int(b.credit(operation).balance+b.slack(operation))), true
}

// slack is what an operation earns in the time by which a refresh may be early.
func (b *Budget) slack(operation faceclient.Operation) float64 {
	return b.perRefresh(operation)*tolerance(b.interval).Seconds()/b.interval.Seconds() + 1e-9
}

// spend takes the attempts of a refresh from its account. After a successful walk it also notes the pages.
func (b *Budget) spend(operation faceclient.Operation, walk facelist.Result, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unbounded() {
		return
	}
	account := b.credit(operation)
	account.balance -= float64(walk.Requests)
	account.earning = 0
	if account.balance < -b.slack(operation) {
		account.earning = time.Duration(float64(walk.Requests) / b.perRefresh(operation) * float64(b.interval))
	}
	if err == nil {
		account.pages = max(1, float64(walk.Pages))
	}
}

// spare is how many attempts the next look-up after a refresh may make; 0 is any number. It is false where no attempt is
// left.
func (b *Budget) spare(operation faceclient.Operation) (attempts int, some bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unbounded() {
		return 0, true
	}
	attempts = int(b.credit(operation).balance)
	return attempts, attempts > 0
}

// charge takes the attempts of a look-up from the account.
func (b *Budget) charge(operation faceclient.Operation, attempts int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.unbounded() {
		b.credit(operation).balance -= float64(attempts)
	}
}

// intervalInForce is the time between refreshes: as configured, or longer where the budget is small. After a refresh that
// needed more than it had, it is as long as it takes to earn that refresh.
func (b *Budget) intervalInForce(operation faceclient.Operation, configured time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unbounded() {
		return configured
	}
	return max(b.interval, b.accounts[operation].earning)
}
