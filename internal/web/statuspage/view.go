package statuspage

import (
	"cmp"
	"slices"

	"face_liveness_exporter/collector"
)

const (
	// unfolded is up to how many cards show everything at once.
	unfolded = 6
	// filtered is from how many cards on there is a field to find one.
	filtered = 9
)

// view is a page as the template wants it: words and drawings.
type view struct {
	Style, Script any // typed, see Renderer
	Page
	Stats   []stat
	Cards   []card
	Kinds   []kindCount
	Filter  bool
	Every   int // seconds after which the script renews the page
	Made    string
	Since   string // how long ago the exporter was started
	Scraped string
	Refused string // how long ago a reload was; empty where none was
}

// stat is a number that is worth a glance.
type stat struct{ Name, Value, More string }

// kindCount is how many resources are in a kind of state.
type kindCount struct{ Class, Text string }

func newView(page Page) view {
	v := view{Page: page, Made: instant(page.Now), Since: ago(page.Now.Sub(page.Started))}
	v.Filter = len(page.Lists) >= filtered
	v.Every = min(60, max(10, len(page.Lists)/4)) // a page that is ten times as long is renewed less often
	v.Scraped = "never"
	if !page.LastScrape.IsZero() {
		v.Scraped = ago(page.Now.Sub(page.LastScrape))
	}
	if !page.ReloadRefused.IsZero() {
		v.Refused = ago(page.Now.Sub(page.ReloadRefused))
	}
	ids := anchors{}
	for i := range page.Lists {
		l := &page.Lists[i]
		v.Cards = append(v.Cards, newCard(l, ids.of(l.Resource+"-"+string(l.Operation)), len(page.Lists) <= unfolded, page.Now))
	}
	slices.SortStableFunc(v.Cards, func(a, b card) int { return a.State.Kind - b.State.Kind })
	v.Kinds = kinds(v.Cards)
	v.Stats = stats(&page)
	return v
}

// kinds counts the resources by their worst list. The cards are sorted, worst first.
func kinds(cards []card) []kindCount {
	words := [...]string{"failing or too old", "not up to date", "not read yet", "up to date"}
	var counts [len(words)]float64
	seen := map[string]bool{}
	for i := range cards {
		if !seen[cards[i].Resource] {
			seen[cards[i].Resource] = true
			counts[cards[i].State.Kind]++
		}
	}
	var found []kindCount
	for kind, n := range counts {
		if n > 0 {
			found = append(found, kindCount{state{Kind: kind}.Class(), many(n, "resource") + " " + words[kind]})
		}
	}
	return found
}

// unknown stands for a number that nobody can give yet.
const unknown = "–"

// stats are the sums over all lists.
func stats(page *Page) []stat {
	sessions, shown, estimated := 0.0, 0, false
	requests, paid := 0.0, 0.0
	projected, projection, walked := 0.0, 0.0, 0
	recent, seen, windows := collector.Flows{}, 0.0, 0
	for i := range page.Lists {
		l := &page.Lists[i]
		if l.Shown {
			sessions += l.Snapshot.Estimate(l.Snapshot.Sessions)
			estimated = estimated || !l.Snapshot.Complete()
			shown++
			if l.LastFlows.Window > 0 {
				recent.Expirations += l.LastFlows.Expirations
				recent.Abandonments += l.LastFlows.Abandonments
				seen += l.LastFlows.Expirations * l.Snapshot.Coverage
				windows++
			}
		}
		requests += l.Requests
		paid += collector.Price(l.paid(), l.Price)
		if l.Snapshot != nil {
			list, lookUps := l.MonthlyRequests()
			projected += list + lookUps
			projection += collector.Price(list+lookUps, l.Price)
			walked++
		}
	}
	all := len(page.Lists)
	listed := stat{"Listed sessions", count(sessions, estimated), "in " + among(shown, all)}
	if estimated {
		listed.More += ", some of them estimated"
	}
	never := stat{"Never started, last refresh", unknown, "known after the second refresh"}
	if windows > 0 {
		never.Value = cmp.Or(share(recent.Abandonments, recent.Expirations, seen), count(recent.Abandonments, estimated))
		never.More = "of " + count(recent.Expirations, estimated) + " that expired between the last two refreshes"
	}
	month := stat{"Requests in 30 days", "≈" + nbsp + number(projected), "cost " + money(projection) + " if scraped at every interval"}
	if walked < all {
		month.More += "; known for " + among(walked, all)
	}
	if shown == 0 {
		listed.Value = unknown
	}
	if walked == 0 {
		month.Value, month.More = unknown, "known after the first refresh"
	}
	return []stat{listed, never, {"Requests since the start", number(requests), "cost " + money(paid)}, month}
}

// among says that something is true of some of all lists.
func among(some, all int) string {
	if some == all {
		return many(float64(all), "list")
	}
	return number(float64(some)) + " of " + many(float64(all), "list")
}
