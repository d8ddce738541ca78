package facelist

import "time"

// learnedFor is how long what was learned of a service's ways holds: a service may change.
const learnedFor = 24 * time.Hour

// Knowledge is what walks have found out of a list and of the service's ways. It is a value and outlives a change of
// settings. Each fact is found anew by the next walk of the whole list, or forgotten after a day.
type Knowledge struct {
	Sessions  float64 // that the last walk found or estimated; 0 if none has
	FullPage  int     // the maximum of sessions that a page of the last walk had
	Capped    bool    // a page shorter than asked for was not the last one
	Unordered bool    // ids do not ascend in byte order
	Uneven    bool    // ids are not random UUIDs, spread evenly: a part of the list says nothing about the whole

	last      string        // id of the last whole walk; "" if there was none or ids do not ascend
	roundTrip time.Duration // of a page of the last walk, on average
	capped    time.Time     // until when Capped holds
	shortEnds time.Time     // until when it holds that a page shorter than asked for is the last one
	noParts   time.Time     // until when parts of the list are not read side by side
}

// forget drops what may be wrong by now.
func (k *Knowledge) forget(now time.Time) {
	for _, until := range []*time.Time{&k.capped, &k.shortEnds, &k.noParts} {
		if !now.Before(*until) {
			*until = time.Time{}
		}
	}
	k.Capped = !k.capped.IsZero()
}

// goesOn notes that the list went on after a short page.
func (k *Knowledge) goesOn() {
	k.Capped, k.capped, k.shortEnds = true, time.Now().Add(learnedFor), time.Time{}
}
