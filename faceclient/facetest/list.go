package facetest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"hash/crc32"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

// List faults. They change what a page holds; everything else about the answer stays right.

// rewrite is a fault that has the service answer another query than the one that was sent.
func rewrite(name string, change func(query url.Values)) Fault {
	return Wrap(name, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if op, session := facesim.Route(r); op != "" && session == "" {
			query := r.URL.Query()
			change(query)
			r = asking(r, query)
		}
		next.ServeHTTP(w, r)
	})
}

// asking is the same request with another query.
func asking(r *http.Request, query url.Values) *http.Request {
	r = r.Clone(r.Context())
	r.URL.RawQuery = query.Encode()
	return r
}

func topOf(query url.Values) int {
	if top, err := strconv.Atoi(query.Get("top")); err == nil {
		return top
	}
	return 1000
}

// ShortPages puts at most n sessions on a page, whatever top is.
func ShortPages(n int) Fault {
	return rewrite("short pages", func(query url.Values) { query.Set("top", strconv.Itoa(min(topOf(query), n))) })
}

// IgnoreStart answers every request with the first page.
func IgnoreStart() Fault {
	return rewrite("start ignored", func(query url.Values) { query.Del("start") })
}

// Disordered lists the sessions in an order that has nothing to do with the ids. A page goes on after its start in that order. It
// serves a list of 1,000 sessions at most.
func Disordered() Fault {
	return Wrap("other order", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c, query := capture(w, asking(r, nil), next), r.URL.Query()
		var page []json.RawMessage
		if json.Unmarshal(c.Body.Bytes(), &page) != nil {
			page = nil // an error
		}
		slices.SortFunc(page, func(a, b json.RawMessage) int { return cmp.Compare(crc32.ChecksumIEEE(a), crc32.ChecksumIEEE(b)) })
		i := 1 + slices.IndexFunc(page, func(item json.RawMessage) bool {
			return query.Has("start") && bytes.Contains(item, []byte(`"id":"`+query.Get("start")+`"`))
		})
		send(w, c.Code, marshal(page[i:min(i+topOf(query), len(page))]))
	})
}

// NoDate leaves the header Date out.
func NoDate() Fault { return Fault{name: "no Date"}.Header("Date", "") }

// DateAt has the header Date say one time, and nothing else of the service's clock.
func DateAt(at time.Time) Fault {
	return Fault{name: "another Date"}.Header("Date", at.UTC().Format(http.TimeFormat))
}
