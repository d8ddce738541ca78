package facesim

import "time"

// The operations that have a list.
const (
	DetectLiveness           = "detectLiveness"
	DetectLivenessWithVerify = "detectLivenessWithVerify"
)

func operations() []string { return []string{DetectLiveness, DetectLivenessWithVerify} }

const (
	// DefaultTTL holds for a session that names no authTokenTimeToLiveInSeconds.
	DefaultTTL = 600 * time.Second

	// Retention is how long after its creation the service removes a session, expired or not.
	Retention = 48 * time.Hour
)

// Session is one liveness session as the service keeps it. Whether it is expired is not part of it: that follows from the
// clock at the moment of the answer.
//
// The server truncates times to the digits that are written (see [Wire.Digits]), so that [Server.Sessions] returns exactly
// what a client can read.
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

	// What a store keeps besides:
	escapes bool          // ID or DeviceID has characters that JSON escapes
	listed  time.Duration // how long after its creation the session leaves the list
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
func (s *Session) TimeToLive() time.Duration {
	if s.TTL == 0 {
		return DefaultTTL
	}
	return s.TTL
}

// Expires is when sessionExpired turns true.
func (s *Session) Expires() time.Time { return s.Created.Add(s.TimeToLive()) }

// Expired reports what sessionExpired says at now.
func (s *Session) Expired(now time.Time) bool { return !now.Before(s.Expires()) }

// HasStarted reports whether sessionStartDateTime has a value.
func (s *Session) HasStarted() bool { return !s.Started.IsZero() }

// gone reports whether the session has left its list.
func (s *Session) gone(now time.Time) bool { return now.Sub(s.Created) >= s.listed }

func (s *Session) startedBy(now time.Time) bool { return s.HasStarted() && !s.Started.After(now) }

// at is the session as the service shows it at now.
func (s *Session) at(now time.Time) Session {
	shown := *s
	shown.listed = 0
	if !s.startedBy(now) {
		shown.Started = time.Time{}
	}
	return shown
}

// stored is the session as a store keeps it: with its times cut to what is written of them.
func (s Session) stored() Session {
	for _, t := range []*time.Time{&s.Created, &s.Started, &s.Finished} {
		*t = t.Truncate(s.Wire.precision()).UTC()
	}
	s.TTL = s.TTL.Truncate(time.Second)
	s.listed = Retention
	s.escapes = needsEscape(s.ID) || needsEscape(s.DeviceID)
	return s
}

// precision is the smallest step of time that can be written.
func (w Wire) precision() time.Duration {
	if w.Digits == 0 {
		return 100
	}
	step := time.Second
	for range min(w.Digits, 9) {
		step /= 10
	}
	return step
}
