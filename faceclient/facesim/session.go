package facesim

import "time"

// The operations that have a list.
const (
	DetectLiveness           = "detectLiveness"
	DetectLivenessWithVerify = "detectLivenessWithVerify"
)

// Operations are the operations that have a list.
func Operations() []string { return []string{DetectLiveness, DetectLivenessWithVerify} }

const (
	// DefaultTTL holds for a session that names no authTokenTimeToLiveInSeconds.
	DefaultTTL = 600 * time.Second
	// Retention is how long after its creation the service removes a session, expired or not.
	Retention = 48 * time.Hour
	// precision is the smallest step of time that is written.
	precision = 100 * time.Nanosecond
)

// Session is one liveness session as the service keeps it. Whether it is expired is not part of it: that follows from the clock at
// the moment of the answer.
type Session struct {
	ID       string        // any string; the service gives lower-case version 4 UUIDs
	Created  time.Time     // required; this and the other times are cut to 100 ns, as they are written
	Started  time.Time     // zero: the client has not begun
	TTL      time.Duration // whole seconds; 0: the field is absent and DefaultTTL holds
	DeviceID string        // "": absent

	// Of the latest attempt, in the session's own answer:
	Outcome   Outcome       // never Deleted
	Finished  time.Time     // the result is there from then on; zero: always
	Identical bool          // with DetectLivenessWithVerify: the face is that of the reference image
	Reason    string        // the code of an attempt that failed; "": FaceNotFound
	Latency   time.Duration // whole milliseconds; 0: a second
	Model     string        // modelVersionUsed; "": the first one

	escapes bool          // ID or DeviceID has characters that JSON escapes
	listed  time.Duration // how long after its creation the session leaves the list
}

// TimeToLive is the TTL in force: TTL, or DefaultTTL if that is absent.
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

// StartedBy reports whether sessionStartDateTime has a value at now.
func (s *Session) StartedBy(now time.Time) bool { return s.HasStarted() && !s.Started.After(now) }

// gone reports whether the session has left its list.
func (s *Session) gone(now time.Time) bool { return now.Sub(s.Created) >= s.listed }

// at is the session as the service shows it at now.
func (s *Session) at(now time.Time) Session {
	shown := *s
	shown.listed = 0
	if !s.StartedBy(now) {
		shown.Started = time.Time{}
	}
	return shown
}

// store makes it a session as a store keeps it.
func (s *Session) store() {
	for _, t := range []*time.Time{&s.Created, &s.Started, &s.Finished} {
		*t = t.Truncate(precision).UTC()
	}
	s.TTL = s.TTL.Truncate(time.Second)
	s.listed = Retention
	s.escapes = needsEscape(s.ID) || needsEscape(s.DeviceID)
}
