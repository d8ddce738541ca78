package facesim

import (
	"container/heap"
	"sort"
)

// eventKind is what happens to a session.
type eventKind int

const (
	eventCreated eventKind = iota
	eventStarted
	eventExpired
	eventAbandoned
	eventDeleted
	eventRemoved // by the service, because of its age
	eventIdentical
	eventDifferent
	eventOutcome // the first of one for each outcome: expired, and was started

	eventKinds = eventOutcome + eventKind(Deleted)
)

// event is one thing that will happen.
type event struct {
	at       int64  // Unix nanoseconds
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
	if q[i].at != q[j].at {
		return q[i].at < q[j].at
	}
	return q[i].sequence < q[j].sequence
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = event{}
	*q = (*q)[:last]
	return e
}

func (q *queue) schedule(at int64, kind eventKind, p *plan, sequence uint64) {
	heap.Push(q, event{at: at, sequence: sequence, kind: kind, plan: p})
}

func (q *queue) take() event { return heap.Pop(q).(event) }

// due is when the next event happens; ok is false where there is none.
func (q queue) due() (at int64, ok bool) {
	if len(q) == 0 {
		return 0, false
	}
	return q[0].at, true
}

// history counts what happened and remembers when, for the last 48 hours at least.
type history struct {
	totals [eventKinds]int
	times  [eventKinds][]int64 // ascending
}

func (h *history) note(kind eventKind, at int64) {
	h.totals[kind]++
	h.times[kind] = append(h.times[kind], at)
	times := h.times[kind]
	// Old times are dropped when they are half of all, so that copying is rare.
	if old := countUntil(times, at-int64(Retention)); old > len(times)/2 && old > 1000 {
		times = append([]int64(nil), times[old:]...)
	}
	h.times[kind] = times
}

func (h *history) total() Truth { return truth(func(kind eventKind) int { return h.totals[kind] }) }

func (h *history) between(from, to int64) Truth {
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
func countUntil(times []int64, at int64) int {
	return sort.Search(len(times), func(i int) bool { return times[i] > at })
}

// pastList is a list while the past is simulated. It needs no order, because only its end is read.
type pastList map[string]*record

func (p pastList) add(records []record) {
	for i := range records {
		p[records[i].id] = &records[i]
	}
}

func (p pastList) update(now int64, id string, change func(*record)) bool {
	r, ok := p[id]
	if !ok || r.removed(now) {
		return false
	}
	change(r)
	return true
}

func (p pastList) remove(now int64, ids ...string) int {
	listed := 0
	for _, id := range ids {
		if r, ok := p[id]; ok && !r.removed(now) {
			listed++
		}
		delete(p, id)
	}
	return listed
}

func (p pastList) records() []record {
	all := make([]record, 0, len(p))
	for _, r := range p {
		all = append(all, *r)
	}
	return all
}
