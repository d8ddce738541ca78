package faceclient_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/faceclient/facetest"
)

const benchmarkSessions = 100_000

// recorded is an answer in memory; its buffer is used again, so that the client's own cost is measured.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorded) Header() http.Header         { return r.header }
func (r *recorded) WriteHeader(status int)      { r.status = status }
func (r *recorded) Write(b []byte) (int, error) { return r.body.Write(b) }

// inProcess is a transport that asks the service by a function call and answers from buffers that are used again.
func inProcess(server *facetest.Server) answering {
	free := make(chan *recorded, 64)
	return func(request *http.Request) (*http.Response, error) {
		var r *recorded
		select {
		case r = <-free:
		default:
			r = &recorded{}
		}
		r.header, r.status = http.Header{}, 0
		r.body.Reset()
		server.ServeHTTP(r, request)
		return &http.Response{StatusCode: r.status, Header: r.header, Body: &returned{bytes.NewReader(r.body.Bytes()), r, free}}, nil
	}
}

type returned struct {
	io.Reader
	buffer *recorded
	free   chan<- *recorded
}

func (r *returned) Close() error {
	select {
	case r.free <- r.buffer:
	default:
	}
	return nil
}

func benchmarkServer(b *testing.B) *facetest.Server {
	now := time.Now()
	server := facetest.New(facetest.Options{Now: func() time.Time { return now }, Requests: 1})
	b.Cleanup(server.Close)
	server.Populate(facetest.DetectLiveness, benchmarkSessions, 1)
	return server
}

// counter is the least that a visitor does.
type counter int

func (c *counter) Visit(batch facelist.Batch) { *c += counter(len(batch.Sessions)) }
func (c *counter) Restart()                   { *c = 0 }

func reportSessions(b *testing.B) {
	b.Helper()
	b.ReportMetric(float64(b.N)*benchmarkSessions/b.Elapsed().Seconds(), "sessions/s")
}

// BenchmarkServedPages is the share of the two others that is not a client's.
func BenchmarkServedPages(b *testing.B) {
	transport := inProcess(benchmarkServer(b))
	var buffer bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		plainPages(b, transport, func(body io.Reader) (listed int, last string) {
			buffer.Reset()
			if _, err := buffer.ReadFrom(body); err != nil {
				b.Fatal(err)
			}
			raw := buffer.Bytes()
			const field = `"id":"`
			listed = bytes.Count(raw, []byte(`"createdDateTime"`))
			for rest := raw; ; {
				i := bytes.LastIndex(rest, []byte(field))
				if i < 0 {
					return listed, ""
				}
				if id := string(rest[i+len(field):][:36]); id[:13] != "not-a-session" {
					return listed, id
				}
				rest = rest[:i]
			}
		})
	}
	reportSessions(b)
}

func BenchmarkWalk(b *testing.B) {
	server := benchmarkServer(b)
	options := plainOptions()
	options.Transport = inProcess(server)
	limits := facelist.Limits{PageSize: 1000, MaxPages: 20_000, Workers: 4}
	lister := facelist.New(newClient(b, options), faceclient.DetectLiveness, limits, ignored{})
	b.ReportAllocs()
	for b.Loop() {
		var visited counter
		if _, err := lister.Walk(b.Context(), 0, &visited); err != nil || visited != benchmarkSessions {
			b.Fatalf("%d sessions, %v", visited, err)
		}
	}
	reportSessions(b)
}

// BenchmarkPlainWalk is the walk that anybody would write: page after page into a slice of structs.
func BenchmarkPlainWalk(b *testing.B) {
	type session struct {
		ID      string     `json:"id"`
		Created time.Time  `json:"createdDateTime"`
		Started *time.Time `json:"sessionStartDateTime"`
		Expired bool       `json:"sessionExpired"`
		Device  *string    `json:"deviceCorrelationId"`
		TTL     *int       `json:"authTokenTimeToLiveInSeconds"`
	}
	transport := inProcess(benchmarkServer(b))
	b.ReportAllocs()
	for b.Loop() {
		var all []session
		plainPages(b, transport, func(body io.Reader) (listed int, last string) {
			var page []session
			if err := json.NewDecoder(body).Decode(&page); err != nil {
				b.Fatal(err)
			}
			all = append(all, page...)
			if len(page) > 0 {
				last = page[len(page)-1].ID
			}
			return len(page), last
		})
	}
	reportSessions(b)
}

// plainPages asks for page after page until one is short, and gives each to read.
func plainPages(b *testing.B, transport http.RoundTripper, read func(io.Reader) (listed int, last string)) {
	b.Helper()
	sessions := 0
	for start := ""; ; {
		address := "https://contoso.cognitiveservices.azure.com/face/v1.2-preview.1/detectLiveness/singleModal/sessions?top=1000&start=" + url.QueryEscape(start)
		request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address, nil)
		if err != nil {
			b.Fatal(err)
		}
		request.Header.Set("Ocp-Apim-Subscription-Key", "test-key")
		response, err := transport.RoundTrip(request)
		if err != nil {
			b.Fatal(err)
		}
		listed := 0
		listed, start = read(response.Body)
		if err := response.Body.Close(); err != nil {
			b.Fatal(err)
		}
		sessions += listed
		if listed < 1000 {
			break
		}
	}
	if sessions != benchmarkSessions {
		b.Fatalf("%d sessions", sessions)
	}
}
