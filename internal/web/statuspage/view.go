package statuspage

import (
	"html/template"
	"slices"

	"face_liveness_exporter/internal/words"
)

// view is a page as the template draws it.
type view struct {
	Page
	Style  template.CSS
	Script template.JS
	Every  int     // seconds after which the script renews the page
	Cards  []*card // worst first
	Totals totals
}

func newView(page Page) *view {
	v := &view{Page: page, Style: template.CSS(styleCSS), Script: template.JS(scriptJS)}
	v.Every = min(60, max(10, len(page.Lists)/4)) // a page that is ten times as long is renewed less often
	v.Totals.States = map[string]float64{}
	for i := range page.Lists {
		c := newCard(&page.Lists[i], page.Now)
		v.Cards = append(v.Cards, c)
		v.Totals.add(c)
	}
	slices.SortStableFunc(v.Cards, func(a, b *card) int { return a.State.Kind - b.State.Kind })
	return v
}

// totals are the sums over all lists.
type totals struct {
	// Lists are all; Shown are those that show a snapshot, and Read those that were ever read. States are by class.
	Lists, Shown, Read float64
	States             map[string]float64
	Sessions           float64
	Estimated          bool
	// Windows is how many lists know what happened between their last two refreshes. NeverStarted are among the sessions
	// that Expired in that time, both estimated from those that were seen.
	Windows                     int
	Expired, NeverStarted, seen float64
	// Requests and Paid are since the start, MonthRequests and MonthPrice for 30 days.
	Requests, Paid, MonthRequests, MonthPrice float64
}

func (t *totals) add(c *card) {
	t.Lists++
	t.States[c.State.Class()]++
	if c.Shown {
		t.Shown++
		t.Sessions += c.Snapshot.Estimate(c.Snapshot.Sessions)
		t.Estimated = t.Estimated || !c.Snapshot.Complete()
		if c.LastFlows.Window > 0 {
			t.Windows++
			t.Expired += c.LastFlows.Expirations
			t.NeverStarted += c.LastFlows.Abandonments
			t.seen += c.LastFlows.Expirations * c.Snapshot.Coverage
		}
	}
	t.Requests += c.Requests
	t.Paid += c.Paid()
	if month := c.Month(); month != nil {
		t.Read++
		t.MonthRequests += month.Requests
		t.MonthPrice += month.Price
	}
}

// Share is the part of the expired sessions that were never started; "" if too few were seen.
func (t *totals) Share() string { return share(t.NeverStarted, t.Expired, t.seen) }

// Among says of how many lists something is true.
func (t *totals) Among(lists float64) string {
	all := words.Many(t.Lists, "list")
	if lists == t.Lists {
		return all
	}
	return words.Count(lists) + " of " + all
}
