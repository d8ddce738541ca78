package doctor

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient/facelist"
)

// Verdict is how good a line of the report is.
type Verdict int

// The verdicts, from good to bad.
const (
	OK      Verdict = iota
	Note            // worth knowing
	Problem         // to be solved; the line ends with what to do
)

// Line is one finding.
type Line struct {
	Verdict Verdict
	// Subject is a word or two, such as "ids".
	Subject string
	Text    string
}

const (
	// fewSessions are too few to tell how ids are spread.
	fewSessions = 100
	// clockTolerance is how far two clocks are apart that agree: the service tells whole seconds, and can be behind by two.
	clockTolerance = 5 * time.Second
	// standardRate is how many requests a second the tier S0 allows for a resource, production included.
	standardRate = 10
	// freeRate and freeRequests are what the tier F0 allows: a second, and a month.
	freeRate     = 20.0 / 60
	freeRequests = 30_000
)

// report collects lines.
type report struct {
	Facts
	lines []Line
}

func (r *report) say(verdict Verdict, subject, format string, args ...any) {
	r.lines = append(r.lines, Line{verdict, subject, fmt.Sprintf(format, args...)})
}

// Report says what the facts of one list mean.
func Report(facts Facts) []Line {
	r := report{Facts: facts}
	r.access()
	if facts.Failure == "" {
		r.sessions()
		r.order()
		r.pages()
		r.requests()
		r.outcomes()
		r.cost()
	}
	for _, doubt := range facts.Doubts {
		r.say(Problem, "settings", "%s", doubt)
	}
	if !r.Simulated {
		r.rate()
	}
	return r.lines
}

func (r *report) access() {
	switch {
	case r.Failure == "":
		r.say(OK, "credential", "%s is accepted", r.Credential)
		r.say(OK, "list", "answers with %s, HTTP 200", r.APIVersion)
	case r.RefusedCredential:
		r.say(Problem, "credential", "%s does not work. %s", r.Credential, r.Failure)
	default:
		r.say(Problem, "list", "cannot be read with %s. %s", r.APIVersion, r.Failure)
	}
}

func (r *report) sessions() {
	if r.Sessions == 0 {
		r.say(Note, "sessions", "the list is empty. Nothing may have happened in 48 hours; but it is unknown whether the list shows sessions "+
			"that were created through v1.2 or later: create one with your application and run --doctor again")
		return
	}
	text := fmt.Sprintf("%s listed, %s active, %s never started; the oldest was created %s ago",
		Thousands(r.Sessions), Thousands(r.Active), Thousands(r.NeverStarted), inWords(r.Oldest))
	if r.Coverage < 1 {
		r.say(Note, "sessions", "about %s (estimated from %.1f %% of the list, because of api.monthly_request_budget)", text, 100*r.Coverage)
	} else {
		r.say(OK, "sessions", "%s", text)
	}
	if r.Oldest > 49*time.Hour {
		r.say(Note, "sessions", "the service lists sessions for longer than 48 hours, so that the list is longer than expected")
	}
}

func (r *report) order() {
	k := r.Knowledge
	switch {
	case r.Sessions == 0:
	case k.Unordered:
		r.say(Note, "ids", "are not in ascending order: the list is read page by page, never in parallel and never in part")
	case k.Uneven:
		r.say(Note, "ids", "are not random: the list is read page by page and never in part; with a monthly_request_budget the interval grows instead")
	case r.Sessions*r.Coverage < fewSessions:
		r.say(Note, "ids", "are too few to tell whether they are random and evenly spread")
	default:
		r.say(OK, "ids", "are random, evenly spread and in ascending order: parallel reading and estimates under a budget are possible")
	}
	switch {
	case k.MadeUpStart == facelist.Taken:
		r.say(OK, "start", "the service takes a start that no session has")
	case k.MadeUpStart == facelist.Refused:
		r.say(Note, "start", "the service refuses a start that no session has: the list is read from id to id, never in parallel; "+
			"with a monthly_request_budget the interval grows instead")
	case r.StartFailure != "":
		r.say(Note, "start", "it is unknown whether the service takes a start that no session has. %s", r.StartFailure)
	}
}

func (r *report) pages() {
	switch k := r.Knowledge; {
	case k.Capped:
		r.say(Note, "pages", "the service gives at most %d sessions a page, not %d: every page is billed, so the list costs more", k.FullPage, r.PageSize)
	case r.PageSize < 1000 && r.Sessions > float64(r.PageSize):
		r.say(Problem, "pages", "full pages have %d sessions: set api.page_size to 1000, because every page is billed", r.PageSize)
	case r.Sessions > 0:
		r.say(OK, "pages", "are as long as asked for (%d sessions)", r.PageSize)
	}
}

