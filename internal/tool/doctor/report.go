package doctor

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/config"
	"face_liveness_exporter/internal/explain"
	"face_liveness_exporter/internal/words"
)

// Verdict is how good a line of the report is.
type Verdict string

// The verdicts, from good to bad.
const (
	OK      Verdict = "ok"
	Note    Verdict = "note"    // worth knowing
	Problem Verdict = "problem" // to be solved; the line ends with what to do
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
type report []Line

func (r *report) say(verdict Verdict, subject, format string, args ...any) {
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), words.Space, " ") // terminals are searched
	*r = append(*r, Line{verdict, subject, text})
}

// Settings says what does not fit in the settings of a resource. Doubts are settings that do not fit together, each with what
// to do.
func Settings(api config.API, doubts []string) []Line {
	var r report
	for _, doubt := range doubts {
		r.say(Problem, "settings", "%s", doubt)
	}
	switch rate := api.MaxRequestsPerSecond; {
	case rate > standardRate:
		r.say(Problem, "rate", "api.max_requests_per_second is %g, and the tier S0 allows %d for the exporter and production together: set it to 2", rate, standardRate)
	case rate > standardRate/2:
		r.say(Note, "rate", "api.max_requests_per_second is %g, which leaves little or nothing for production of the %d that the tier S0 allows", rate, standardRate)
	case rate > freeRate:
		r.say(Note, "rate", "api.max_requests_per_second is %g, which is more than the tier F0 allows: with F0 set 0.3", rate)
	}
	return r
}

// Report says what the facts of one list mean.
func Report(facts Facts) []Line {
	var r report
	r.access(&facts)
	if facts.Usage.Requests > 0 {
		r.requests(&facts)
	}
	if facts.Failure == nil {
		r.sessions(&facts)
		r.ids(&facts)
		r.pages(&facts)
		r.clock(&facts)
		r.outcomes(&facts)
		r.cost(&facts)
	}
	return r
}

func (r *report) access(f *Facts) {
	failure, _ := errors.AsType[*faceclient.Error](f.Failure)
	switch {
	case f.Failure == nil:
		r.say(OK, "credential", "%s is accepted", f.Credential)
		r.say(OK, "list", "answers with %s, HTTP 200", f.API.Version)
	case failure != nil && (failure.Code == faceclient.CodeAuthentication || failure.Status == 401):
		r.say(Problem, "credential", "%s does not work. %s", f.Credential, explained(f.Failure))
	default:
		r.say(Problem, "list", "cannot be read with %s. %s", f.API.Version, explained(f.Failure))
	}
}

// explained says in one line what an error means and what to do.
func explained(err error) string {
	if explain.Of(err).Remedy == "" {
		return explain.Text(err) + "; if it does not pass, ask Azure support with the apim_request_id of the log"
	}
	return explain.Text(err)
}

func (r *report) sessions(f *Facts) {
	if f.Sessions == 0 {
		r.say(Note, "sessions", "no session is listed: either nobody used the resource for 48 hours, or sessions are created through API version v1.2 or later "+
			"and may not be listed")
		return
	}
	text := fmt.Sprintf("%s listed, %s active, %s never started; the oldest was created %s",
		words.Count(f.Sessions), words.Count(f.Active), words.Count(f.NeverStarted), words.Ago(f.Oldest))
	if f.Coverage < 1 {
		within := 1.96 * math.Sqrt((1-f.Coverage)/(f.Sessions*f.Coverage))
		r.say(Note, "sessions", "about %s (estimated from %s of the list, because of api.monthly_request_budget; the total is right within ± %s in 95 of 100 refreshes)",
			text, words.Percent(f.Coverage), words.Percent(within))
	} else {
		r.say(OK, "sessions", "%s", text)
	}
	if f.Oldest > 49*time.Hour { // with an hour for the deletion
		r.say(Note, "sessions", "the service lists sessions for longer than 48 hours, so that the list is longer than expected")
	}
}

func (r *report) ids(f *Facts) {
	switch {
	case f.Sessions == 0:
	case f.Knowledge.Unordered:
		r.say(Note, "ids", "are not in ascending order: the list is always read as a whole, page by page")
	case f.Knowledge.Uneven:
		r.say(Note, "ids", "are not random: the list is always read as a whole, page by page; with api.monthly_request_budget the interval grows instead")
	case f.Sessions*f.Coverage < fewSessions:
		r.say(Note, "ids", "are too few to tell whether they are random and evenly spread")
	default:
		r.say(OK, "ids", "are random, evenly spread and in ascending order: estimates under a budget are possible")
	}
}

