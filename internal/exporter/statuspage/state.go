package statuspage

import "time"

// The kinds of states, worst first: what fails, what wants a look, what has just begun, and what is well.
const (
	bad = iota
	notice
	begun
	good
)

// state is how a list is, in words.
type state struct {
	Kind int
	// Word is for a glance and Sentence for who wants to know; the sentence may be empty.
	Word, Sentence string
}

// Class is the kind's name in the style sheet.
func (s state) Class() string { return [...]string{"bad", "notice", "begun", "good"}[s.Kind] }

// stateOf judges a list.
func stateOf(l *List, now time.Time) state {
	switch {
	case l.Failure != nil && l.Snapshot == nil:
		return state{bad, "Failing, no list", "No walk has succeeded yet, so there is nothing to show."}
	case l.Failure != nil && !l.Shown:
		return state{bad, "Failing, too old", "Refreshes fail, and the last complete list is from " + ago(now.Sub(l.Snapshot.Ended)) +
			". That is too old to be shown: the metrics have no sessions until a refresh succeeds."}
	case l.Failure != nil:
		return state{bad, "Refresh fails", "Shown is the last complete list, from " + ago(now.Sub(l.Snapshot.Ended)) +
			". The metrics show it as well until it is too old."}
	case l.Snapshot == nil && l.Refreshing:
		return state{begun, "First walk goes on", "The list is being read for the first time."}
	case l.Snapshot == nil:
		return state{begun, "Not read yet", "The service has not been asked yet. The next scrape starts the first walk."}
	case !l.Shown:
		return state{bad, "Too old", "The last complete list is from " + ago(now.Sub(l.Snapshot.Ended)) +
			", too old to be shown: the metrics have no sessions. " + renewal(l)}
	case now.Sub(l.Snapshot.Ended) > 2*l.Interval+l.Snapshot.Took:
		return state{notice, "Old", "A newer list was due " + ago(now.Sub(l.Snapshot.Ended)-l.Interval) + ". " + renewal(l)}
	}
	return state{Kind: good, Word: "Up to date"}
}

// renewal says what will bring a newer list where nothing fails.
func renewal(l *List) string {
	if l.Refreshing {
		return "A refresh is under way."
	}
	return "Only a scrape starts a refresh: check that Prometheus scrapes this exporter."
}
