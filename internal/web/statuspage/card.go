package statuspage

import (
	"net/url"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/internal/words"
)

// telling is the number of sessions above which a share of them says something, as in the dashboards and alerts.
const telling = 20

// card is a list as the template draws it.
type card struct {
	*List
	ID           string
	State        state
	SinceRefresh time.Duration // since the last refresh ended
}

func newCard(l *List, now time.Time) *card {
	return &card{
		List: l, ID: url.QueryEscape(l.Resource) + "-" + string(l.Operation),
		State: stateOf(l), SinceRefresh: now.Sub(l.Health.LastEnded),
	}
}

// About writes an estimate of the whole list.
func (c *card) About(n float64) string { return words.About(n, !c.Snapshot.Complete()) }

// Count writes a number of the snapshot, scaled up to the whole list.
func (c *card) Count(n uint64) string { return c.About(c.Snapshot.Estimate(n)) }

// Share writes the share that a part has of a whole, both estimates of the whole list; "" if too few were seen.
func (c *card) Share(part, whole float64) string {
	return share(part, whole, whole*c.Snapshot.Coverage)
}

func share(part, whole, seen float64) string {
	if seen <= telling {
		return ""
	}
	return words.Percent(part / whole)
}

// Paid is what the requests since the start cost: those that the service bills, or all if it listed sessions and billed
// none.
func (c *card) Paid() float64 {
	billed := c.Billed
	if billed == 0 && c.Snapshot != nil {
		billed = c.Requests
	}
	return collector.Price(billed, c.Price)
}

// month is what the refreshes of 30 days take. Starved is whether the budget leaves no look-ups.
type month struct {
	Requests, LookUps, Price float64
	Starved                  bool
}

// Month is what this list takes, with its outcomes; nil before the first refresh.
func (c *card) Month() *month {
	if c.Snapshot == nil {
		return nil
	}
	list, lookUps := c.MonthlyRequests()
	return &month{list + lookUps, lookUps, collector.Price(list+lookUps, c.Price), c.Demand().Starved(c.CostInterval())}
}

// Wait is how long no scrape starts a refresh; "" if the next one does.
func (c *card) Wait() string {
	if c.DueIn < time.Second {
		return ""
	}
	return words.Span(c.DueIn.Truncate(time.Second))
}
