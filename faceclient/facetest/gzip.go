package facetest

import (
	"bytes"
	"compress/gzip"
	"net/http"
)

// BrokenGzip is a gzip body with a wrong checksum at its end: the page is there, and must not be believed.
func BrokenGzip() Fault {
	return Wrap("gzip checksum", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		packed := compress(c.Body.Bytes())
		packed[len(packed)-6] ^= 0xff
		w.Header().Set("Content-Encoding", "gzip")
		send(w, c.Code, packed)
	})
}

// NotGzip says gzip and sends plain JSON.
func NotGzip() Fault {
	return Wrap("not gzip", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		w.Header().Set("Content-Encoding", "gzip")
		send(w, c.Code, c.Body.Bytes())
	})
}

// GzipBomb is a valid gzip body of blanks, a thousandth of the size (in bytes, rounded up to MiB) that it unpacks to.
func GzipBomb(size int64) Fault {
	const member = 1 << 20 // gzip streams may be joined: the same packed MiB over and over
	return Wrap("gzip bomb", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
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

func compress(body []byte) []byte {
	var compressed bytes.Buffer
	z := gzip.NewWriter(&compressed)
	_, _ = z.Write(body) // a bytes.Buffer takes everything
	_ = z.Close()
	return compressed.Bytes()
}
