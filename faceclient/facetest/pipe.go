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
// a bubble's clock moves on while a client waits for an answer.
type pipe struct {
	mu     sync.Mutex   // guards what follows
	server *http.Server // nil before the first Dial
	accept pipeListener
	conns  []net.Conn // server ends: http.Server.Close misses one that it is just accepting
}

// Dial connects to the server through memory, whatever the network and the address. It fits http.Transport.DialContext, and
// DialTLSContext too: then https URLs work without a certificate, because the transport takes what DialTLSContext returns as a
// connection that is already secured.
func (s *Server) Dial(ctx context.Context, network, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	s.open(server)
	err := net.ErrClosed
	select {
	case s.pipe.accept.conns <- server:
		return client, nil
	case <-s.serving.Done():
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, &net.OpError{Op: "dial", Net: network, Err: err}
}

// Transport is a new transport all of whose connections, http and https, lead to this server. Its owner closes its idle connections,
// or closes the server, which ends them all.
func (s *Server) Transport() *http.Transport {
	return &http.Transport{DialContext: s.Dial, DialTLSContext: s.Dial}
}

// open begins to serve with the first connection.
func (s *Server) open(conn net.Conn) {
	p := &s.pipe
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conn)
	if p.server == nil {
		p.accept = pipeListener{conns: make(chan net.Conn), done: s.serving.Done()}
		p.server = &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)} // faults break answers on purpose
		go func() { _ = p.server.Serve(p.accept) }()                              // until the listener is done
	}
}

// close ends what open began. It needs the server's context ended.
func (p *pipe) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server != nil {
		_ = p.server.Close()
	}
	for _, conn := range p.conns {
		_ = conn.Close()
	}
}

// pipeListener is a net.Listener fed by Dial.
type pipeListener struct {
	conns chan net.Conn
	done  <-chan struct{} // closed with the server
}

func (l pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (pipeListener) Close() error   { return nil }
func (pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "facetest", Net: "pipe"} }