func (r *report) requests() {
	text := fmt.Sprintf("%.0f requests in %s, %s each on average", r.Requests, r.Took.Round(time.Millisecond), r.Latency.Round(time.Millisecond))
	switch {
	case r.Billed == 0:
		r.say(Note, "billing", "%s; the answers do not say what is billed", text)
	case r.Requests > 0:
		r.say(OK, "billing", "%s; billed: %.3g for each request", text, r.Billed/r.Requests)
	}
	if r.Limited > 0 {
		r.say(Problem, "rate limit", "the service refused %.0f requests for their rate (429): lower api.max_requests_per_second; the tier F0 allows 20 requests a minute: set 0.3", r.Limited)
	}
	switch {
	case r.Ahead.Abs() <= clockTolerance:
		r.say(OK, "clock", "this machine and the service agree")
	case r.Ahead > 0:
		r.say(Problem, "clock", "this machine is %s behind the service: set its clock, for example with NTP", inWords(r.Ahead))
	default:
		r.say(Problem, "clock", "this machine is %s ahead of the service: set its clock, for example with NTP", inWords(-r.Ahead))
	}
}

func (r *report) outcomes() {
	switch r.LookUp {
	case NoSession:
		r.say(Note, "outcomes", "no session was started and has ended, so none could be looked up")
	case Result:
		r.say(OK, "outcomes", "the result of a session can be read")
	case NoResult:
		r.say(OK, "outcomes", "a session can be read; the one that was looked up has no result")
	case Deleted:
		r.say(Note, "outcomes", "the session that was looked up is deleted: where an application deletes sessions after it has read the result, their outcome cannot be known")
	case Failed:
		r.say(Problem, "outcomes", "a session could not be looked up. %s", r.LookUpFailure)
	case NotWanted:
	}
	if r.Demand.Starved(r.Effective) {
		r.say(Problem, "outcomes", "the list takes the whole budget, and no session is looked up: raise api.monthly_request_budget or refresh.interval, or set outcomes.samples to 0")
	}
}

func (r *report) cost() {
	list, lookUps := r.Demand.InMonth(r.Effective)
	requests := list + lookUps
	text := fmt.Sprintf("about %s requests in 30 days at one refresh every %s, which cost %.2f at your price of %s per 1,000",
		Thousands(requests), inWords(r.Effective), collector.Price(requests, r.Price), strconv.FormatFloat(r.Price, 'f', -1, 64))
	switch {
	case r.Simulated:
		r.say(Note, "cost", "%s; the simulated service itself costs nothing", text)
		return
	case requests > collector.ManyRequests:
		fewer := ""
		if r.Demand.Samples > 0 {
			fewer = ", lower outcomes.samples,"
		}
		r.say(Problem, "cost", "%s: to stay below %s, set refresh.interval to %s%s or set api.monthly_request_budget to %d",
			text, Thousands(collector.ManyRequests), inWords(r.cheapInterval()), fewer, collector.ManyRequests)
	default:
		r.say(OK, "cost", "%s", text)
	}
	if requests > freeRequests {
		r.say(Note, "cost", "this is more than the %s requests a month of the tier F0", Thousands(freeRequests))
	}
	if r.Effective > r.Interval {
		r.say(Note, "interval", "the effective interval is %s instead of %s, because the budget of %s requests does not allow more",
			inWords(r.Effective), inWords(r.Interval), Thousands(r.Budget))
	}
}

// cheapInterval is the shortest interval, in whole minutes, that does not take too many requests.
func (r *report) cheapInterval() time.Duration {
	interval := r.Effective.Truncate(time.Minute)
	for interval < collector.Month {
		interval += time.Minute
		if list, lookUps := r.Demand.InMonth(interval); list+lookUps <= collector.ManyRequests {
			break
		}
	}
	return interval
}

func (r *report) rate() {
	switch rate := r.MaxRequestsPerSecond; {
	case rate > standardRate:
		r.say(Problem, "rate", "api.max_requests_per_second is %g, and the tier S0 allows %d for the exporter and production together: set it to 2", rate, standardRate)
	case rate > standardRate/2:
		r.say(Note, "rate", "api.max_requests_per_second is %g, which leaves little or nothing for production of the %d that the tier S0 allows", rate, standardRate)
	case rate > freeRate:
		r.say(Note, "rate", "api.max_requests_per_second is %g, which is more than the tier F0 allows: with F0 set 0.3", rate)
	}
}

// inWords writes a duration in its two largest units.
func inWords(d time.Duration) string {
	step := time.Millisecond
	switch {
	case d >= 24*time.Hour:
		step = time.Hour
	case d >= time.Hour:
		step = time.Minute
	case d >= time.Second:
		step = time.Second
	}
	return model.Duration(d.Truncate(step)).String()
}

// Thousands writes a count with separators: 8,640.
func Thousands(n float64) string {
	digits := strconv.FormatFloat(math.Round(n), 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
