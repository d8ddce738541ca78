package statuspage

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// topDevices is how many of the devices a card has room for.
	topDevices = 5
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
	Kinds   []kind
	Filter  bool
	Every   int // seconds after which the script renews the page
	Made    string
	Uptime  string
	IsEmpty bool
}

// stat is a number that is worth a glance.
type stat struct{ Name, Value, More string }

// kind is how many cards are in a kind of state.
type kind struct{ Class, Text string }

// card is one list.
type card struct {
	*List
	ID       string
	State    state
	Estimate string // how much was walked; empty where all was
	Count    string // of listed sessions; empty where none are shown
	Age      string // of the snapshot
	Bar      []rectangle
	BarLabel string
	Legend   []legend
	TTL      *columns
	Devices  *devices
	Problem  *problem
	Facts    []fact
	Open     bool
}

// legend explains a part of the bar.
type legend struct{ Class, Value, Name, More string }

// devices are those with most sessions.
type devices struct {
	Summary string
	Rows    []deviceRow
	Rest    string
}

type deviceRow struct {
	Name, Count string
	Width       float64
}

// problem is a failure as a person reads it.
type problem struct{ Code, Status, When, Meaning, Remedy, Detail, Before, Next string }

type fact struct{ Name, Value, More string }

func newView(page Page) view {
	v := view{Page: page, Made: instant(page.Now), Uptime: span(page.Now.Sub(page.Started).Truncate(time.Second)), IsEmpty: len(page.Lists) == 0}
	v.Filter = len(page.Lists) >= filtered
	v.Every = min(60, max(10, len(page.Lists)/4)) // a page that is ten times as long is renewed less often
	for i := range page.Lists {
		v.Cards = append(v.Cards, newCard(&page.Lists[i], i, len(page.Lists) <= unfolded, page.Now))
	}
	slices.SortStableFunc(v.Cards, func(a, b card) int { return a.State.Kind - b.State.Kind })
	v.Kinds = kinds(v.Cards)
	v.Stats = stats(&page)
	return v
}

