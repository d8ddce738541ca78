package facetest

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Delay answers as usual, but later, or not at all if the client leaves before.
func Delay(d time.Duration) Fault {
	return Wrap("delay", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		pause(r, d)
		next.ServeHTTP(w, r)
	})
}

// Hang gives no answer until the client leaves or the server is closed.
func Hang() Fault {
	return Wrap("hang", func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})
}

// HangInBody sends the status, the headers and half the body, and then nothing until the client leaves.
func HangInBody() Fault {
	return Wrap("hang in the body", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		sendHalf(w, r, next)
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})
}

// SlowDrip sends the body in pieces of so many bytes with a pause before each.
func SlowDrip(piece int, before time.Duration) Fault {
	return Wrap("slow drip", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		w.Header().Set("Content-Length", strconv.Itoa(c.Body.Len()))
		w.WriteHeader(c.Code)
		for c.Body.Len() > 0 {
			pause(r, before)
			_, _ = w.Write(c.Body.Next(piece))
			flush(w)
		}
	})
}

// CutBody sends half the body that its Content-Length announces and closes the connection in order.
func CutBody() Fault {
	return Wrap("cut body", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		sendHalf(w, r, next) // net/http closes a connection whose answer stayed too short
	})
}

// Reset resets the connection without an answer (a TCP RST where it is TCP).
func Reset() Fault {
	return Wrap("reset", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	})
}

// TruncatedJSON is a complete answer whose JSON ends in the middle of an item.
func TruncatedJSON() Fault {
	return Wrap("JSON ends early", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		send(w, c.Code, c.Body.Bytes()[:c.Body.Len()/2])
	})
}

// EndlessItems is a page of valid, ascending sessions without an end.
func EndlessItems() Fault {
	return Wrap("endless items", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("CSP-Billing-Usage", billingUsage)
		open := '['
		for n := 0; r.Context().Err() == nil; n++ {
			_, err := fmt.Fprintf(w, `%c{"id":"%08x-0000-4000-8000-000000000000","createdDateTime":"2024-05-19T16:16:31.2576555+00:00","sessionExpired":true}`, open, n)
			if err != nil {
				break
			}
			open = ','
		}
		panic(http.ErrAbortHandler)
	})
}

// pause lets time pass. If the client leaves before, there is no answer.
func pause(r *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
}

// sendHalf announces the whole body and sends the first half.
func sendHalf(w http.ResponseWriter, r *http.Request, next http.Handler) {
	c := capture(w, r, next)
	w.Header().Set("Content-Length", strconv.Itoa(c.Body.Len()))
	w.WriteHeader(c.Code)
	_, _ = w.Write(c.Body.Bytes()[:c.Body.Len()/2])
	flush(w)
}

// flush fails for a writer that has nothing to flush, or a client that has left; the next write tells.
func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }
