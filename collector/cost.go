package collector

import "time"

const (
	// Month is the time that requests and money are counted in.
	Month = 30 * 24 * time.Hour
	// listedFor is how long after its creation the service lists a session.
	listedFor = 48 * time.Hour
	// ManyRequests in a month are worth a warning.
	ManyRequests = 100_000
)

// MonthlyRequests is how many requests refreshes take in 30 days, with one refresh every interval.
func MonthlyRequests(perRefresh float64, interval time.Duration) float64 {
	return perRefresh * Month.Seconds() / interval.Seconds()
}

// Price is what requests cost at a price for 1,000 of them, in the same currency.
func Price(requests, per1000 float64) float64 { return requests * per1000 / 1000 }

// Demand is what the refreshes of a list ask for. All that a list costs is computed from it.
type Demand struct {
	// Pages is how many requests read the list.
	Pages float64
	// Started is how many sessions are listed as started, and Samples the maximum of those that have ended that a refresh
	// looks up.
	Started, Samples float64
	// Budget is how many requests there may be in 30 days; 0 means no limit.
	Budget float64
}

// InMonth is how many requests read the list in 30 days, and how many look sessions up, on average, with one refresh every
// interval. Look-ups have what the list leaves of the budget. The sessions that are listed as started were created in 48
// hours.
func (d Demand) InMonth(interval time.Duration) (list, lookUps float64) {
	list = MonthlyRequests(d.Pages, interval)
	lookUps = MonthlyRequests(min(d.Samples, d.Started*interval.Hours()/listedFor.Hours()), interval)
	if d.Budget > 0 {
		list = min(list, d.Budget)
		lookUps = min(lookUps, d.Budget-list)
	}
	return list, lookUps
}

// Starved reports whether sessions should be looked up, but the list leaves nothing of the budget for that.
func (d Demand) Starved(interval time.Duration) bool {
	_, lookUps := d.InMonth(interval)
	return d.Samples > 0 && d.Started > 0 && lookUps == 0
}
