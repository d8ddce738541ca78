package facesim

import (
	"slices"
	"sort"
	"time"
)

// eventKind is what happens to a session.
type eventKind int

const (
	eventCreated eventKind = iota
	eventStarted
	eventExpired
	eventAbandoned
	eventDeleted
	eventIdentical
	eventDifferent
	eventOutcome // the first of one for each outcome: expired, and was started

	eventKinds = eventOutcome + eventKind(Deleted)
)

// event is one thing that will happen.
type event struct {
	at       int64  // Unix time in nanoseconds: events are compared very often
	sequence uint64 // decides between events of the same time: first come, first served
	kind     eventKind
	plan     *plan
}

// queue is a heap of events, the next one first.
type queue []event

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(e any)   { *q = append(*q, e.(event)) }

func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].sequence < q[j].sequence
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = event{}
	*q = (*q)[:last]
	return e
}

// history counts what happened and remembers when, for the last 48 hours at least.
type history struct {
	totals [eventKinds]int
	times  [eventKinds][]time.Time // ascending
}

func (h *history) note(kind eventKind, at time.Time) {
	h.totals[kind]++
	h.times[kind] = append(h.times[kind], at)
	// Old times are dropped when they are half of all, so that copying is rare.
	if times := h.times[kind]; len(times)%1000 == 0 {
		if old := countUntil(times, at.Add(-Retention)); old > len(times)/2 {
			h.times[kind] = slices.Clone(times[old:])
		}
	}
}

func (h *history) total() Truth { return truth(func(kind eventKind) int { return h.totals[kind] }) }

func (h *history) between(from, to time.Time) Truth {
	return truth(func(kind eventKind) int {
		return max(countUntil(h.times[kind], to)-countUntil(h.times[kind], from), 0)
	})
}

func truth(count func(eventKind) int) Truth {
	found := Truth{
		Created:   count(eventCreated),
		Started:   count(eventStarted),
		Expired:   count(eventExpired),
		Abandoned: count(eventAbandoned),
		Deleted:   count(eventDeleted),
		Identical: count(eventIdentical),
		Different: count(eventDifferent),
	}
	for outcome := range found.Outcomes {
		found.Outcomes[outcome] = count(eventOutcome + eventKind(outcome))
	}
	return found
}

// countUntil is how many of the ascending times are at or before at.
func countUntil(times []time.Time, at time.Time) int {
	return sort.Search(len(times), func(i int) bool { return times[i].After(at) })
}
