package facetest

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"time"
)

// billingUsage is the value of CSP-Billing-Usage on a billed answer.
const billingUsage = "CognitiveServices.Face.Transaction=1"

// captured is an answer kept in memory so that a fault can change it.
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

// send writes a whole answer. A failed write means that the client has left; net/http ends the request then.
func send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// wait reports whether the time passed before the context ended.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
