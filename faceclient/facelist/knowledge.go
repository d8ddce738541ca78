package facelist

import (
	"math"
	"time"
)

// StartUse is what is known of how the service takes a start that no session has.
type StartUse int

// What can be known of made-up starts.
const (
	Untried StartUse = iota // no walk has needed one
	Taken                   // the service lists the ids after it
	Refused                 // the service refuses it, so that a list can only be read from id to id
)

// retryRefused is how long after a refusal a made-up start is tried anew: a service may change.
const retryRefused = 24 * time.Hour

// Knowledge is what walks have found out of a list and of the service's ways. It is a value and outlives a change of
// settings.
type Knowledge struct {
	// Sessions is how many the last walk found or estimated; 0 where none has.
	Sessions float64
	// ShortIsLast: a page shorter than asked for was seen to be the last one.
	ShortIsLast bool
	// Capped: a page shorter than asked for was seen not to be the last one. FullPage is the most sessions that a page had.
	Capped   bool
	FullPage int
	// Unordered: ids were seen that do not ascend in byte order.
	Unordered bool
	// Uneven: ids were seen that are not random UUIDs, spread evenly over the key space. A part of such a list says nothing
	// of the whole.
	Uneven bool
	// MadeUpStart is how the service takes a start that no session has. If it is Refused, RefusedAt is when.
	MadeUpStart StartUse
	RefusedAt   time.Time

	points []point // where the last walk found the sessions, if it found all
	// tooLong: the last walk was longer than it may be, so that the next one's first page is believed.
	tooLong bool
	// cursorRefused: in this walk the service refused the id of a session as a start.
	cursorRefused bool
}

// cursorOnly reports whether the list can only be read as a whole, from id to id.
func (k *Knowledge) cursorOnly() bool {
	return k.Unordered || k.Uneven || k.MadeUpStart == Refused || k.cursorRefused
}

// forget drops what may be wrong by now.
func (k *Knowledge) forget(now time.Time) {
	if k.MadeUpStart == Refused && now.Sub(k.RefusedAt) >= retryRefused {
		k.MadeUpStart = Untried
	}
}

// pageSize is how many sessions a full page of this service has.
func (k *Knowledge) pageSize(limits Limits) float64 {
	if k.Capped && k.FullPage > 0 {
		return float64(k.FullPage)
	}
	return float64(limits.PageSize)
}

// pages is how many pages so many sessions take at least.
func (k *Knowledge) pages(sessions float64, limits Limits) int {
	return int(math.Ceil(sessions / k.pageSize(limits)))
}

// pointsOrEven are the points of the last walk, or that of an even list.
func (k *Knowledge) pointsOrEven() []point {
	if k.points != nil {
		return k.points
	}
	return []point{{position: 1, sessions: int(k.Sessions)}}
}
