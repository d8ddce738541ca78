package exporter

import (
	"compress/gzip"
	"io"
	"net"
	"net/http"
)

const (
	// longAnswer is the size in bytes above which an answer is kept compressed, whether its client wants that or not.
	longAnswer = 256 << 10
	// minPiece and maxPiece bound the pieces of an answer in memory, in bytes.
	minPiece, maxPiece = 4 << 10, 1 << 20
	// decompressing is about what it takes to decompress an answer while it is written, in bytes.
	decompressing = 80 << 10
)

// pieces are bytes in memory. One slice that grows would take three times its size.
type pieces struct {
	net.Buffers
	size int
}

// Write is part of io.Writer. It never fails.
func (p *pieces) Write(b []byte) (int, error) {
	last := len(p.Buffers) - 1
	if last < 0 || cap(p.Buffers[last])-len(p.Buffers[last]) < len(b) {
		p.Buffers = append(p.Buffers, make([]byte, 0, max(len(b), min(p.size, maxPiece), minPiece)))
		last++
	}
	p.Buffers[last] = append(p.Buffers[last], b...)
	p.size += len(b)
	return len(b), nil
}

// recorder is an answer in memory. It is compressed where its client wants gzip, and where it is long.
type recorder struct {
	request    *http.Request
	header     http.Header
	status     int
	body       pieces
	gzip       *gzip.Writer // writes to the body
	compressed bool
}

// record makes an answer in memory, with a gzip.Writer that nobody else uses meanwhile.
func record(request *http.Request, answer http.Handler, gzip *gzip.Writer) *recorder {
	r := &recorder{request: request, header: http.Header{}, status: http.StatusOK, gzip: gzip}
	gzip.Reset(&r.body)
	if wantsGzip(request) {
		r.compress()
	}
	answer.ServeHTTP(r, request)
	if r.compressed {
		_ = gzip.Close() // memory takes everything
	}
	return r
}

// Header is part of http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader is part of http.ResponseWriter.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write is part of http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) {
	if !r.compressed && r.body.size+len(b) > longAnswer {
		r.compress()
	}
	if r.compressed {
		return r.gzip.Write(b)
	}
	return r.body.Write(b)
}

// compress compresses what there is of the body and what will follow.
func (r *recorder) compress() {
	plain := r.body
	r.body, r.compressed = pieces{}, true
	_, _ = plain.WriteTo(r.gzip) // memory takes everything
}

// decompresses reports whether the answer is compressed for a client that does not want that.
func (r *recorder) decompresses() bool { return r.compressed && !wantsGzip(r.request) }

// memory is what the answer takes until it is written, in bytes.
func (r *recorder) memory() int64 {
	if r.decompresses() {
		return int64(r.body.size) + decompressing
	}
	return int64(r.body.size)
}

// replay writes the answer. A client that has left needs none.
func (r *recorder) replay(w http.ResponseWriter) {
	header := w.Header()
	for name, values := range r.header {
		header[name] = values
	}
	header.Set("Vary", "Accept-Encoding")
	if r.compressed && !r.decompresses() {
		header.Set("Content-Encoding", "gzip")
	}
	w.WriteHeader(r.status)
	if !r.decompresses() {
		_, _ = r.body.WriteTo(w)
	} else if plain, err := gzip.NewReader(&r.body); err == nil { // it is our own
		_, _ = io.Copy(w, plain)
	}
}
