package facelist

import (
	"math"
)

const (
	// slack is the share by which a list may grow between two walks without a page more than planned.
	slack = 0.01
	// fewPages is the length up to which a list is read page by page: dividing it would cost more than it saves.
	fewPages = 2
	// fewFirstPages is the same where nothing is known of the list but its first page, and firstRangePages the least
	// length of a range of a longer one: a range ends with a page that is on average half full.
	fewFirstPages   = 32
	firstRangePages = 8
)

// Mode is how a walk goes over the list.
type Mode int

// The modes of a walk.
const (
	// Discover reads one page and then plans again, because the size of the list is not known.
	Discover Mode = iota
	// Exact reads the whole list, in ranges side by side where that is worth it.
	Exact
	// Sample reads a random part of the key space, as much as the allowance has requests for.
	Sample
	// CursorOnly reads the whole list from id to id, whatever it costs: ids are not random or not in order, or the service
	// takes only an id that it has listed for a start.
	CursorOnly
)

// String is the mode's name.
func (m Mode) String() string {
	return [...]string{"discover", "exact", "sample", "cursor only"}[m]
}

// Plan is how a walk will go.
type Plan struct {
	Mode Mode
	// ExpectedSessions is how many sessions the whole list should have; 0 where that is not known.
	ExpectedSessions float64
	// ranges are what to read, each by one worker.
	ranges []*keyRange
}

// budget is what an allowance has left.
type budget struct {
	left    int
	bounded bool
}

// planFor plans a walk by what is known of the list. The argument random, from 0 to below 1, chooses where a sample begins.
func planFor(k Knowledge, limits Limits, b budget, random float64) Plan {
	whole := []*keyRange{newRange(0, 1, 0)}
	if k.cursorOnly() {
		return Plan{Mode: CursorOnly, ExpectedSessions: k.Sessions, ranges: whole}
	}
	if k.Sessions == 0 || k.pages(k.Sessions, limits) > limits.MaxPages { // which may have been lowered
		return Plan{Mode: Discover, ranges: whole}
	}
	pages := k.pages(k.Sessions*(1+slack), limits)
	sampled := b.bounded && pages > b.left
	if (sampled && b.left < 2) || (!sampled && (pages <= fewPages || limits.Workers == 1)) {
		// No made-up start is needed. A single request starts at the begin of the list, because a page that hits the end of
		// the list would be all there is.
		whole[0].quota = b.left
		return Plan{Mode: modeOf(sampled), ExpectedSessions: k.Sessions, ranges: whole}
	}
	if sampled {
		return Plan{Mode: Sample, ExpectedSessions: k.Sessions, ranges: sampleRanges(limits.Workers, b.left, random)}
	}
	// Each worker reads whole pages: of 25 pages, 10 workers read 3 each. A page counts with its average size, because the
	// last one is not full.
	perRange := math.Ceil(float64(pages)/float64(limits.Workers)) * k.Sessions / float64(pages)
	return Plan{Mode: Exact, ExpectedSessions: k.Sessions, ranges: rangesBetween(splitPoints(k.pointsOrEven(), perRange))}
}

func modeOf(sampled bool) Mode {
	if sampled {
		return Sample
	}
	return Exact
}

// planRest plans how to go on after the first page of a list of unknown size. The range first is where it was read, found
// is how many sessions it had, and evenly says that its ids are random and spread evenly.
func planRest(k Knowledge, limits Limits, b budget, first *keyRange, found int, evenly bool) (Plan, error) {
	goOn := []*keyRange{first}
	switch {
	case !evenly && b.bounded:
		return Plan{}, errUneven
	case !evenly:
		return Plan{Mode: CursorOnly, ranges: goOn}, nil
	case k.Capped || first.unconfirmedEnd || first.at <= 0:
		return Plan{Mode: Exact, ranges: goOn}, nil
	}
	expected := float64(found) / first.at
	pages := expected / k.pageSize(limits)
	atLeast := pages
	if !k.tooLong {
		// The position of the last of n random ids is 1/√n uncertain; four times that is certain.
		atLeast *= 1 - 4/math.Sqrt(k.pageSize(limits))
	}
	if int(atLeast) > limits.MaxPages {
		return Plan{}, tooLong(int(atLeast))
	}
	if b.bounded && k.pages(expected, limits)-1 > b.left {
		n := min(limits.Workers, max(1, b.left))
		return Plan{Mode: Sample, ExpectedSessions: expected, ranges: goOnInParts(first, n, b.left)}, nil
	}
	if n := min(limits.Workers, int(pages/firstRangePages)); pages >= fewFirstPages && n >= 2 {
		goOn = goOnInParts(first, n, 0)
	}
	return Plan{Mode: Exact, ExpectedSessions: expected, ranges: goOn}, nil
}

// goOnInParts divides what comes after the first page; its range becomes the first part.
func goOnInParts(first *keyRange, n, quota int) []*keyRange {
	divided := parts(first.at, 1, n, quota)
	first.quota, first.end, first.endKey = divided[0].quota, divided[0].end, divided[0].endKey
	divided[0] = first
	return divided
}

// rangesBetween are the ranges from 0 over these positions to 1.
func rangesBetween(splits []float64) []*keyRange {
	var made []*keyRange
	from := 0.0
	for _, end := range append(splits, 1) {
		made = append(made, newRange(from, end, 0))
		from = end
	}
	return made
}

// parts divides the key space between two positions evenly, and shares the quota out.
func parts(from, to float64, n, quota int) []*keyRange {
	made := make([]*keyRange, n)
	at := func(i int) float64 { return onGrid(from + (to-from)*float64(i)/float64(n)) }
	for i := range made {
		made[i] = newRange(at(i), at(i+1), (i+1)*quota/n-i*quota/n)
	}
	return made
}

// sampleRanges reads a part of the list with so many requests, 2 or more: side by side from places that are evenly apart,
// the first of them random, the last one past the end of the list to the first.
func sampleRanges(workers, requests int, random float64) []*keyRange {
	n := min(workers, requests)
	begin := onGrid((1 - random) / float64(n)) // above 0
	made := parts(begin, 1+begin, n, requests)
	last := made[n-1]
	last.end, last.endKey = 1, ""
	last.wrapTo = newRange(0, begin, 0)
	return made
}
