package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/mdlayher/vsock"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/net/netutil"
)

// maxConnections bounds the connections of a listener. Further ones wait. It leaves room for hundreds of scrapers that wait
// for the same refresh.
const maxConnections = 512

// listen opens what the flags of exporter-toolkit name, as its ListenAndServe does. It is done here because the listeners
// must be open before the first refresh, and their connections are bounded.
func listen(ctx context.Context, f *toolkit.FlagConfig) (listeners []net.Listener, err error) {
	if *f.WebSystemdSocket {
		listeners, err = activation.Listeners()
		if err == nil && len(listeners) == 0 {
			err = errors.New("systemd has passed no socket")
		}
		if err != nil {
			return nil, fmt.Errorf("--web.systemd-socket: %w", err)
		}
	} else {
		for _, address := range *f.WebListenAddresses {
			l, err := listenOn(ctx, address)
			if err != nil {
				closeAll(listeners)
				return nil, fmt.Errorf("--web.listen-address: %w", err)
			}
			listeners = append(listeners, l)
		}
	}
	for i, l := range listeners {
		listeners[i] = netutil.LimitListener(l, maxConnections)
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
