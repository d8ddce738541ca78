package faceclient

import "time"

// Operation is one of the two kinds of liveness check that the service keeps a list of sessions for.
type Operation string

const (
	// DetectLiveness lists the sessions that only check liveness.
	DetectLiveness Operation = "detectLiveness"
	// DetectLivenessWithVerify lists the sessions that also compare the face with a photo.
	DetectLivenessWithVerify Operation = "detectLivenessWithVerify"
)

// Operations are all operations with a list, in the order in which the service's reference names them.
func Operations() []Operation { return []Operation{DetectLiveness, DetectLivenessWithVerify} }

// DefaultAPIVersion is the newest version of the Face API that still has a list of sessions.
const DefaultAPIVersion = "v1.2-preview.1"

// APIVersions are the versions of the Face API that have a list of sessions. Version v1.2 and v1.3-preview.1 removed it.
func APIVersions() []string { return []string{"v1.1-preview.1", DefaultAPIVersion} }

// DefaultTTL is the life of a session whose authTokenTimeToLiveInSeconds is absent.
const DefaultTTL = 600 * time.Second

// Session is one entry of the list. Its byte slices belong to the page it came with and are good until that is used
// again.
type Session struct {
	// ID is 1 to 64 characters, in practice a random UUID in lower case.
	ID []byte
	// DeviceID is the deviceCorrelationId; empty if it is absent, null or "". It identifies a person by pseudonym.
	DeviceID []byte
	// Created is the service's time of creation, to 100 ns.
	Created time.Time
	// Started is when the client began the check; the zero time if it has not.
	Started time.Time
	// TTL is how long after Created the session expires: 1 min to 24 h by the reference.
	TTL time.Duration
	// Expired is the service's own word (sessionExpired), not a comparison with a clock.
	Expired bool
}

// HasStarted reports whether the client began the check.
func (s *Session) HasStarted() bool { return !s.Started.IsZero() }

// Expiry is when the TTL ends.
func (s *Session) Expiry() time.Time { return s.Created.Add(s.TTL) }