func (r *report) pages(f *Facts) {
	switch k := f.Knowledge; {
	case k.Capped:
		r.say(Note, "pages", "the service gives at most %d sessions a page, not %d: every page is billed, so the list costs more", k.FullPage, f.API.PageSize)
	case f.API.PageSize < 1000 && f.Sessions > float64(f.API.PageSize):
		r.say(Problem, "pages", "full pages have %d sessions: set api.page_size to 1000, because every page is billed", f.API.PageSize)
	case f.Sessions > 0:
		r.say(OK, "pages", "are as long as asked for (%d sessions)", f.API.PageSize)
	}
}

func (r *report) requests(f *Facts) {
	used := f.Usage
	text := fmt.Sprintf("%s, %s each on average; the refresh took %s", words.Many(float64(used.Requests), "request"),
		words.Span(used.Duration/time.Duration(used.Requests)), words.Span(f.Took))
	switch {
	case used.Billed > 0:
		r.say(OK, "requests", "%s; billed: %.3g for each request", text, used.Billed/float64(used.Requests))
	case f.Failure != nil:
		r.say(OK, "requests", "%s", text)
	default:
		r.say(Note, "requests", "%s; the answers do not say what is billed", text)
	}
	if used.RateLimited > 0 {
		r.say(Problem, "rate limit", "the service refused %s because of the rate (429): lower api.max_requests_per_second; the tier F0 allows 20 requests a minute: set 0.3",
			words.Many(float64(used.RateLimited), "request"))
	}
}

func (r *report) clock(f *Facts) {
	switch {
	case f.Ahead > clockTolerance:
		r.say(Problem, "clock", "this machine is %s behind the service: set its clock, for example with NTP", words.Span(f.Ahead))
	case f.Ahead < -clockTolerance:
		r.say(Problem, "clock", "this machine is %s ahead of the service: set its clock, for example with NTP", words.Span(-f.Ahead))
	case f.Sessions > 0 && f.Youngest < -clockTolerance:
		r.say(Note, "clock", "the service's clocks differ: the youngest session was created %s after the Date of the answer that lists it, so it is counted later", words.Span(-f.Youngest))
	default:
		r.say(OK, "clock", "this machine and the service agree")
	}
}

func (r *report) outcomes(f *Facts) {
	switch {
	case f.Demand.Samples == 0:
	case !f.LookedUp:
		r.say(Note, "outcomes", "no session was started and has expired, so none could be looked up")
	case faceclient.NotFound(f.LookUpFailure):
		r.say(Note, "outcomes", "the session that was looked up is deleted: if an application deletes sessions after it has read the result, their outcome cannot be known")
	case f.LookUpFailure != nil:
		r.say(Problem, "outcomes", "a session could not be looked up. %s", explained(f.LookUpFailure))
	case f.Check.HasResult:
		r.say(OK, "outcomes", "the result of a session can be read")
	default:
		r.say(OK, "outcomes", "a session can be read; the one that was looked up has no result")
	}
	if f.Demand.Starved(f.Effective) {
		r.say(Problem, "outcomes", "the list takes the whole budget, and no session is looked up: raise api.monthly_request_budget or refresh.interval, or set outcomes.samples to 0")
	}
}

func (r *report) cost(f *Facts) {
	requests := inMonth(f.Demand, f.Effective)
	text := fmt.Sprintf("about %s in 30 days at one refresh every %s, which cost %s at your price of %s per 1,000",
		words.Many(requests, "request"), words.Span(f.Effective), words.Money(collector.Price(requests, f.API.PricePer1000Requests)), words.Price(f.API.PricePer1000Requests))
	switch {
	case f.Simulated:
		r.say(Note, "cost", "%s; the simulated service itself costs nothing", text)
		return
	case requests > collector.ManyRequests:
		fewer := ""
		if f.Demand.Samples > 0 {
			fewer = ", lower outcomes.samples,"
		}
		r.say(Problem, "cost", "%s: to stay below %s, set refresh.interval to %s%s or set api.monthly_request_budget to %d",
			text, words.Count(collector.ManyRequests), model.Duration(cheapInterval(f.Demand)), fewer, collector.ManyRequests)
	case requests > freeRequests:
		r.say(Note, "cost", "%s; the tier F0 allows %s a month", text, words.Count(freeRequests))
	default:
		r.say(OK, "cost", "%s", text)
	}
	if f.Effective > f.Interval {
		r.say(Note, "interval", "the effective interval is %s instead of %s, because the budget of %s does not allow more refreshes",
			words.Span(f.Effective), words.Span(f.Interval), words.Many(float64(f.API.MonthlyRequestBudget), "request"))
	}
}

func inMonth(demand collector.Demand, interval time.Duration) float64 {
	list, lookUps := demand.InMonth(interval)
	return list + lookUps
}

// cheapInterval is the shortest interval, in whole minutes, that does not take too many requests.
func cheapInterval(demand collector.Demand) time.Duration {
	minutes := 1 + sort.Search(int(collector.Month/time.Minute), func(i int) bool {
		return inMonth(demand, time.Duration(i+1)*time.Minute) <= collector.ManyRequests
	})
	return time.Duration(minutes) * time.Minute
}
