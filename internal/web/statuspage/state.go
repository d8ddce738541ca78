package statuspage

import "face_liveness_exporter/internal/words"

// The kinds of states, worst first.
const (
	bad = iota
	notice
	begun
	good
)

// state is how a list is.
type state struct {
	Kind int
	// Word is for a glance, and Sentence says more; it may be empty.
	Word, Sentence string
}

// Class is the kind's name in the style sheet.
func (s state) Class() string { return [...]string{"bad", "notice", "begun", "good"}[s.Kind] }

// stateOf judges a list.
func stateOf(l *List) state {
	switch {
	case l.failing() && l.Snapshot == nil:
		return state{bad, "Failing, no data", "No refresh has succeeded yet, so there is nothing to show."}
	case l.failing() && !l.Shown:
		return state{bad, "Failing, too old", "Refreshes fail, and the last complete one was " + words.Ago(l.Age) +
			". That is too old to show: the metrics have no sessions until a refresh succeeds."}
	case l.failing():
		return state{bad, "Refresh fails", "This is what the last successful refresh found " + words.Ago(l.Age) +
			". The metrics also show it until it is too old."}
	case l.Snapshot == nil && l.Health.Refreshing:
		return state{begun, "First refresh", "The list is being read for the first time."}
	case l.Snapshot == nil:
		return state{begun, "Not read yet", "No request has been sent yet. The next scrape starts the first refresh."}
	case !l.Shown:
		return state{bad, "Too old", "The last successful refresh was " + words.Ago(l.Age) +
			". That is too old to show: the metrics have no sessions. " + renewal(l)}
	case l.Age > 2*l.Interval+l.Snapshot.Took():
		return state{notice, "Old", "A refresh was due " + words.Ago(l.Age-l.Interval) + ". " + renewal(l)}
	case l.Health.ClockHeldBack > 0:
		return state{notice, "Counters wait", "The service's clock, or the one of this machine, was or is wrong. What happens to sessions is counted " +
			words.Span(l.Health.ClockHeldBack) + " late."}
	case l.Snapshot.Sessions == 0:
		return state{notice, "Empty", "No session is listed. Sessions that are created through API version v1.2 or later may not be: see the end of this page."}
	}
	return state{Kind: good, Word: "Up to date"}
}

// renewal says what brings a newer list if nothing fails.
func renewal(l *List) string {
	if l.Health.Refreshing {
		return "A refresh is under way."
	}
	return "Only a scrape starts a refresh: check that Prometheus scrapes this exporter."
}
