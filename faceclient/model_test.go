package faceclient_test

import (
	"bytes"
	"errors"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/faceclient/facesim"
)

// deed is what happens to a service just before it answers a request.
type deed int

const (
	spoil   deed = iota // the attempt fails, and another try would not
	add                 // sessions appear anywhere
	follow              // sessions appear at the end of the list, where a worker has seen it already
	lapse               // sessions reach the end of their TTL and stay listed
	remove              // sessions anywhere are deleted
	overrun             // the session that the request goes on after is deleted, and those that follow it
	age                 // sessions grow as old as the service keeps them
)

// happening is a deed and what it needs to be done the same way again.
type happening struct {
	deed   deed
	wait   int // requests since the happening before
	amount int
	seed   uint64
}

// changing is a service that changes while it is asked. Unless it is even it answers in an order that follows
// from what it is asked alone, so that in a bubble an exact walk by many workers goes the same way each time.
type changing struct {
	face   *facesim.Server
	direct http.RoundTripper
	slow   string // begins the starts after which an answer takes long: whose part it is falls behind
	even   bool   // any answer takes as long as any other, so that many workers are done at once

	mu       sync.Mutex // guards what follows
	script   []happening
	waited   int
	requests int
	spoilt   int
	added    int             // also makes each addition another one
	known    map[string]bool // listed at some time of the walk; true where from its begin to now
}

// begin readies the service for a walk.
func (c *changing) begin(script []happening) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.script, c.waited, c.requests, c.spoilt, c.known = script, 0, 0, 0, map[string]bool{}
	for _, session := range c.face.Sessions(facesim.DetectLiveness) {
		c.known[session.ID] = true
	}
}

// RoundTrip is part of http.RoundTripper.
func (c *changing) RoundTrip(request *http.Request) (*http.Response, error) {
	start := request.URL.Query().Get("start")
	hash := fnv.New32a()
	_, _ = io.WriteString(hash, start)
	latency := time.Duration(hash.Sum32()) % time.Millisecond
	if c.even {
		latency = time.Millisecond
	}
	if c.slow != "" && strings.HasPrefix(start, c.slow) {
		latency += 20 * time.Millisecond
	}
	<-time.After(latency)

	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	if len(c.script) > 0 && c.waited >= c.script[0].wait {
		next := c.script[0]
		c.script, c.waited = c.script[1:], 0
		if next.deed == spoil {
			c.spoilt++
			return c.spoil(request, next.seed)
		}
		c.change(next, start)
	} else {
		c.waited++
	}
	return c.direct.RoundTrip(request)
}

// spoil answers in one of the ways that are worth another try. Some of them bring a part of the page.
func (c *changing) spoil(request *http.Request, seed uint64) (*http.Response, error) {
	answer := func(status int, body io.Reader) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(body)}, nil
	}
	page := func() io.Reader {
		response, err := c.direct.RoundTrip(request)
		if err != nil {
			return iotest.ErrReader(err)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return bytes.NewReader(body[:len(body)*int(seed%97)/97])
	}
	switch kind := seed % 10; kind {
	case 0:
		return nil, syscall.ECONNRESET
	case 1:
		return answer(http.StatusOK, io.MultiReader(page(), iotest.ErrReader(io.ErrUnexpectedEOF)))
	case 2:
		return answer(http.StatusOK, page())
	case 3:
		return answer(http.StatusOK, strings.NewReader("<html>"))
	default:
		return answer([]int{409, 429, 500, 502, 503, 504}[kind-4], http.NoBody)
	}
}

// change does a happening's deed to the list.
func (c *changing) change(h happening, start string) {
	listed := c.face.Sessions(facesim.DetectLiveness)
	if h.deed == add || h.deed == follow {
		c.added++
		for _, session := range facesim.Generate(h.amount, h.seed<<16+uint64(c.added), time.Now()) {
			if h.deed == follow {
				session.ID = "fff" + session.ID[3:]
			}
			c.known[session.ID] = false
			c.face.Add(facesim.DetectLiveness, session)
		}
		return
	}
	if h.deed == overrun {
		for len(listed) > 0 && listed[0].ID < start {
			listed = listed[1:]
		}
	} else {
		random := rand.New(rand.NewPCG(h.seed, 0))
		random.Shuffle(len(listed), func(i, j int) { listed[i], listed[j] = listed[j], listed[i] })
	}
	for _, session := range listed[:min(h.amount, len(listed))] {
		switch h.deed {
		case lapse:
			session.Created = time.Now().Add(-session.TimeToLive())
			c.face.Add(facesim.DetectLiveness, session)
			continue
		case age:
			session.Created = time.Now().Add(-facesim.Retention)
			c.face.Add(facesim.DetectLiveness, session)
		default:
			c.face.Delete(facesim.DetectLiveness, session.ID)
		}
		c.known[session.ID] = false
	}
}

// drawScript draws what happens during a walk of about so many pages. The last deeds of the list above are those after
// which a session is gone.
func drawScript(t *rapid.T, pages int, upTo deed) []happening {
	one := rapid.Custom(func(t *rapid.T) happening {
		return happening{
			deed:   deed(rapid.IntRange(int(spoil), int(upTo)).Draw(t, "deed")),
			wait:   rapid.IntRange(0, 1+pages/4).Draw(t, "wait"),
			amount: rapid.IntRange(1, 60).Draw(t, "amount"),
			seed:   rapid.Uint64Range(0, 1<<16).Draw(t, "seed"),
		}
	})
	return rapid.SliceOfN(one, 0, 12).Draw(t, "script")
}

