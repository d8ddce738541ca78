package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/launch"
)

// frame is one of HTTP/2.
func frame(kind, flags byte, stream uint32, payload string) []byte {
	header := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	header = binary.BigEndian.AppendUint32(append(header, flags), stream)
	return append(header, payload...)
}

// secured is the program with TLS, and with a resource at the endpoint.
func secured(t *testing.T, endpoint string) *launch.Program {
	t.Helper()
	folder := t.TempDir()
	own := authority(t, filepath.Join(folder, "certificate"))
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		"web": "tls_server_config: {cert_file: certificate, key_file: key}\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, nil, configuration(t, endpoint, quick), "--web.config.file="+filepath.Join(folder, "web"))
	p.Listens(listening)
	p.Base = strings.Replace(p.Base, "http:", "https:", 1)
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // its own certificate
	t.Cleanup(transport.CloseIdleConnections)
	p.Client.Transport = transport

	return p
}

// streams opens a connection of HTTP/2 that asks for so many expositions and lets none of them be sent.
func streams(t *testing.T, p *launch.Program, count int) net.Conn {
	t.Helper()
	begin := bytes.NewBufferString("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	begin.Write(frame(4, 0, 0, "\x00\x04\x00\x00\x00\x00")) // settings: no stream may send anything
	for stream := range count {
		begin.Write(frame(1, 5, uint32(2*stream+1), "\x82\x87\x41\x01x\x44\x08/metrics")) // GET, https, x, /metrics
	}
	conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}}). //nolint:gosec // its own certificate
														DialContext(t.Context(), "tcp", strings.TrimPrefix(p.Base, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.Write(begin.Bytes()); err != nil {
		t.Fatal(err)
	}
	return conn
}

// Clients that ask for many expositions over few connections, and let none of them be sent, keep no scraper out.
func TestStreamsThatAreNotRead(t *testing.T) {
	t.Parallel()
	endpoint, _ := small(t)
	p := secured(t, endpoint)
	for range 8 {
		conn, received := streams(t, p, 10), 0
		launch.Eventually(t, "answers begin", func() bool { // headers are not held back
			if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			n, _ := conn.Read(make([]byte, 1<<16))
			received += n
			return received > 150
		})
	}
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		got, err := p.Request(ctx, http.MethodGet, "/metrics", "X-Prometheus-Scrape-Timeout-Seconds", "5")
		cancel()
		if err != nil || got.Status != http.StatusOK {
			t.Errorf("a scraper gets %d, %v", got.Status, err)
		}
	}
	stops(t, p)
}

// More requests over HTTP/2 than there may be at once are refused, so that they take no memory.
func TestMoreStreamsThanTheBound(t *testing.T) {
	t.Parallel()
	hanging := facesim.New(facesim.Options{})
	hanging.Fail(facetest.Hang())
	p := secured(t, serve(t, hanging))
	for range 250 {
		streams(t, p, 100)
	}
	if _, err := p.Request(t.Context(), http.MethodGet, "/-/healthy"); err != nil {
		t.Error(err)
	}
	if peak := peakMemory(t, p); peak > 150<<20 {
		t.Errorf("%d MiB", peak>>20)
	}
	stops(t, p)
}
