package exporter

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/mdlayher/vsock"
	"github.com/prometheus/exporter-toolkit/web"
)

// maxConnections bounds the connections to a server. It leaves room for hundreds of scrapers that wait for
// the same refresh.
const maxConnections = 1024

// listen opens what the flags of exporter-toolkit name, as its ListenAndServe does. It is done here because the listeners
// must be open before the first refresh and all of them share one server.
func listen(ctx context.Context, f *web.FlagConfig) ([]net.Listener, error) {
	if *f.WebSystemdSocket {
		listeners, err := activation.Listeners()
		if err == nil && len(listeners) == 0 {
			err = errors.New("--web.systemd-socket: systemd has passed no socket")
		}
		return listeners, err
	}
	var listeners []net.Listener
	for _, address := range *f.WebListenAddresses {
		l, err := listenOn(ctx, address)
		if err != nil {
			closeAll(listeners)
			return nil, fmt.Errorf("--web.listen-address: %w", err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func listenOn(ctx context.Context, address string) (net.Listener, error) {
	if !strings.HasPrefix(address, "vsock://") {
		return new(net.ListenConfig).Listen(ctx, "tcp", address)
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(u.Port(), 10, 32)
	if err != nil {
		return nil, err
	}
	return vsock.Listen(uint32(port), nil)
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close() // it has accepted nothing
	}
}

// connections bounds how many connections are open. Above the bound it closes the one that has waited longest for a
// request, so that clients that only connect do not keep others out.
type connections struct {
	most int

	mu      sync.Mutex // guards waiting and open
	open    map[net.Conn]bool
	waiting map[net.Conn]time.Time // for a handshake or a request, and since when
}

func newConnections(most int) *connections {
	return &connections{most: most, open: map[net.Conn]bool{}, waiting: map[net.Conn]time.Time{}}
}

// changed is called by the server: see [http.Server.ConnState].
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	if surplus := c.update(conn, state); surplus != nil {
		if secured, ok := surplus.(*tls.Conn); ok {
			surplus = secured.NetConn() // closing the TLS connection could wait for the peer
		}
		_ = surplus.Close() // it is of no more use, whatever it says
	}
}

// update returns the connection to close, nil for none.
func (c *connections) update(conn net.Conn, state http.ConnState) (surplus net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, conn)
	switch state {
	case http.StateNew:
		c.open[conn] = true
		c.waiting[conn] = time.Now()
	case http.StateIdle:
		c.waiting[conn] = time.Now()
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	case http.StateActive:
	}
	if len(c.open) <= c.most {
		return nil
	}
	var since time.Time
	for other, at := range c.waiting {
		if surplus == nil || at.Before(since) {
			surplus, since = other, at
		}
	}
	if surplus != nil {
		delete(c.open, surplus)
		delete(c.waiting, surplus)
	}
	return surplus
}