// Whatever happens to the list during a walk: a session that is listed all the while is visited, none is twice, and the
// walk ends within what its pages and the spoilt attempts explain.
func TestAWalkOfAListThatNeverRestsVisitsWhatStays(t *testing.T) {
	t.Parallel()
	for range 3 { // a hundred services each
		rapid.Check(t, func(t *rapid.T) { rapid.SyncTest(t, walkWhatNeverRests) })
	}
}

func walkWhatNeverRests(t *rapid.T) {
	const mostSessions = 600
	face := facesim.New(facesim.Options{Requests: 1})
	defer face.Close()
	options := plainOptions()
	options.PageSize = rapid.IntRange(1, 50).Draw(t, "page size")
	options.MaxConcurrentRequests = rapid.IntRange(1, 8).Draw(t, "at once")
	options.RequestTimeout, options.MaxRetries, options.MaxRetryWait = time.Hour, 100, 0
	service := &changing{
		face: face, direct: face.Direct(), known: map[string]bool{},
		slow: rapid.SampledFrom([]string{"", "0", "3", "8", "d", "f"}).Draw(t, "slow"),
		even: rapid.Bool().Draw(t, "even"),
	}
	options.Transport = service
	plain, err := faceclient.New(options.Options)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	client := walker{plain, options}

	// What a client may hold against a service that cuts pages short it learns from the first short page that is followed
	// by another. So there is one: the first walk is exact, and nothing is deleted from what takes more than a page.
	page, capped := options.PageSize, rapid.Bool().Draw(t, "capped")
	fewest := 0
	if capped {
		page = rapid.IntRange(1, options.PageSize).Draw(t, "cap")
		fewest = page + 1
		face.Fail(facesim.ShortPages(page))
	}
	lister := client.Lister(faceclient.DetectLiveness)
	for i := range rapid.IntRange(1, 4).Draw(t, "walks") {
		resize(service, rapid.IntRange(fewest, mostSessions).Draw(t, "sessions"))
		pages, upTo, most := face.Len(facesim.DetectLiveness)/page+1, age, 0
		if capped && i == 0 {
			upTo = lapse
		} else if rapid.IntRange(0, 2).Draw(t, "bounded") == 2 {
			most = rapid.IntRange(1, pages+5).Draw(t, "most requests")
		}
		fewest = 0
		service.begin(drawScript(t, pages, upTo))
		visits := &listed{}
		walk, err := lister.Walk(t.Context(), most, visits)
		checkWalk(t, service, walk, err, most)
		if err == nil {
			checkVisits(t, service, visits, walk.Coverage == 1)
		}
		if limit := 4*(len(service.known)/page+1) + service.spoilt + 8*options.MaxConcurrentRequests + 8; service.requests > limit {
			t.Errorf("%d requests for at most %d sessions on pages of %d, want at most %d", service.requests, len(service.known), page, limit)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
}

// resize makes the list as long as that between two walks.
func resize(c *changing, sessions int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.face.Len(facesim.DetectLiveness)
	switch {
	case sessions > now:
		c.change(happening{deed: add, amount: sessions - now}, "")
	case sessions < now:
		c.change(happening{deed: remove, amount: now - sessions}, "")
	}
}

// checkWalk checks what a walk says of itself. Only one that has had no page, because each attempt was spoilt, may fail.
func checkWalk(t *rapid.T, service *changing, walk facelist.Result, err error, most int) {
	if walk.Requests != service.requests {
		t.Errorf("the walk says %d requests, the service saw %d", walk.Requests, service.requests)
	}
	if most > 0 && service.requests > most {
		t.Errorf("%d requests, and %d were allowed", service.requests, most)
	}
	if err != nil {
		var failure *faceclient.Error
		if most == 0 || (service.spoilt != service.requests && service.requests != most) || !errors.As(err, &failure) {
			t.Fatalf("%d of %d requests spoilt, %d allowed: %v", service.spoilt, service.requests, most, err)
		}
		return
	}
	if most == 0 && walk.Coverage != 1 || walk.Coverage <= 0 || walk.Coverage > 1 {
		t.Errorf("coverage %v of a walk that may make %d requests", walk.Coverage, most)
	}
}

// checkVisits checks that no session was visited twice, and where the walk was whole that none was left out.
func checkVisits(t *rapid.T, service *changing, visits *listed, whole bool) {
	visited := map[string]int{}
	for i := range visits.sessions {
		id := string(visits.sessions[i].ID)
		visited[id]++
		if _, known := service.known[id]; !known {
			t.Errorf("%s was never listed", id)
		}
		if visited[id] == 2 {
			t.Errorf("%s was visited twice", id)
		}
	}
	if visits.overlap {
		t.Error("two visits at a time")
	}
	for id, stayed := range service.known {
		if whole && stayed && visited[id] == 0 {
			t.Errorf("%s was listed all the while and not visited", id)
		}
	}
}
