package facesim

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
)

// products are the flows of a customer, each with its own TTL: a short one at a counter, the default said or left unsaid, a long
// form, and links sent by mail.
//
//nolint:gochecknoglobals // a table that never changes
var products = []struct {
	ttl   time.Duration // 0: absent, which means DefaultTTL
	share float64       // of the sessions
}{
	{300 * time.Second, 0.2}, {600 * time.Second, 0.45}, {0, 0.15}, {1800 * time.Second, 0.18}, {86400 * time.Second, 0.02},
}

// Population is the people who are checked, with their devices. It draws the sessions that they make.
type Population struct {
	source    *rand.ChaCha8
	random    *rand.Rand
	zipf      *rand.Zipf
	devices   []string // the id of each device, made when it is first drawn
	abandoned float64  // the share of the sessions that are never started
}

// NewPopulation makes a population with that many devices. A few kiosks have many sessions, thousands of telephones have one or two: the
// kth device has about (b/(b+k))^1.15 of the sessions of the first one, with b from 4 to a thousandth of the devices. The same seed draws
// the same sessions.
func NewPopulation(seed uint64, devices int) *Population {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	source := rand.NewChaCha8(key)
	random := rand.New(source)
	devices = max(devices, 1)
	return &Population{
		source: source, random: random, zipf: rand.NewZipf(random, 1.15, max(4, float64(devices)/1000), uint64(devices-1)),
		devices: make([]string, devices), abandoned: 0.06,
	}
}

// Session draws a session that is created then, and all that will happen to it.
func (p *Population) Session(created time.Time) Session {
	s := Session{ID: p.newID(), Created: created, TTL: p.ttl()}
	if p.random.Float64() > 0.12 {
		s.DeviceID = p.device()
	}
	// The median client begins after 12 s, one in twenty needs more than 50 s.
	started := created.Add(p.logNormal(12*time.Second, 0.9))
	if p.random.Float64() >= p.abandoned && started.Before(s.Expires()) {
		s.Started = started.Truncate(precision)
		p.check(&s)
	}
	return s
}

// check draws the result of a session that was started.
func (p *Population) check(s *Session) {
	s.Finished = s.Started.Add(p.logNormal(8*time.Second, 0.5)).Truncate(precision)
	s.Latency = p.logNormal(1100*time.Millisecond, 0.35).Truncate(time.Millisecond)
	s.Model = firstModel
	part := p.random.Float64()
	switch {
	case !s.Finished.Before(s.Expires()), part < 0.04:
		return // the client has left
	case part < 0.08:
		s.Outcome, s.Reason = Failed, p.reason()
	case part < 0.12:
		s.Outcome = SpoofFace
	case part < 0.15:
		s.Outcome = Uncertain
	default:
		s.Outcome = RealFace
	}
	s.Identical = s.Outcome != SpoofFace && p.random.Float64() < 0.97
}

// reason is why an attempt fails: much more often a mask than a camera out of focus. One is no code, as the body of a failed attempt
// was never seen.
func (p *Population) reason() string {
	reasons := []string{
		"FaceWithMaskDetected", "FaceEyeRegionNotVisible", "no code", "ExcessiveFaceMovementDetected", "TimedOut", "ExcessiveImageBlurDetected", "MultipleFacesFound",
	}
	return reasons[min(int(p.random.ExpFloat64()*1.5), len(reasons)-1)]
}

func (p *Population) ttl() time.Duration {
	at := p.random.Float64()
	for _, product := range products {
		if at -= product.share; at < 0 {
			return product.ttl
		}
	}
	return DefaultTTL // the shares add up to 1, but for rounding
}

func (p *Population) device() string {
	i := p.zipf.Uint64()
	if p.devices[i] == "" {
		p.devices[i] = p.newID()
	}
	return p.devices[i]
}

// newID is a random UUID of version 4, in lower case.
func (p *Population) newID() string { return uuid.Must(uuid.NewRandomFromReader(p.source)).String() }

// logNormal draws a time with that median; sigma is the standard deviation of its logarithm.
func (p *Population) logNormal(median time.Duration, sigma float64) time.Duration {
	return time.Duration(float64(median) * math.Exp(sigma*p.random.NormFloat64()))
}
