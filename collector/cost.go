package collector

import "time"

// What a refresh costs is worked out here alone.

const (
	// Month is the time that requests and money are counted in.
	Month = 30 * 24 * time.Hour
	// ManyRequests in a month are worth a warning.
	ManyRequests = 100_000
)

// MonthlyRequests is how many requests a refresh of so many requests takes in 30 days, one refresh every interval.
func MonthlyRequests(perRefresh float64, interval time.Duration) float64 {
	return perRefresh * Month.Seconds() / interval.Seconds()
}

// Price is what requests cost at a price for 1,000 of them, in the same currency.
func Price(requests, per1000 float64) float64 { return requests / 1000 * per1000 }
