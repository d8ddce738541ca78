package facetest

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

// List faults. They change what a page holds; everything else about the answer stays right.

// rewrite is a fault that has the service answer another query than the one that was sent.
func rewrite(name string, change func(s *Server, op string, query url.Values)) Fault {
	return Fault{name: name, serve: func(s *Server, w http.ResponseWriter, r *http.Request, next http.Handler) {
		if op, session := facesim.Route(r); op != "" && session == "" {
			query := r.URL.Query()
			change(s, op, query)
			r = asking(r, query)
		}
		next.ServeHTTP(w, r)
	}}
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
	return rewrite("short pages", func(_ *Server, _ string, query url.Values) { query.Set("top", strconv.Itoa(min(topOf(query), n))) })
}

// RaggedPages puts 1 to n sessions on a page. How many depends only on the start.
func RaggedPages(n int) Fault {
	return rewrite("ragged pages", func(_ *Server, _ string, query url.Values) {
		query.Set("top", strconv.Itoa(min(topOf(query), 1+int(hash(query.Get("start"))%uint64(n)))))
	})
}

// IgnoreStart answers every request with the first page.
func IgnoreStart() Fault {
	return rewrite("start ignored", func(_ *Server, _ string, query url.Values) { query.Del("start") })
}

// Overlap begins every page but the first n sessions before its place.
func Overlap(n int) Fault {
	return rewrite("overlap", func(s *Server, op string, query url.Values) { back(s, op, query, n) })
}

// RepeatPages gives, for a page's last id, that same page again.
func RepeatPages() Fault {
	return rewrite("page repeated", func(s *Server, op string, query url.Values) { back(s, op, query, topOf(query)) })
}

// back moves the start by n sessions towards the beginning of the list.
func back(s *Server, op string, query url.Values, n int) {
	listed := s.Sessions(op)
	i := slices.IndexFunc(listed, func(session Session) bool { return session.ID > query.Get("start") })
	if i < 0 {
		i = len(listed)
	}
	switch i -= n + 1; {
	case query.Get("start") == "":
	case i < 0:
		query.Del("start")
	default:
		query.Set("start", listed[i].ID)
	}
}

// WrapAround makes the list endless: it goes on with the first session after the last, so that no page but the first is ever short.
func WrapAround() Fault {
	return newFault("list wraps around", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		page, query := items(c), r.URL.Query()
		if missing := topOf(query) - len(page); missing > 0 && query.Get("start") != "" {
			rest := capture(w, asking(r, url.Values{"top": {strconv.Itoa(missing)}}), next)
			page = append(page, items(rest)...)
		}
		send(w, c.status, marshal(page))
	})
}

// Disordered lists the sessions in an order that has nothing to do with the ids. A page goes on after its start in that order. It
// serves a list of 1,000 sessions at most.
func Disordered() Fault {
	return newFault("other order", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c, query := capture(w, asking(r, nil), next), r.URL.Query()
		page := items(c)
		order := func(item json.RawMessage) uint64 { return hash(idOf(item)) }
		slices.SortFunc(page, func(a, b json.RawMessage) int {
			return strings.Compare(strconv.FormatUint(order(a), 36), strconv.FormatUint(order(b), 36))
		})
		i := 1 + slices.IndexFunc(page, func(item json.RawMessage) bool { return idOf(item) == query.Get("start") })
		send(w, c.status, marshal(page[i:min(i+topOf(query), len(page))]))
	})
}

// items are the sessions of a page.
func items(c *captured) []json.RawMessage {
	items := []json.RawMessage{}
	_ = json.NewDecoder(bytes.NewReader(c.body.Bytes())).Decode(&items) // an error has none
	return items
}

func idOf(item json.RawMessage) string {
	var session struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(item, &session)
	return session.ID
}

func hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}

// ListedIDsOnly refuses a start that no listed session has, with 400 BadArgument or 404 SessionNotFound.
func ListedIDsOnly(status int) Fault {
	return refusing("listed ids only", status, func(s *Server, op, start string) bool {
		return start != "" && !slices.ContainsFunc(s.Sessions(op), func(session Session) bool { return session.ID == start })
	})
}

// NoEmptyStart refuses a start that is there and empty, with 400 BadArgument. No start at all is taken.
func NoEmptyStart() Fault {
	return refusing("an empty start is refused", http.StatusBadRequest, func(_ *Server, _, start string) bool { return start == "" })
}

func refusing(name string, status int, refuse func(s *Server, op, start string) bool) Fault {
	return Fault{name: name, serve: func(s *Server, w http.ResponseWriter, r *http.Request, next http.Handler) {
		op, session := facesim.Route(r)
		query := r.URL.Query()
		switch {
		case op == "" || session != "" || !query.Has("start") || !refuse(s, op, query.Get("start")):
			next.ServeHTTP(w, r)
		case status == http.StatusNotFound:
			writeError(w, status, ShapeCode, "SessionNotFound", "Session is not found.")
		default:
			writeError(w, status, ShapeCode, "BadArgument", "Start parameter is invalid. Please specify the 'Id' field of the last entry to continue the listing process.")
		}
	}}
}

// NoDate leaves the header Date out.
func NoDate() Fault { return Fault{name: "no Date"}.Header("Date", "") }

// SkewDate moves the header Date, and nothing else of the service's clock.
func SkewDate(by time.Duration) Fault { return Fault{name: "Date skewed", skew: by} }
