package facesim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// captured is an answer held back so that a fault can spoil it.
type captured struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (c *captured) Header() http.Header { return c.header }

func (c *captured) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c *captured) Write(b []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.body.Write(b)
}

// capture lets the rest of the chain answer without compression into memory. The header is left without a length.
func capture(w http.ResponseWriter, r *http.Request, next http.Handler) *captured {
	r = r.Clone(r.Context())
	r.Header.Del("Accept-Encoding")
	c := &captured{header: w.Header()}
	next.ServeHTTP(c, r)
	c.header.Del("Content-Length")
	return c
}

// Delay answers as ever, but later, or not at all if the client leaves meanwhile.
func Delay(d time.Duration) Fault {
	return newFault("delay", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !wait(r.Context(), d) {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
}

// Hang gives no answer until the client leaves or the server is closed.
func Hang() Fault {
	return newFault("hang", func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})
}

// HangInBody sends the status, the headers and half the body, and then nothing until the client leaves.
func HangInBody() Fault {
	return newFault("hang in the body", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		sendHalf(w, r, next)
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})
}

// SlowDrip sends the body in pieces of so many bytes with a pause before each.
func SlowDrip(piece int, pause time.Duration) Fault {
	return newFault("slow drip", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		w.Header().Set("Content-Length", strconv.Itoa(c.body.Len()))
		w.WriteHeader(c.status)
		for c.body.Len() > 0 {
			if !wait(r.Context(), pause) {
				panic(http.ErrAbortHandler)
			}
			_, _ = w.Write(c.body.Next(max(piece, 1)))
			flush(w)
		}
	})
}

// CutBody sends half the body that its Content-Length announces and closes the connection in order.
func CutBody() Fault {
	return newFault("cut body", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		sendHalf(w, r, next) // net/http closes a connection whose answer stayed too short
	})
}

// ResetInBody sends half the body and resets the connection (a TCP RST where it is TCP).
func ResetInBody() Fault {
	return newFault("reset in the body", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		sendHalf(w, r, next)
		reset(w)
	})
}

// Reset resets the connection without an answer.
func Reset() Fault {
	return newFault("reset", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { reset(w) })
}

// TruncatedJSON is a complete answer whose JSON ends in the middle of an item.
func TruncatedJSON() Fault {
	return newFault("JSON ends early", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		send(w, c.status, c.body.Bytes()[:c.body.Len()/2])
	})
}

// BrokenGzip is a gzip body with a wrong checksum at its end: the page is there, and must not be believed.
func BrokenGzip() Fault {
	return gzipFault("gzip checksum", func(b []byte) []byte { b[len(b)-6] ^= 0xff; return b })
}

// TruncatedGzip is a complete answer whose gzip stream ends early.
func TruncatedGzip() Fault {
	return gzipFault("gzip ends early", func(b []byte) []byte { return b[:len(b)/2] })
}

// NotGzip says gzip and sends plain JSON.
func NotGzip() Fault {
	return newFault("not gzip", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		c.header.Set("Content-Encoding", "gzip")
		send(w, c.status, c.body.Bytes())
	})
}

func gzipFault(name string, spoil func([]byte) []byte) Fault {
	return newFault(name, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		c.header.Set("Content-Encoding", "gzip")
		send(w, c.status, spoil(compress(c.body.Bytes())))
	})
}

// GzipBomb is a valid gzip body of blanks, a thousandth of the size (in bytes, rounded up to MiB) that it unpacks to.
func GzipBomb(size int64) Fault {
	const member = 1 << 20 // gzip streams may be joined: the same packed MiB over and over
	return newFault("gzip bomb", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		packed := compress(bytes.Repeat([]byte{' '}, member))
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Encoding", "gzip")
		for ; size > 0 && r.Context().Err() == nil; size -= member {
			if _, err := w.Write(packed); err != nil {
				return
			}
		}
	})
}

// EndlessBlanks is a body of blanks without an end.
func EndlessBlanks() Fault {
	blanks := bytes.Repeat([]byte{' '}, 4096)
	return endless("endless blanks", func(int) []byte { return blanks })
}

