package facetest

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

// Wire is a form in which a session can be written. The zero value is the recorded one: offset +00:00, what is missing left out, keys in
// the order of the reference.
type Wire struct {
	Zulu        bool // times end in Z instead of +00:00
	NullStart   bool // a missing sessionStartDateTime is written as null
	EmptyDevice bool // a missing deviceCorrelationId is written as ""
	NullDevice  bool // a missing deviceCorrelationId is written as null
	Extra       bool // carries a field no client knows, with an object inside that has an id of its own
	First       int  // which of the keys comes first, 0 to 6; the others follow in turn
}

// slots are the places an item's keys can take: six fields of the API and the unknown one.
const slots = 7

// Append writes the session.
func (w *Wire) Append(b []byte, s *Session, now time.Time) []byte {
	b = append(b, '{')
	for i := range slots {
		b = w.appendField(b, s, (w.First+i)%slots, now)
	}
	b[len(b)-1] = '}' // takes the place of the last comma
	return b
}

func (w *Wire) appendField(b []byte, s *Session, slot int, now time.Time) []byte {
	switch {
	case slot == 0:
		return append(s.AppendText(append(b, `"id":"`...), s.ID), `",`...)
	case slot == 1:
		return append(w.appendTime(append(b, `"createdDateTime":"`...), s.Created), `",`...)
	case slot == 2 && s.StartedBy(now):
		return append(w.appendTime(append(b, `"sessionStartDateTime":"`...), s.Started), `",`...)
	case slot == 2 && w.NullStart:
		return append(b, `"sessionStartDateTime":null,`...)
	case slot == 3:
		return append(strconv.AppendBool(append(b, `"sessionExpired":`...), s.Expired(now)), ',')
	case slot == 4 && (s.DeviceID != "" || w.EmptyDevice):
		return append(s.AppendText(append(b, `"deviceCorrelationId":"`...), s.DeviceID), `",`...)
	case slot == 4 && w.NullDevice:
		return append(b, `"deviceCorrelationId":null,`...)
	case slot == 5 && s.TTL != 0:
		return append(strconv.AppendInt(append(b, `"authTokenTimeToLiveInSeconds":`...), int64(s.TTL/time.Second), 10), ',')
	case slot == 6 && w.Extra:
		return append(b, `"extension":{"id":"not-a-session","sessionExpired":false,"list":[1,-2.5e3,null,"]}\"\u00e9",{"start":{}}]},`...)
	}
	return b
}

func (w *Wire) appendTime(b []byte, t time.Time) []byte {
	b = t.AppendFormat(b, time.RFC3339Nano) // much faster than any other layout
	if w.Zulu {
		return b
	}
	return append(b[:len(b)-len("Z")], "+00:00"...)
}

// Populate adds what Generate makes, at the server's now.
func (s *Server) Populate(op string, n int, seed uint64) {
	sessions := Generate(n, seed, s.now())
	slices.SortFunc(sessions, func(a, b Session) int { return strings.Compare(a.ID, b.ID) }) // a page is read from neighboring memory
	s.Add(op, sessions...)
}

// Generate makes n sessions with random version 4 UUIDs, created in the 47 hours before now, so that the service removes none of them
// in the hour that follows. They mix everything that an answer may look like. The same seed and now give the same sessions.
func Generate(n int, seed uint64, now time.Time) []Session {
	r := rand.New(rand.NewPCG(seed, 1))
	people := facesim.NewPopulation(seed, n/2)
	forms := make([]*Wire, 256)
	for i := range forms {
		forms[i] = &Wire{
			Zulu: r.IntN(4) == 0, NullStart: r.IntN(4) == 0, EmptyDevice: r.IntN(3) == 0, NullDevice: r.IntN(3) == 0, Extra: r.IntN(10) == 0,
			First: r.IntN(slots),
		}
	}
	sessions := make([]Session, n)
	for i := range sessions {
		s := people.Session(now.Add(-time.Duration(r.Float64() * float64(47*time.Hour))))
		if s.Started.After(now) { // what is listed stays as it is
			s.Started, s.Outcome = time.Time{}, NoResult
		}
		s.Form = forms[r.IntN(len(forms))]
		sessions[i] = s
	}
	return sessions
}
