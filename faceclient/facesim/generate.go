package facesim

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Product is a share of the sessions that is made with one TTL: customers have several flows, each with its own.
type Product struct {
	TTL    time.Duration // 60..86400 whole seconds; 0: absent, which means DefaultTTL
	Weight float64       // relative to the other products'
}

// defaultProducts are a short flow at a counter, the default said or left unsaid, a long form, and links sent by mail.
func defaultProducts() []Product {
	return []Product{
		{TTL: 300 * time.Second, Weight: 20},
		{TTL: 600 * time.Second, Weight: 45},
		{TTL: 0, Weight: 15},
		{TTL: 1800 * time.Second, Weight: 18},
		{TTL: 86400 * time.Second, Weight: 2},
	}
}

func pickTTL(products []Product, random *rand.Rand) time.Duration {
	total := 0.0
	for _, p := range products {
		total += p.Weight
	}
	at := random.Float64() * total
	for _, p := range products {
		if at -= p.Weight; at < 0 {
			return p.TTL
		}
	}
	return products[len(products)-1].TTL
}

// Generate makes n sessions with random version 4 UUIDs, in no order, created in the 47 hours before now, so that the
// service removes none of them in the hour that follows. They mix everything that an answer may look like: fraction
// digits from none to seven, cut or kept, both offsets, absent and null starts, absent, empty and null devices, absent
// TTLs, every order of keys, unknown fields, and every outcome. The same seed and now give the same sessions.
func Generate(n int, seed uint64, now time.Time) []Session {
	g := newGenerator(n, seed, now)
	sessions := make([]Session, n)
	for i := range sessions {
		sessions[i] = g.next()
	}
	return sessions
}

// Populate adds what Generate makes, at the server's now. A million sessions are about 220 MB.
func (s *Server) Populate(op string, n int, seed uint64) {
	sessions := Generate(n, seed, s.now())
	// In the order of the list, so that a page is read from neighboring memory.
	slices.SortFunc(sessions, func(a, b Session) int { return strings.Compare(a.ID, b.ID) })
	s.add(op, sessions)
}

type generator struct {
	seed     uint64
	random   *rand.Rand
	results  rand.PCG
	now      time.Time
	products []Product
	devices  devices
}

func newGenerator(n int, seed uint64, now time.Time) *generator {
	random := rand.New(rand.NewPCG(seed, 1))
	return &generator{
		seed: seed, random: random, now: now, products: defaultProducts(),
		devices: newDevices(random, max(n/2, 1), 4),
	}
}

func (g *generator) next() Session {
	r := g.random
	digits := uint8(r.IntN(8))
	precision := time.Second // that of no digits
	if digits > 0 {
		precision = Wire{Digits: digits}.precision()
	}
	created := g.now.Add(-time.Duration(r.Float64() * float64(47*time.Hour))).Truncate(precision).UTC()
	s := Session{
		ID:      newUUID(r),
		Created: created,
		TTL:     pickTTL(g.products, r),
		Wire: Wire{
			Zulu:        r.IntN(4) == 0,
			NullStart:   r.IntN(4) == 0,
			EmptyDevice: r.IntN(3) == 0,
			NullDevice:  r.IntN(3) == 0,
			Extra:       r.IntN(10) == 0,
			Order:       uint8(r.IntN(slots * (slots - 1))),
		},
	}
	if r.IntN(4) == 0 {
		s.Wire.Digits = digits // zeros kept
	}
	started := s.Created.Add(startDelay(r))
	if r.Float64() < 0.8 && started.Before(s.Expires()) && !started.After(g.now) {
		s.Started = started.Truncate(precision)
	}
	if r.IntN(10) > 0 {
		s.DeviceID = g.devices.pick()
	}
	if s.HasStarted() {
		s.drawResult(&g.results, g.seed, s.Started)
		s.Finished = s.Finished.Truncate(precision)
	}
	return s
}

// startDelay is log-normal: the median client begins after 12 s, one in twenty needs more than 50 s, few minutes.
func startDelay(random *rand.Rand) time.Duration {
	return logNormal(random, 12*time.Second, 0.9)
}

// logNormal draws a time with that median; sigma is the standard deviation of its logarithm.
func logNormal(random *rand.Rand, median time.Duration, sigma float64) time.Duration {
	return time.Duration(float64(median) * math.Exp(sigma*random.NormFloat64()))
}

// devices is a population in which the kth device has about (busiest/(busiest+k))^1.15 of the first one's sessions: a few
// kiosks have many, thousands of telephones have one or two.
type devices struct {
	random *rand.Rand
	zipf   *rand.Zipf
	ids    []string // made when first drawn
}

func newDevices(random *rand.Rand, n int, busiest float64) devices {
	return devices{random: random, zipf: rand.NewZipf(random, 1.15, busiest, uint64(n-1)), ids: make([]string, n)}
}

func (d *devices) pick() string {
	i := d.zipf.Uint64()
	if d.ids[i] == "" {
		d.ids[i] = newUUID(d.random)
	}
	return d.ids[i]
}

// newUUID is a random UUID of version 4 and the RFC's variant, in lower case.
func newUUID(random *rand.Rand) string {
	var id [16]byte
	for i := range 2 {
		for bits, j := random.Uint64(), 0; j < 8; bits, j = bits>>8, j+1 {
			id[8*i+j] = byte(bits)
		}
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[0:8], id[0:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:], id[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
