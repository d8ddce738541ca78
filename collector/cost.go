package collector

import "time"

// What a refresh costs is worked out here alone.

const (
	// Month is the time that requests and money are counted in.
	Month = 30 * 24 * time.Hour
	// listedFor is how long after its creation the service lists a session.
	listedFor = 48 * time.Hour
	// ManyRequests in a month are worth a warning.
	ManyRequests = 100_000
)

// MonthlyRequests is how many requests a refresh of so many requests takes in 30 days, one refresh every interval.
func MonthlyRequests(perRefresh float64, interval time.Duration) float64 {
	return perRefresh * Month.Seconds() / interval.Seconds()
}

// LookUps is how many sessions a refresh will look up, on average: those that end in an interval, and no more than samples.
// The sessions that are listed as started were created in 48 hours.
func LookUps(started float64, samples int, interval time.Duration) float64 {
	return min(float64(samples), started*interval.Hours()/listedFor.Hours())
}

// Price is what requests cost at a price for 1,000 of them, in the same currency.
func Price(requests, per1000 float64) float64 { return requests * per1000 / 1000 }
