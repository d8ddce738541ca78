package facesim

import (
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxTop   = 1000 // also the default
	maxStart = 64   // characters
)

// listing is what one request asks of a list, after the faults have changed it.
type listing struct {
	hasStart bool
	start    string
	top      int

	disordered bool // by a hash of the ids
	back       int  // begins so many listed sessions before its place
	wrap       bool // fills the page from the beginning where the list ends

	// Which starts the service refuses beyond those that are too long.
	refuseEmpty    bool
	refuseUnlisted int // the status of the refusal; 0: takes any
}

// parseListing reads start and top by the documented rules.
func parseListing(rawQuery string) (listing, apiError) {
	l := listing{top: maxTop}
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return l, badArgument("The query string is malformed.")
	}
	l.hasStart, l.start = query.Has("start"), query.Get("start")
	if utf8.RuneCountInString(l.start) > maxStart {
		return l, badArgument("'start' is too long.")
	}
	if query.Has("top") {
		l.top, err = strconv.Atoi(query.Get("top"))
		if err != nil || l.top < 1 || l.top > maxTop {
			return l, badArgument("Top parameter is invalid. Valid range is between 1 and 1000 inclusive.")
		}
	}
	return l, apiError{}
}

// refuseStart returns the answer to a start that the service does not take, and the zero value for one that it takes.
func (l listing) refuseStart(listed func(id string) bool) apiError {
	invalid := badArgument("Start parameter is invalid. Please specify the 'Id' field of the last entry to continue the listing process.")
	switch {
	case !l.hasStart:
	case l.start == "":
		if l.refuseEmpty {
			return invalid
		}
	case l.refuseUnlisted != 0 && !listed(l.start):
		if l.refuseUnlisted == http.StatusNotFound {
			return sessionNotFound()
		}
		return invalid
	}
	return apiError{}
}

func badArgument(message string) apiError {
	return apiError{http.StatusBadRequest, ShapeCode, "BadArgument", message}
}

func sessionNotFound() apiError {
	return apiError{http.StatusNotFound, ShapeCode, "SessionNotFound", "Session is not found."}
}

// appendPage writes the page as a bare JSON array and says how many sessions are on it.
func (s *store) appendPage(b []byte, l listing, now time.Time) ([]byte, int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list, order := s.sessions, strings.Compare
	if l.disordered {
		order = byHash
		list = slices.SortedFunc(slices.Values(list), func(a, b *Session) int { return order(a.ID, b.ID) })
	}
	i := 0
	if l.start != "" { // it need not be listed
		i = sort.Search(len(list), func(i int) bool { return order(list[i].ID, l.start) > 0 })
	}
	for back := l.back; back > 0 && i > 0; i-- {
		if !list[i-1].gone(now) {
			back--
		}
	}
	first, items := i, 0
	b = append(b, '[')
	for wrapped := false; items < l.top; i++ {
		if i == len(list) {
			if !l.wrap || wrapped || first == 0 {
				break
			}
			i, wrapped = 0, true
		}
		if wrapped && i == first {
			break
		}
		r := list[i]
		if r.gone(now) {
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
