package statuspage

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/internal/explain"
)

const (
	// topDevices is how many of the devices a card has room for.
	topDevices = 5
	// manyFailures in a row are no accident any more.
	manyFailures = 5
	// confidence is how many standard errors a range reaches to both sides: 95 of 100 such ranges hold the truth.
	confidence = 1.96
)

// card is one list.
type card struct {
	*List
	ID       string
	State    state
	Estimate string // how much of the list was read; empty where all was
	Count    string // of listed sessions; empty where none are shown
	Age      string // of the snapshot
	Bar      []rectangle
	BarLabel string
	Legend   []legend
	Recent   string // what happened between the last two refreshes
	Outcomes string // shares of the outcomes
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

func newCard(l *List, id string, open bool, now time.Time) card {
	c := card{List: l, ID: id, State: stateOf(l), Open: open}
	if l.Shown {
		c.Age = "as of " + ago(l.Age)
		c.draw(l.Snapshot)
	}
	if l.failing() {
		c.Problem = newProblem(l, now)
	}
	c.Facts = facts(l, now)
	return c
}

// draw shows what a snapshot counted and what happened before it.
func (c *card) draw(s *collector.Snapshot) {
	if !s.Complete() {
		c.Estimate = "Estimate from " + percent(s.Coverage) + " of the list"
	}
	c.Count = c.count(s.Sessions)
	c.Bar = stacked(14,
		rectangle{Class: "active", Width: float64(s.Active())},
		rectangle{Class: "expired", Width: float64(s.Expired - s.Abandoned)},
		rectangle{Class: "abandoned", Width: float64(s.Abandoned)},
	)
	c.Legend = []legend{
		{"active", c.count(s.Active()), "active", ""},
		{"expired", c.count(s.Expired), "expired", ""},
		{"abandoned", c.count(s.Abandoned), "of these never started", ""},
		{"", c.count(s.Started), "started", ""},
	}
	if s.Abandoned > 0 {
		c.Legend[2].More = share(float64(s.Abandoned), float64(s.Expired), float64(s.Expired))
	}
	c.BarLabel = c.Count + " listed: " + c.Legend[0].Value + " active, " + c.Legend[1].Value + " expired, " + c.Legend[2].Value + " of these never started"
	c.Recent = recent(c.LastFlows, s.Coverage)
	c.Outcomes = outcomes(c.List)
	c.TTL = histogram(s)
	if s.Sessions > 0 {
		c.Devices = newDevices(c.List)
	}
}

// recent says what the last refresh, which read this part of the list, added to the flow counters; nothing before the
// second one.
func recent(f collector.Flows, coverage float64) string {
	if f.Window == 0 {
		return ""
	}
	estimated := coverage < 1
	text := "In the " + span(seconds(math.Round(f.Window))) + " before the last refresh: " + count(f.Creations, estimated) + " created, " +
		count(f.Starts, estimated) + " started, " + count(f.Expirations, estimated) + " expired"
	if f.Expirations > 0 {
		text += ", " + count(f.Abandonments, estimated) + " of these never started"
		if never := share(f.Abandonments, f.Expirations, f.Expirations*coverage); never != "" {
			text += " (" + never + ")"
		}
	}
	return text
}

// outcomes are the shares since the start, with their ranges.
func outcomes(l *List) string {
	looked := float64(l.Outcomes.Looked())
	switch {
	case looked == 0:
		return ""
	case looked <= telling:
		return "Outcomes since the start: " + number(looked) + " looked up, too few for shares"
	}
	var shares []string
	for _, outcome := range []struct {
		of   collector.Outcome
		name string
	}{{collector.RealFace, "real" + nbsp + "face"}, {collector.SpoofFace, "spoof"}, {collector.Uncertain, "uncertain"}, {collector.Failed, "failed"}, {collector.NoResult, "no" + nbsp + "result"}} {
		shares = append(shares, outcome.name+nbsp+ranged(l.Outcomes.Share(outcome.of), looked))
	}
	text := "Outcomes since the start: " + strings.Join(shares, ", ") + "; " + number(looked) + " looked up"
	if compared := float64(l.Outcomes.VerificationSamples[0] + l.Outcomes.VerificationSamples[1]); compared > telling {
		other, same := l.Outcomes.Verifications[0], l.Outcomes.Verifications[1]
		text += ". Faces that match the photo: " + ranged(same/(other+same), compared)
	}
	return text
}

// ranged writes a share that was found in so many samples, with the range of Agresti and Coull: a share of 0 of a few is not
// known to be 0.
func ranged(share, samples float64) string {
	middle := (share*samples + 2) / (samples + 4)
	width := confidence * math.Sqrt(middle*(1-middle)/(samples+4))
	return percent(share) + nbsp + "(" + tenths(100*max(0, middle-width)) + nbsp + "to" + nbsp + tenths(100*min(1, middle+width)) + nbsp + "%)"
}

func newDevices(l *List) *devices {
	s, d := l.Snapshot, &devices{}
	if n, known := s.DeviceCount(); known {
		d.Summary = number(n)
	} else if s.DevicesCut {
		d.Summary = "more devices than can be counted"
	}
	others, rows := s.OtherDeviceSessions, s.TopDevices
	for _, device := range rows[min(topDevices, len(rows)):] {
		others += device.Sessions
	}
	rows = rows[:min(topDevices, len(rows))]
	for _, device := range rows {
		name := device.Label
		if strings.TrimSpace(name) == "" {
			name = strconv.Quote(name) // or nothing is seen
		}
		d.Rows = append(d.Rows, deviceRow{name, l.count(device.Sessions), tidy(100 * float64(device.Sessions) / float64(rows[0].Sessions))})
	}
	var rest []string
	if others > 0 {
		rest = append(rest, l.count(others)+" on other devices")
	}
	if s.WithoutDevice > 0 {
		rest = append(rest, l.count(s.WithoutDevice)+" without a device")
	}
	d.Rest = strings.Join(rest, ", ")
	switch hidden := l.Settings.Devices.Top == 0 || l.Settings.Devices.Label == collector.DeviceNone; {
	case len(rows) > 0:
		if d.Rest != "" {
			d.Rest = "Other sessions: " + d.Rest
		}
	case s.OtherDeviceSessions == 0:
		d.Rest = "No session names a device."
	case hidden:
		d.Rest = "Devices are hidden by configuration. Sessions: " + d.Rest
	case !s.Complete():
		d.Rest = "No device was seen often enough to estimate its sessions. Sessions: " + d.Rest
	default:
		d.Rest = "Device names changed with the configuration; the next refresh shows them. Sessions: " + d.Rest
	}
	return d
}

func newProblem(l *List, now time.Time) *problem {
	f := l.failure()
	p := &problem{
		Code: f.Code, When: ago(now.Sub(l.Health.LastEnded)), Detail: f.Detail,
		Meaning: sentence(f.Meaning), Remedy: sentence(f.Remedy), Next: "The next scrape tries again.",
	}
	if f.Status != 0 && strconv.Itoa(f.Status) != f.Code {
		p.Status = "HTTP " + strconv.Itoa(f.Status)
	}
	if f.Before != nil {
		p.Before = sentence(f.Before.String())
	}
	if l.Health.FailuresInRow > 1 {
		p.When += ", " + number(float64(l.Health.FailuresInRow)) + " in a row"
	}
	support := "Look at this exporter's log, and give Microsoft's support the apim_request_id that it shows."
	lasting, passing := strings.CutPrefix(f.Remedy, explain.TryAgain)
	switch {
	case l.Health.FailuresInRow >= manyFailures && (passing || f.Status >= http.StatusInternalServerError):
		p.Remedy = "This has lasted for " + number(float64(l.Health.FailuresInRow)) + " refreshes. Check Azure's service health for the region of this resource. " +
			strings.TrimSpace(sentence(strings.TrimPrefix(lasting, ". Else "))+" "+support)
	case p.Remedy == "":
		p.Remedy = support
	}
	if p.Meaning == "" {
		p.Meaning = "Not documented for this list."
	}
	switch {
	case l.Health.Refreshing:
		p.Next = "It is being tried again now."
	case l.DueIn >= time.Second:
		p.Next = "The first scrape after " + span(l.DueIn.Truncate(time.Second)) + " tries again."
	}
	return p
}

// facts are when the list was read and what that costs.
func facts(l *List, now time.Time) []fact {
	read := fact{"Snapshot", "none yet", ""}
	if s := l.Snapshot; s != nil {
		read.Value, read.More = "finished "+ago(l.Age), many(float64(s.Pages), "page")+" in "+span(s.Took())
	}
	last := fact{"Last refresh", "none yet", ""}
	if l.Health.Refreshes > 0 {
		last.Value = "succeeded "
		if !l.Health.Up {
			last.Value = "failed "
		}
		last.Value += ago(now.Sub(l.Health.LastEnded))
		last.More = "took " + span(l.Health.LastDuration)
	}
	next := fact{"Next refresh", "with the next scrape", "then every " + span(l.Interval)}
	switch {
	case l.Settings.CostInterval > 0:
		next = fact{"Next refresh", "by itself", "every " + span(l.Interval)}
	case l.Health.Refreshing:
		next.Value = "under way"
	case l.DueIn >= time.Second:
		next.Value = "in " + span(l.DueIn.Truncate(time.Second)) + ", with the next scrape"
	}
	if l.Health.Overspent {
		next.More += ", because this list can only be read as a whole, and that needs more requests than the budget has"
	}
	since := fact{"Since the start", many(l.Requests, "request"), "cost " + money(collector.Price(l.paid(), l.Price)) + " at your price of " + price(l.Price) + " per 1,000"}
	if l.Billed > 0 && l.Billed != l.Requests {
		since.More = number(l.Billed) + " billed, " + since.More
	}
	month := fact{"In 30 days", "not known yet", ""}
	if l.Snapshot != nil {
		list, lookUps := l.MonthlyRequests()
		month.Value = "≈" + nbsp + many(list+lookUps, "request")
		month.More = "cost " + money(collector.Price(list+lookUps, l.Price)) + "; " + many(float64(l.Snapshot.NextPages()), "page") + " every " + span(l.CostInterval())
		if lookUps > 0 {
			month.More += ", and outcomes"
		} else if l.Demand().Starved(l.CostInterval()) {
			month.More += ", and none left for outcomes"
		}
	}
	if l.Budget > 0 {
		month.More = strings.TrimPrefix(month.More+"; budget of the resource "+number(float64(l.Budget)), "; ")
	}
	return []fact{read, last, next, since, month}
}
