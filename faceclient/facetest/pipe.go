package facetest

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
)

// pipe serves HTTP on connections that exist only in memory. net.Pipe blocks on channels, which testing/synctest understands, so that
// a bubble's clock moves on while a client waits for an answer. It is a net.Listener.
type pipe struct {
	begin sync.Once // with the first connection
	conns chan net.Conn
	done  <-chan struct{} // closed with the server
}

// Transport is a new transport all of whose connections lead through memory to this server. It takes those for https as already
// secured. Its owner closes its idle connections, or closes the server, which ends them all.
func (s *Server) Transport() *http.Transport {
	return &http.Transport{DialContext: s.dial, DialTLSContext: s.dial}
}

func (s *Server) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	s.pipe.begin.Do(func() {
		server := &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)} // faults break answers on purpose
		go func() { _ = server.Serve(&s.pipe) }()                                // until the server is closed
	})
	client, server := net.Pipe()
	context.AfterFunc(s.serving, func() { _ = server.Close() }) //nolint:contextcheck // the connection ends with the server
	select {
	case s.pipe.conns <- server:
		return client, nil
	case <-s.serving.Done():
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept is part of net.Listener.
func (p *pipe) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Close is part of net.Listener. It is the server that ends.
func (*pipe) Close() error { return nil }

// Addr is part of net.Listener.
func (*pipe) Addr() net.Addr { return &net.UnixAddr{Name: "facetest", Net: "pipe"} }
