package collector_test

import (
	"net/http"
	"strings"
	"time"

	"face_liveness_exporter/faceclient/facetest"
	facesim "face_liveness_exporter/faceclient/facetest"
)

// fault is what a service, or the way to it, does to every request.
type fault struct {
	name    string
	refused bool // by the machine, without an answer
	faults  []facesim.Fault
}

// retryAt answers 429 with a Retry-After that is a date.
func retryAt(wait time.Duration) []facesim.Fault {
	return []facesim.Fault{
		facesim.Wrap("Retry-After as a date", func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Retry-After", time.Now().Add(wait).UTC().Format(http.TimeFormat))
				next.ServeHTTP(w, r)
			})
		}),
		facesim.RateLimited(facesim.ShapeFlat, facesim.HintNone, 0),
	}
}

func faultsOfTheMatrix() []fault {
	one := func(name string, faults ...facesim.Fault) fault { return fault{name: name, faults: faults} }
	refusal := func(status int, code string) facesim.Fault {
		return facesim.StatusError(status, facesim.ShapeCode, code, "no")
	}
	return []fault{
		{name: "no fault"},
		one("no answer", facetest.Hang()),
		one("no end of the body", facetest.HangInBody()),
		{name: "connection refused", refused: true},
		one("reset before the answer", facetest.Reset()),
		one("reset in the body", facetest.ResetInBody()),
		one("body cut short", facetest.CutBody()),
		one("slow drip, too slow", facetest.SlowDrip(256, time.Second)),
		one("slow drip, in time", facetest.SlowDrip(4096, 100*time.Millisecond)),
		one("401", refusal(401, "401")),
		one("401 PermissionDenied", refusal(401, "PermissionDenied")),
		one("403 UnsupportedFeature", refusal(403, "UnsupportedFeature")),
		one("404", refusal(404, "404")),
		one("403 of a quota, renewed in two days", facesim.StatusError(403, facesim.ShapeStatusCode, "403", "Out of call volume quota. Quota will be replenished in 2 days.")),
		one("404 SessionNotFound", refusal(404, "SessionNotFound")),
		one("408", refusal(408, "")),
		one("409", refusal(409, "ConcurrentOperationConflict")),
		one("429, Retry-After of 2 s", facesim.RateLimited(facesim.ShapeCode, facesim.HintHeader, 2*time.Second)),
		one("429, Retry-After as a date", retryAt(2*time.Second)...),
		one("429, Retry-After of an hour", facesim.RateLimited(facesim.ShapeCode, facesim.HintHeader, time.Hour)),
		one("429, 2 s in the message alone", facesim.RateLimited(facesim.ShapeStatusCode, facesim.HintMessage, 2*time.Second)),
		one("429, no wait named", facesim.RateLimited(facesim.ShapeFlat, facesim.HintNone, 0)),
		one("500", refusal(500, "Unspecified")),
		one("502 with HTML", facetest.HTML(502)),
		one("503, empty", facesim.Status(503, "")),
		one("a code never heard of", refusal(418, "NeverHeardOf")),
		one("529, empty", facesim.Status(529, "")),
		one("a code of ours", refusal(400, "timeout")),
		one("101", facesim.Wrap("101", bytesOf("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"))),
		one("103 for ever", facesim.Wrap("103", endlessInformation)),
		one("headers without an end", facesim.Wrap("headers", endlessHeaders)),
		one("half a header", facesim.Wrap("half a header", bytesOf("HTTP/1.1 200 OK\r\nContent-"))),
		one("two lengths that differ", facesim.Wrap("lengths", bytesOf("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]"))),
		one("a chunk of no length", facesim.Wrap("chunk", bytesOf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n[]"))),
		one("202 without a list", facesim.Status(202, "")),
		one("204", facesim.Status(204, "")),
		one("203 with a list", withStatus(203)),
		one("redirect", facetest.Redirect(302, "https://elsewhere.example/")),
		one("200 with HTML", facetest.HTML(200)),
		one("JSON: null", facetest.JSON(`null`)),
		one("JSON: an object", facetest.JSON(`{"value":[]}`)),
		one("JSON: a list of lists", facetest.JSON(`[[]]`)),
		one("JSON: a date that is none", facetest.SetField("createdDateTime", `"yesterday"`)),
		one("JSON: an id that is a number", facetest.SetField("id", `5`)),
		one("JSON ends early", facetest.TruncatedJSON()),
		one("gzip with a wrong checksum", facetest.BrokenGzip()),
		one("gzip ends early", facetest.TruncatedGzip()),
		one("no gzip where it says so", facetest.NotGzip()),
		one("endless body", facetest.EndlessBlanks()),
		one("endless list of sessions", facetest.EndlessItems()),
		one("gzip that explodes", facetest.GzipBomb(8<<20)),
		one("page that repeats", facesim.RepeatPages()),
		one("start ignored", facesim.IgnoreStart()),
		one("list without an end", facesim.WrapAround()),
		one("pages in another order", facesim.Disordered()),
		one("pages that overlap", facesim.Overlap(10)),
		{name: "capped pages", faults: []facesim.Fault{facesim.ShortPages(40)}},
		{name: "capped pages of all lengths", faults: []facesim.Fault{facesim.RaggedPages(90)}},
		one("no Date", facesim.NoDate()),
	}
}

// raw answers by bytes, for as long as the client takes them.
func raw(w http.ResponseWriter, first, again string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	_, err = conn.Write([]byte(first))
	for err == nil && again != "" {
		_, err = conn.Write([]byte(again))
	}
	_, _ = conn.Read(make([]byte, 1)) // until the client leaves
}

// bytesOf answers every request by these bytes.
func bytesOf(answer string) func(http.Handler) http.Handler {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { raw(w, answer, "") })
	}
}

func endlessInformation(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		raw(w, "", "HTTP/1.1 103 Early Hints\r\nLink: "+strings.Repeat("more", 1000)+"\r\n\r\n")
	})
}

func endlessHeaders(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		raw(w, "HTTP/1.1 200 OK\r\n", "X-More: "+strings.Repeat("more", 1000)+"\r\n")
	})
}

// withStatus answers as ever, but with another status.
func withStatus(status int) facesim.Fault {
	return facesim.Wrap("another status", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&statusWriter{ResponseWriter: w, status: status}, r)
		})
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(int) { w.ResponseWriter.WriteHeader(w.status) }

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status != 0 {
		w.ResponseWriter.WriteHeader(w.status)
		w.status = 0
	}
	return w.ResponseWriter.Write(b)
}

// state is what there is to show when the fault begins, and since when.
type state struct {
	name   string
	walked bool
	age    time.Duration // of the snapshot at the scrape
}

func statesOfTheMatrix() []state {
	return []state{
		{"no snapshot", false, 0},
		{"fresh", true, time.Minute},
		{"stale", true, 6 * time.Minute},
		{"too stale", true, 90 * time.Minute},
	}
}
