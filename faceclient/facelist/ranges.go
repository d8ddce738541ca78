package facelist

import (
	"math"
	"slices"
)

// worthStealing is how many pages must be left of a range for an idle worker to take part of them.
const worthStealing = 3

// keyRange is a part of the key space that one worker reads: the ids after key(from), up to and with endKey. Its life:
//
//	                  next                     retire
//	planned ─► waiting ───► running ─┬─► complete ──┬─► done
//	                          │  ▲   └─► cut short ─┘
//	                          └──┘
//	                          steal: an idle worker takes the second part
//
// It is complete once it was read to its end. It is cut short where its quota or the allowance is used up first.
type keyRange struct {
	start  string    // the first page comes after it: the key of from
	cursor string    // the next page comes after it
	from   float64   // where the range begins
	at     float64   // the position of the last id that was read
	end    float64   // where it ends; 1 is the end of the list
	endKey string    // the key of end, "" for the end of the list
	quota  int       // pages that it may still read; only used in a sample
	wrapTo *keyRange // what is read after the end of the list, where a sample wraps around

	unconfirmedEnd bool // the last page was short: it was the list's last one if the next one is empty
	complete       bool
	boundary       Batch // the last session of the last page where it is not visited yet: see walk.visit
}

func newRange(from, end float64, quota int) *keyRange {
	start := key(from)
	return &keyRange{start: start, cursor: start, from: from, at: from, end: end, endKey: key(end), quota: quota}
}

// madeUpStart reports whether the next page comes after a start that is no id of a session.
func (r *keyRange) madeUpStart() bool { return r.start != "" && r.cursor == r.start }

// covered is the share of the key space that was read. A range that was cut short ends at the last id that was read: its
// session marks the bound and is not counted.
func (r *keyRange) covered() float64 {
	if r.complete {
		return r.end - r.from
	}
	return r.at - r.from
}

// ranges are all ranges of a walk, by what becomes of them.
type ranges struct {
	waiting, running, done []*keyRange
}

// count is how many ranges there are.
func (r *ranges) count() int { return len(r.waiting) + len(r.running) + len(r.done) }

// next returns a waiting range for a worker to run, and nil if none waits.
func (r *ranges) next() *keyRange {
	if len(r.waiting) == 0 {
		return nil
	}
	first := r.waiting[0]
	r.waiting = r.waiting[1:]
	r.running = append(r.running, first)
	return first
}

// steal cuts the running range with the most left to read in two, and returns the second part for a worker to run. It returns
// nil if no range has enough left. A page covers perPage of the key space.
func (r *ranges) steal(perPage float64) *keyRange {
	var longest *keyRange
	for _, one := range r.running {
		// One that is complete is running until its worker has retired it.
		if !one.complete && (longest == nil || one.end-one.at > longest.end-longest.at) {
			longest = one
		}
	}
	if longest == nil {
		return nil
	}
	left := (longest.end - longest.at) / perPage
	if left <= worthStealing {
		return nil
	}
	keep := 1 + math.Floor((left-1)/2) // the page under way and half of what comes after it
	split := onGrid(longest.at + keep*perPage*(1-slack))
	stolen := newRange(split, longest.end, 0)
	longest.end, longest.endKey = split, stolen.cursor
	r.running = append(r.running, stolen)
	return stolen
}

// retire ends a range. If it wraps around the end of the list, what follows may read what is left of its quota.
func (r *ranges) retire(ended *keyRange) {
	r.running = slices.DeleteFunc(r.running, func(one *keyRange) bool { return one == ended })
	r.done = append(r.done, ended)
	if ended.wrapTo != nil && ended.complete && ended.quota > 0 {
		ended.wrapTo.quota = ended.quota
		r.waiting = append(r.waiting, ended.wrapTo)
	}
}