// kinds counts the cards of each kind.
func kinds(cards []card) []kind {
	names := [...]string{"failing or too old", "old", "not read yet", "up to date"}
	var found []kind
	for which, name := range names {
		n := 0
		for i := range cards {
			if cards[i].State.Kind == which {
				n++
			}
		}
		if n > 0 {
			found = append(found, kind{state{Kind: which}.Class(), number(float64(n)) + " " + name})
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
	for i := range page.Lists {
		l := &page.Lists[i]
		if l.Snapshot != nil && l.Shown {
			sessions += l.Snapshot.Sessions
			estimated = estimated || l.Snapshot.estimated()
			shown++
		}
		requests += l.Requests
		paid += l.cost(l.paid())
		if l.Snapshot != nil {
			projected += l.projected()
			projection += l.cost(l.projected())
			walked++
		}
	}
	all := len(page.Lists)
	listed := stat{"Listed sessions", count(sessions, estimated), "in " + among(shown, all)}
	if estimated {
		listed.More += ", some of them estimated"
	}
	month := stat{"Requests in 30 days", "≈ " + number(projected), "cost " + money(projection) + " if scraped at every interval"}
	if walked < all {
		month.More += "; known of " + among(walked, all)
	}
	if shown == 0 {
		listed.Value = unknown
	}
	if walked == 0 {
		month.Value, month.More = unknown, "known after the first walk"
	}
	return []stat{listed, {"Requests since the start", number(requests), "cost " + money(paid)}, month}
}

// among says that something is true of some of all lists.
func among(some, all int) string {
	if some == all {
		return many(float64(all), "list")
	}
	return number(float64(some)) + " of " + many(float64(all), "list")
}

func newCard(l *List, index int, open bool, now time.Time) card {
	c := card{List: l, ID: "list-" + strconv.Itoa(index), State: stateOf(l, now), Open: open}
	if l.Snapshot != nil && l.Shown {
		c.Age = "as of " + ago(now.Sub(l.Snapshot.Ended))
		c.draw(l.Snapshot)
	}
	c.Problem = newProblem(l, now)
	c.Facts = facts(l, now)
	return c
}

// draw shows what a snapshot counted.
func (c *card) draw(s *Snapshot) {
	estimated := s.estimated()
	if estimated {
		c.Estimate = "Estimate from " + percent(s.Coverage) + " of the list"
	}
	c.Count = count(s.Sessions, estimated)
	active, used := s.Sessions-s.Expired, s.Expired-s.Abandoned
	c.Bar = stacked(14,
		rectangle{Class: "active", Width: active},
		rectangle{Class: "expired", Width: used},
		rectangle{Class: "abandoned", Width: s.Abandoned},
	)
	c.Legend = []legend{
		{"active", count(active, estimated), "active", ""},
		{"expired", count(s.Expired, estimated), "expired", ""},
		{"abandoned", count(s.Abandoned, estimated), "of these never started", ""},
	}
	if s.Expired > 0 && s.Abandoned > 0 {
		c.Legend[2].More = percent(s.Abandoned / s.Expired)
	}
	c.BarLabel = c.Count + " listed: " + c.Legend[0].Value + " active, " + c.Legend[1].Value + " expired, " + c.Legend[2].Value + " of these never started"
	c.TTL = histogram(s.TTL, estimated)
	if s.Sessions > 0 {
		c.Devices = newDevices(s)
	}
}

func newDevices(s *Snapshot) *devices {
	estimated := s.estimated()
	d := &devices{}
	if !estimated { // the number of devices cannot be scaled up
		d.Summary = many(s.Devices, "device")
	}
	others, rows := s.OtherDeviceSessions, s.TopDevices
	for _, device := range rows[min(topDevices, len(rows)):] {
		others += device.Sessions
	}
	rows = rows[:min(topDevices, len(rows))]
	for _, device := range rows {
		name := device.Name
		if strings.TrimSpace(name) == "" {
			name = strconv.Quote(name) // or nothing is seen
		}
		d.Rows = append(d.Rows, deviceRow{name, count(device.Sessions, estimated), tidy(100 * device.Sessions / rows[0].Sessions)})
	}
	var rest []string
	if others > 0 {
		rest = append(rest, count(others, estimated)+" of other devices")
	}
	if s.WithoutDevice > 0 {
		rest = append(rest, count(s.WithoutDevice, estimated)+" without a device")
	}
	d.Rest = strings.Join(rest, ", ")
	switch {
	case len(rows) > 0:
		if d.Rest != "" {
			d.Rest = "Sessions beside these: " + d.Rest
		}
	case s.OtherDeviceSessions == 0:
		d.Rest = "No session names a device."
	case estimated:
		d.Rest = "No device has been seen often enough to be estimated, or none may be shown. Sessions: " + d.Rest
	default:
		d.Rest = "None is shown by itself (devices.label, devices.top). Sessions: " + d.Rest
	}
	return d
}

func newProblem(l *List, now time.Time) *problem {
	f := l.Failure
	if f == nil {
		return nil
	}
	p := &problem{Code: f.Code, When: ago(now.Sub(l.LastEnded))}
	if f.Status != 0 && strconv.Itoa(f.Status) != f.Code {
		p.Status = "HTTP " + strconv.Itoa(f.Status)
	}
	p.Meaning, p.Remedy, p.Detail, p.Before = sentence(f.Meaning), sentence(f.Remedy), f.Detail, sentence(f.Before)
	if p.Meaning == "" {
		p.Meaning = "Not documented for this list."
	}
	if p.Remedy == "" {
		p.Remedy = "Look at this exporter's log, and give Microsoft's support the apim_request_id that stands there."
	}
	if l.FailuresInRow > 1 {
		p.When += ", " + number(float64(l.FailuresInRow)) + " in a row"
	}
	switch wait := l.RetryAt.Sub(now); {
	case l.Refreshing:
		p.Next = "It is being tried again now."
	case l.RetryAt.IsZero() || wait < time.Second:
		p.Next = "The next scrape tries again."
	default:
		p.Next = "The first scrape after " + span(wait.Truncate(time.Second)) + " tries again."
	}
	return p
}

// facts are when the list was read and what that costs.
func facts(l *List, now time.Time) []fact {
	var found []fact
	if s := l.Snapshot; s != nil {
		found = append(found, fact{"Snapshot", span(now.Sub(s.Ended).Truncate(time.Second)) + " old", many(float64(s.Pages), "page") + " in " + span(s.Took)})
	} else {
		found = append(found, fact{"Snapshot", "none yet", ""})
	}
	last := fact{"Last refresh", "none yet", "due after " + span(l.Interval)}
	if l.Refreshes > 0 {
		last.Value = "succeeded "
		if !l.Up {
			last.Value = "failed "
		}
		last.Value += ago(now.Sub(l.LastEnded))
		last.More = "took " + span(l.LastDuration) + "; due after " + span(l.Interval)
	}
	if l.Refreshing {
		last.More = strings.Replace(last.More, "due after", "one is under way; due after", 1)
	}
	if l.Overspent {
		last.More += ", because the ids are not random, the list can only be read as a whole, and that takes more than the budget"
	}
	since := fact{"Since the start", many(l.Requests, "request"), "cost " + money(l.cost(l.paid())) + " at your price of " + price(l.Price) + " per 1,000"}
	if l.Billed > 0 && l.Billed != l.Requests {
		since.More = number(l.Billed) + " billed, " + since.More
	}
	month := fact{"In 30 days", "not known yet", ""}
	if l.Snapshot != nil {
		month.Value = "≈ " + many(l.projected(), "request")
		month.More = "cost " + money(l.cost(l.projected())) + "; " + many(float64(l.Snapshot.Pages), "page") + " every " + span(l.Interval)
	}
	if l.Budget > 0 {
		month.More = strings.TrimPrefix(month.More+"; budget of the resource "+number(float64(l.Budget)), "; ")
	}
	return append(found, last, since, month)
}