// EndlessItems is a page of valid, ascending sessions without an end.
func EndlessItems() Fault {
	return endless("endless items", func(n int) []byte {
		open := ','
		if n == 0 {
			open = '['
		}
		return fmt.Appendf(nil, `%c{"id":"%08x-0000-4000-8000-000000000000","createdDateTime":"2024-05-19T16:16:31.2576555+00:00","sessionExpired":true}`, open, n)
	})
}

func endless(name string, part func(n int) []byte) Fault {
	return newFault(name, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("CSP-Billing-Usage", billingUsage)
		for n := 0; r.Context().Err() == nil; n++ {
			if _, err := w.Write(part(n)); err != nil {
				break
			}
		}
		panic(http.ErrAbortHandler)
	})
}

// JSON answers 200 with this body in place of the page, billed like one.
func JSON(body string) Fault {
	return Status(http.StatusOK, body).Header("CSP-Billing-Usage", billingUsage).named("JSON " + body)
}

// WrongShapes are complete JSON answers of another form than an array of sessions.
func WrongShapes() []Fault {
	item := `{"id":"11111111-2222-4333-8444-555555555555","createdDateTime":"2024-05-19T16:16:31+00:00","sessionExpired":false}`
	return []Fault{
		JSON(`null`), JSON(`"sessions"`), JSON(`17`), JSON(`true`), JSON(`{}`),
		JSON(`{"value":[` + item + `]}`).named("array in an object"),
		JSON(`[` + item + `][]`).named("two arrays"),
		JSON(`[null]`), JSON(`[17]`), JSON(`["id"]`), JSON(`[[]]`), JSON(`[{}]`),
		SetField("id", `5`), SetField("id", `null`), SetField("id", `""`),
		SetField("createdDateTime", `"yesterday"`), SetField("createdDateTime", `1716135391`), SetField("createdDateTime", ""),
		SetField("sessionStartDateTime", `""`), SetField("sessionStartDateTime", `{}`),
		SetField("sessionExpired", `"true"`), SetField("sessionExpired", `1`),
		SetField("deviceCorrelationId", `17`),
		SetField("authTokenTimeToLiveInSeconds", `"600"`), SetField("authTokenTimeToLiveInSeconds", `[]`),
	}
}

// SetField puts raw JSON in place of a field of the page's last session; "" takes the field away. A page without
// sessions stays as it is.
func SetField(field, raw string) Fault {
	return newFault(field+" "+raw, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		var items []json.RawMessage
		if json.Unmarshal(c.body.Bytes(), &items) != nil || len(items) == 0 {
			send(w, c.status, c.body.Bytes())
			return
		}
		var last map[string]json.RawMessage
		if err := json.Unmarshal(items[len(items)-1], &last); err != nil {
			panic(err) // the server's own item
		}
		if raw == "" {
			delete(last, field)
		} else {
			last[field] = json.RawMessage(raw)
		}
		send(w, c.status, page(items[:len(items)-1], last))
	})
}

// page joins items by hand: json.Marshal would refuse a raw value that is wrong on purpose.
func page(items []json.RawMessage, last map[string]json.RawMessage) []byte {
	b := []byte{'['}
	for _, item := range items {
		b = append(append(b, item...), ',')
	}
	b = append(b, '{')
	for _, field := range slices.Sorted(maps.Keys(last)) {
		b = append(strconv.AppendQuote(b, field), ':')
		b = append(append(b, last[field]...), ',')
	}
	return append(bytes.TrimSuffix(b, []byte{','}), '}', ']')
}

// sendHalf announces the whole body and sends the first half.
func sendHalf(w http.ResponseWriter, r *http.Request, next http.Handler) {
	c := capture(w, r, next)
	w.Header().Set("Content-Length", strconv.Itoa(c.body.Len()))
	w.WriteHeader(c.status)
	_, _ = w.Write(c.body.Bytes()[:c.body.Len()/2])
	flush(w)
}

// flush fails for a writer that has nothing to flush, or a client that has left; the next write tells.
func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

// reset ends the connection as hard as it can be ended.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
