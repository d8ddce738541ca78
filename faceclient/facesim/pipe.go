package facesim

import (
	"context"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
)

// pipe serves HTTP on connections that exist in memory alone. net.Pipe blocks on channels, which testing/synctest
// understands, so that a bubble's clock moves on while a client waits for an answer.
type pipe struct {
	mu     sync.Mutex
	server *http.Server // nil before the first Dial
	accept *pipeListener
	conns  map[net.Conn]bool // server ends. http.Server.Close misses one that it is just accepting
	closed bool

	running sync.WaitGroup // the accepting goroutine and one a connection
}

// Dial connects to the server through memory, whatever the network and the address. It fits http.Transport.DialContext,
// and DialTLSContext too: then https URLs work without a certificate, because the transport takes what DialTLSContext
// returns as a connection that is already secured.
func (s *Server) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	client, server := net.Pipe()
	accept, err := s.pipe.open(s, server)
	if err == nil {
		select {
		case accept.conns <- server:
			return client, nil
		case <-accept.done:
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

// open starts the server with the first connection.
func (p *pipe) open(handler http.Handler, conn net.Conn) (*pipeListener, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, net.ErrClosed
	}
	if p.server == nil {
		p.conns = make(map[net.Conn]bool)
		p.accept = &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
		p.server = &http.Server{
			Handler:   handler,
			ConnState: p.track,
			ErrorLog:  log.New(io.Discard, "", 0), // faults break answers on purpose
		}
		p.running.Go(func() { _ = p.server.Serve(p.accept) }) // ends by Close alone
	}
	p.conns[conn] = true
	return p.accept, nil
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

func (p *pipe) close() {
	p.mu.Lock()
	p.closed = true
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
	done  chan struct{}
	once  sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "facesim" }
