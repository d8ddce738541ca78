package facetest

import (
	"maps"
	"net/http"
	"slices"
)

// Fault is something that goes wrong. It is a value: its methods return a changed copy, so that a test can say
//
//	srv.Fail(facetest.RateLimited(time.Second).Times(2))
//
// A fault applies to every request until it is cleared, unless it is narrowed. Several faults at once compose: the first given is the
// outermost, so Fail(Delay(time.Second), Status(500, "")) answers 500 after a second.
type Fault struct {
	name     string
	ops      []string
	sessions bool // only requests for one session
	after    int
	times    int // 0: no end
	header   map[string]string
	serve    func(w http.ResponseWriter, r *http.Request, next http.Handler) // nil: only header
}

// Wrap makes a fault that stands around the answer of the others and of the service, which is next.
func Wrap(name string, serve func(w http.ResponseWriter, r *http.Request, next http.Handler)) Fault {
	return Fault{name: name, serve: serve}
}

// Times ends the fault after it has taken part in n requests, at least 1.
func (f Fault) Times(n int) Fault { f.times = n; return f }

// After lets n requests pass, of those the fault would have taken part in, before it begins.
func (f Fault) After(n int) Fault { f.after = n; return f }

// On narrows the fault to requests for these operations.
func (f Fault) On(ops ...string) Fault { f.ops = ops; return f }

// OnSessions narrows the fault to requests for one session.
func (f Fault) OnSessions() Fault { f.sessions = true; return f }

// Header sets a header of the answer; "" leaves the header out, Date included.
func (f Fault) Header(key, value string) Fault {
	f.header = maps.Clone(f.header)
	if f.header == nil {
		f.header = make(map[string]string)
	}
	f.header[key] = value
	return f
}

// String is the fault's name.
func (f Fault) String() string { return f.name }

func (f Fault) around(next http.Handler) http.Handler {
	if f.serve == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.serve(w, r, next) })
}

// activeFault is a fault that is switched on.
type activeFault struct {
	Fault
	seen, used int
}

// Fail switches faults on, after those that are on already. The returned function switches these off again.
func (s *Server) Fail(faults ...Fault) (undo func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var added []*activeFault
	for _, f := range faults {
		added = append(added, &activeFault{Fault: f})
	}
	s.faults = append(s.faults, added...)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(f *activeFault) bool { return slices.Contains(added, f) })
	}
}

// ClearFaults switches all faults off. Answers under way keep theirs.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// match returns the faults of one request, outermost first, and counts them as used. It needs mu.
func (s *Server) match(r Request) []Fault {
	var matched []Fault
	for _, f := range s.faults {
		switch {
		case f.times != 0 && f.used >= f.times:
		case len(f.ops) > 0 && !slices.Contains(f.ops, r.Operation):
		case f.sessions && r.Session == "":
		default:
			if f.seen++; f.seen > f.after {
				f.used++
				matched = append(matched, f.Fault)
			}
		}
	}
	return matched
}
