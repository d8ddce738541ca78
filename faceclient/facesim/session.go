package facesim

import (
	"math"
	"time"
)

// The two operations that have a list.
const (
	DetectLiveness           = "detectLiveness"
	DetectLivenessWithVerify = "detectLivenessWithVerify"
)

const (
	// DefaultTTL holds for a session that names no authTokenTimeToLiveInSeconds.
	DefaultTTL = 600 * time.Second

	// Retention is how long after its creation the service removes a session, expired or not.
	Retention = 48 * time.Hour
)

// Session is one liveness session as the service keeps it. Whether it is expired is not part of it: that follows from the
// clock at the moment of the answer.
//
// The server cuts times to what is written on the wire (see [Wire.Digits]), so that [Server.Sessions] is exactly what a
// client can know. Times must lie in the years 1678 to 2262.
type Session struct {
	ID       string        // any string; the service gives lower-case version 4 UUIDs
	Created  time.Time     // required
	Started  time.Time     // zero: the client has not begun; the field is absent or null
	TTL      time.Duration // whole seconds; 0: the field is absent and DefaultTTL holds
	DeviceID string        // "": absent, unless Wire says empty or null
	Wire     Wire

	// What the session's own answer says beyond the list.
	Outcome   Outcome   // of the latest attempt; never Deleted
	Finished  time.Time // the result is there from then on; zero: always
	Identical bool      // with DetectLivenessWithVerify: the face is that of the reference image
}

// Wire is how a session is written. The zero value is what the recorded answers look like: offset +00:00, up to seven
// fraction digits with the trailing zeros cut, what is missing left out, keys in the order of the reference.
type Wire struct {
	Zulu        bool  // times end in Z instead of +00:00
	NullStart   bool  // a missing sessionStartDateTime is written as null
	EmptyDevice bool  // a missing deviceCorrelationId is written as ""
	NullDevice  bool  // a missing deviceCorrelationId is written as null
	Extra       bool  // carries a field no client knows, with an object inside that has an id of its own
	Digits      uint8 // exactly so many fraction digits, 1..9, zeros kept; 0: up to 7, trailing zeros cut
	Order       uint8 // one of 42 orders of the keys (modulo 42); 0: the reference's
}

// TimeToLive is the TTL in force: TTL, or DefaultTTL where that is absent.
func (s Session) TimeToLive() time.Duration {
	if s.TTL == 0 {
		return DefaultTTL
	}
	return s.TTL
}

// Expires is when sessionExpired turns true.
func (s Session) Expires() time.Time { return s.Created.Add(s.TimeToLive()) }

// Expired reports what sessionExpired says at now.
func (s Session) Expired(now time.Time) bool { return !now.Before(s.Expires()) }

// HasStarted reports whether sessionStartDateTime has a value.
func (s Session) HasStarted() bool { return !s.Started.IsZero() }

// notStarted stands for an absent start in a record; no time of a session can have this value.
const notStarted = math.MinInt64

// record is a Session in the form the store keeps: half the size, times as Unix nanoseconds, the escaping decided once.
type record struct {
	id, device       string
	created, started int64
	finished         int64
	ttl              int32 // seconds; 0: absent
	digits, order    uint8
	outcome          Outcome
	flags            flags
}

type flags uint8

const (
	zulu flags = 1 << iota
	nullStart
	emptyDevice
	nullDevice
	extra
	escapeID
	escapeDevice
	identical
)

func (f flags) has(bit flags) bool { return f&bit != 0 }

func (f *flags) set(bit flags, on bool) {
	if on {
		*f |= bit
	}
}

func newRecord(s Session) record {
	precision := wirePrecision(s.Wire.Digits)
	r := record{
		id:      s.ID,
		device:  s.DeviceID,
		created: floor(s.Created.UnixNano(), precision),
		started: notStarted,
		ttl:     int32(s.TTL / time.Second),
		digits:  s.Wire.Digits,
		order:   s.Wire.Order,
		outcome: s.Outcome,
	}
	if !s.Finished.IsZero() {
		r.finished = floor(s.Finished.UnixNano(), precision)
	}
	if s.HasStarted() {
		r.started = floor(s.Started.UnixNano(), precision)
	}
	r.flags.set(zulu, s.Wire.Zulu)
	r.flags.set(nullStart, s.Wire.NullStart)
	r.flags.set(emptyDevice, s.Wire.EmptyDevice)
	r.flags.set(nullDevice, s.Wire.NullDevice)
	r.flags.set(extra, s.Wire.Extra)
	r.flags.set(escapeID, needsEscape(s.ID))
	r.flags.set(escapeDevice, needsEscape(s.DeviceID))
	r.flags.set(identical, s.Identical)
	return r
}

func (r *record) session() Session {
	s := Session{
		ID:       r.id,
		Created:  time.Unix(0, r.created).UTC(),
		TTL:      time.Duration(r.ttl) * time.Second,
		DeviceID: r.device,
		Wire: Wire{
			Zulu:        r.flags.has(zulu),
			NullStart:   r.flags.has(nullStart),
			EmptyDevice: r.flags.has(emptyDevice),
			NullDevice:  r.flags.has(nullDevice),
			Extra:       r.flags.has(extra),
			Digits:      r.digits,
			Order:       r.order,
		},
		Outcome:   r.outcome,
		Identical: r.flags.has(identical),
	}
	if r.finished != 0 {
		s.Finished = time.Unix(0, r.finished).UTC()
	}
	if r.started != notStarted {
		s.Started = time.Unix(0, r.started).UTC()
	}
	return s
}

// expires is Expires in Unix nanoseconds.
func (r *record) expires() int64 {
	if r.ttl == 0 {
		return r.created + int64(DefaultTTL)
	}
	return r.created + int64(r.ttl)*int64(time.Second)
}

// removed reports whether the service has removed the session by its age.
func (r *record) removed(now int64) bool { return now-r.created >= int64(Retention) }

// wirePrecision is the smallest step of time, in nanoseconds, that so many digits can say.
func wirePrecision(digits uint8) int64 {
	if digits == 0 {
		digits = 7
	}
	step := int64(1)
	for range 9 - min(digits, 9) {
		step *= 10
	}
	return step
}

// floor is n cut down to a multiple of step, towards the past for times before 1970 too.
func floor(n, step int64) int64 {
	rest := n % step
	if rest < 0 {
		rest += step
	}
	return n - rest
}
