package facesim

import (
	"cmp"
	"context"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
)

// pipe serves HTTP on connections that exist only in memory. net.Pipe blocks on channels, which testing/synctest
// understands, so that a bubble's clock moves on while a client waits for an answer.
type pipe struct {
	accept pipeListener

	mu     sync.Mutex        // guards what follows
	server *http.Server      // nil before the first Dial
	conns  map[net.Conn]bool // server ends. http.Server.Close misses one that it is just accepting

	running sync.WaitGroup // the accepting goroutine and one a connection
}

// Dial connects to the server through memory, whatever the network and the address. It fits http.Transport.DialContext,
// and DialTLSContext too: then https URLs work without a certificate, because the transport takes what DialTLSContext
// returns as a connection that is already secured.
func (s *Server) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	client, server := net.Pipe()
	err := cmp.Or(ctx.Err(), s.open(server))
	if err == nil {
		select {
		case s.pipe.accept.conns <- server:
			return client, nil
		case <-s.serving.Done():
			err = net.ErrClosed
		case <-ctx.Done():
			err = ctx.Err()
		}
		s.pipe.forget(server)
	}
	return nil, &net.OpError{Op: "dial", Net: network, Err: err}
}

// Transport is a new transport all of whose connections, http and https, lead to this server. Its owner closes its idle
// connections, or closes the server, which ends them all.
func (s *Server) Transport() *http.Transport {
	return &http.Transport{DialContext: s.Dial, DialTLSContext: s.Dial}
}

// open starts to serve with the first connection.
func (s *Server) open(conn net.Conn) error {
	p := &s.pipe
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.serving.Err() != nil {
		return net.ErrClosed
	}
	if p.server == nil {
		p.conns = make(map[net.Conn]bool)
		p.accept = pipeListener{conns: make(chan net.Conn), done: s.serving.Done()}
		p.server = &http.Server{
			Handler:   s,
			ConnState: p.track,
			ErrorLog:  log.New(io.Discard, "", 0), // faults break answers on purpose
		}
		p.running.Go(func() { _ = p.server.Serve(p.accept) }) // only Close ends it
	}
	p.conns[conn] = true
	return nil
}

func (p *pipe) forget(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
}

// track counts a connection from its first state to one of its two last ones.
func (p *pipe) track(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		p.running.Add(1) // the accepting goroutine calls this, so that close cannot have finished waiting
	case http.StateClosed, http.StateHijacked:
		p.forget(conn)
		p.running.Done()
	}
}

// close needs the server's context ended.
func (p *pipe) close() {
	p.mu.Lock()
	server, conns := p.server, slices.Collect(maps.Keys(p.conns))
	p.mu.Unlock()
	if server == nil {
		return
	}
	_ = server.Close()
	for _, conn := range conns {
		_ = conn.Close()
	}
	p.running.Wait()
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
func (pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "facesim", Net: "pipe"} }
