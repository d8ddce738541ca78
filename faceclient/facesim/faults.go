package facesim

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault is something that goes wrong. It is a value: its methods return a changed copy, so that a test can say
//
//	srv.Fail(facesim.RateLimited(facesim.ShapeCode, facesim.HintHeader, time.Second).Times(2))
//
// A fault applies to every request until it is cleared, unless it is narrowed by On, OnSessions, When,
// After, Times and Share.
// Several faults at once compose: the first given is the outermost, so Fail(Delay(time.Second), Status(500, "")) answers
// 500 after a second.
type Fault struct {
	name     string
	ops      []string
	sessions bool // only requests for one session
	when     func(Request) bool
	after    int
	times    int // 0: no end
	share    float64
	header   http.Header
	skew     time.Duration

	// At most one of the two does the work: serve stands around the answer, list changes what the page holds.
	serve func(w http.ResponseWriter, r *http.Request, next http.Handler)
	list  func(*listing)
}

func newFault(name string, serve func(http.ResponseWriter, *http.Request, http.Handler)) Fault {
	return Fault{name: name, serve: serve}
}

// Wrap is a fault of the test's own making: a handler around the server's.
func Wrap(name string, wrap func(next http.Handler) http.Handler) Fault {
	return newFault(name, func(w http.ResponseWriter, r *http.Request, next http.Handler) { wrap(next).ServeHTTP(w, r) })
}

// Times ends the fault after it has taken part in n requests. Below 1 it never takes part.
func (f Fault) Times(n int) Fault {
	f.times = max(n, 0)
	if f.times == 0 {
		f.times = -1
	}
	return f
}

// After lets n requests pass, of those the fault would have taken part in, before it begins.
func (f Fault) After(n int) Fault { f.after = n; return f }

// On narrows the fault to requests for these operations.
func (f Fault) On(ops ...string) Fault { f.ops = ops; return f }

// OnSessions narrows the fault to requests for one session.
func (f Fault) OnSessions() Fault { f.sessions = true; return f }

// When narrows the fault to requests that the function accepts, by what is known at their arrival. It is called with a
// lock held and must not call the server.
func (f Fault) When(accept func(Request) bool) Fault { f.when = accept; return f }

// Share narrows the fault to a part of the requests, from 0 to 1, drawn the same way in every run.
func (f Fault) Share(part float64) Fault { f.share = max(part, 1e-12); return f }

// Header sets a header of the answer; "" leaves the header out, Date included. A header that every page has
// (Content-Type, Content-Length, CSP-Billing-Usage, x-envoy-upstream-service-time) cannot be changed by it.
func (f Fault) Header(key, value string) Fault {
	f.header = f.header.Clone()
	if f.header == nil {
		f.header = make(http.Header)
	}
	f.header.Set(key, value)
	return f
}

// String is the fault's name, as Request.Faults has it.
func (f Fault) String() string { return f.name }

// Named returns the fault with another name.
func (f Fault) Named(name string) Fault { f.name = name; return f }

func (f Fault) around(next http.Handler) http.Handler {
	if f.serve == nil && f.header == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for key, values := range f.header {
			if values[0] == "" {
				values = nil
			}
			w.Header()[key] = values
		}
		if f.serve == nil {
			next.ServeHTTP(w, r)
			return
		}
		f.serve(w, r, next)
	})
}

// faultSet holds the faults that are switched on.
type faultSet struct {
	mu     sync.Mutex // guards all
	active []*activeFault
	random *rand.Rand
}

type activeFault struct {
	Fault
	seen, used int
}

// Fail switches faults on, after those that are on already. The returned function switches these off again.
func (s *Server) Fail(faults ...Fault) (undo func()) {
	set := &s.faults
	set.mu.Lock()
	defer set.mu.Unlock()
	var added []*activeFault
	for _, f := range faults {
		added = append(added, &activeFault{Fault: f})
	}
	set.active = append(set.active, added...)
	return func() {
		set.mu.Lock()
		defer set.mu.Unlock()
		set.active = slices.DeleteFunc(set.active, func(f *activeFault) bool { return slices.Contains(added, f) })
	}
}

// ClearFaults switches all faults off, those of a Traffic too. Answers under way keep theirs.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.active = nil
}

// match returns the faults of one request, outermost first, and counts them as used.
func (set *faultSet) match(r Request) []Fault {
	set.mu.Lock()
	defer set.mu.Unlock()
	if set.random == nil {
		set.random = rand.New(rand.NewPCG(7, 7))
	}
	var matched []Fault
	for _, f := range set.active {
		switch {
		case f.times != 0 && f.used >= f.times:
		case len(f.ops) > 0 && !slices.Contains(f.ops, r.Operation):
		case f.sessions && r.Session == "":
		case f.when != nil && !f.when(r):
		case f.share != 0 && set.random.Float64() >= f.share:
		default:
			f.seen++
			if f.seen <= f.after {
				continue
			}
			f.used++
			matched = append(matched, f.Fault)
		}
	}
	return matched
}

// List faults. They change what a page holds; everything else about the answer stays right.

func listFault(name string, list func(*listing)) Fault { return Fault{name: name, list: list} }

// ShortPages puts at most n sessions on a page, whatever top is.
func ShortPages(n int) Fault {
	return listFault("short pages", func(l *listing) { l.top = min(l.top, n) })
}

// RaggedPages puts 1 to n sessions on a page. How many depends only on the start.
func RaggedPages(n int) Fault {
	return listFault("ragged pages", func(l *listing) { l.top = min(l.top, 1+int(hash(l.start)%uint64(n))) })
}

// Disordered lists the sessions in an order that has nothing to do with the ids. A page goes on after its start in that order.
func Disordered() Fault {
	return listFault("other order", func(l *listing) { l.disordered = true })
}

// IgnoreStart answers every request with the first page.
func IgnoreStart() Fault {
	return listFault("start ignored", func(l *listing) { l.start = "" })
}

// Overlap begins every page n sessions before its place.
func Overlap(n int) Fault {
	return listFault("overlap", func(l *listing) {
		if l.start != "" {
			l.back = n
		}
	})
}

// RepeatPages gives, for a page's last id, that same page again.
func RepeatPages() Fault {
	return listFault("page repeated", func(l *listing) {
		if l.start != "" {
			l.back = l.top
		}
	})
}

// WrapAround makes the list endless: it goes on with the first session after the last, so that no page but the first is ever short.
func WrapAround() Fault {
	return listFault("list wraps around", func(l *listing) { l.wrap = true })
}

// ListedIDsOnly refuses a start that no listed session has, with 400 BadArgument or 404 SessionNotFound.
func ListedIDsOnly(status int) Fault {
	return listFault("listed ids only", func(l *listing) { l.refuseUnlisted = status })
}

// NoEmptyStart refuses a start that is there and empty, with 400 BadArgument. No start at all is taken.
func NoEmptyStart() Fault {
	return listFault("an empty start is refused", func(l *listing) { l.refuseEmpty = true })
}

// Time faults.

// NoDate leaves the header Date out.
func NoDate() Fault { return Fault{name: "no Date"}.Header("Date", "") }

// SkewDate moves the header Date, and nothing else of the service's clock.
func SkewDate(by time.Duration) Fault { return Fault{name: "Date skewed", skew: by} }
