package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
)

// opener is a proxy that opens TLS, as in many companies: to every client it is the host that was asked for, with a
// certificate of its own CA.
type opener struct {
	address, caFile string

	conns    chan net.Conn
	closed   chan struct{}
	listener net.Listener
	own      tls.Certificate
	done     sync.WaitGroup
}

func newOpener(t *testing.T, sign http.Handler) *opener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &opener{
		address: "http://" + listener.Addr().String(), caFile: filepath.Join(t.TempDir(), "proxy-ca.pem"),
		conns: make(chan net.Conn), closed: make(chan struct{}), listener: listener,
	}
	o.own = authority(t, o.caFile)
	server := &http.Server{Handler: sign, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute}
	o.done.Go(func() { _ = server.Serve(o) })
	o.done.Go(o.accept)
	t.Cleanup(func() {
		close(o.closed)
		_ = listener.Close()
		_ = server.Close()
		o.done.Wait()
	})
	return o
}

// accept takes what clients send to the proxy, and passes the inner connections on to the server.
func (o *opener) accept() {
	for {
		conn, err := o.listener.Accept()
		if err != nil {
			return
		}
		o.done.Go(func() {
			request, err := http.ReadRequest(bufio.NewReader(conn))
			if err != nil || request.Method != http.MethodConnect {
				_ = conn.Close()
				return
			}
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\n\r\n")
			inner := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{o.own}, MinVersion: tls.VersionTLS12})
			select {
			case o.conns <- inner:
			case <-o.closed:
				_ = conn.Close()
			}
		})
	}
}

// Accept, Close and Addr make the opener the listener of the server inside.
func (o *opener) Accept() (net.Conn, error) {
	select {
	case conn := <-o.conns:
		return conn, nil
	case <-o.closed:
		return nil, net.ErrClosed
	}
}

func (o *opener) Close() error   { return nil }
func (o *opener) Addr() net.Addr { return o.listener.Addr() }

// authority makes a certificate for the sign-in of Entra ID that signs itself, and writes it to a file.
func authority(t *testing.T, path string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "proxy"}, DNSNames: []string{"login.microsoftonline.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// entra answers as Entra ID does, up to the token.
func entra(token http.HandlerFunc) http.Handler {
	const authority = "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000001"
	mux := http.NewServeMux()
	mux.HandleFunc("/common/discovery/instance", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"tenant_discovery_endpoint":"%s/v2.0/.well-known/openid-configuration","metadata":[]}`, authority)
	})
	mux.HandleFunc("/{tenant}/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":"%[1]s/v2.0","authorization_endpoint":"%[1]s/oauth2/v2.0/authorize","token_endpoint":"%[1]s/oauth2/v2.0/token"}`, authority)
	})
	mux.HandleFunc("/{tenant}/oauth2/v2.0/token", token)
	return mux
}

// A proxy that opens TLS works with one setting, for the sign-in as well. Whatever it sends there, it ends in time and within
// memory, and the log says what is wrong.
func TestSignInThroughAProxyThatOpensTLS(t *testing.T) {
	t.Parallel()
	good := func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"token-1"}`)
	}
	for _, test := range []struct {
		name    string
		token   http.HandlerFunc
		trusted bool
		up      string
		log     string
	}{
		{"its CA is trusted", good, true, "1", ""},
		{"its CA is not trusted", good, false, "0", "unknown_authority"},
		{"a token without an end", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, strings.Repeat(" ", 1<<16)); err != nil {
					return
				}
			}
		}, true, "0", "sign_in_unreachable"},
		{"a secret that is wrong", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS7000215: canary","error_codes":[7000215]}`)
		}, true, "0", "AADSTS7000215"},
	} {
		t.Run(test.name, func(t *testing.T) {
			service := facesim.New(facesim.Options{Token: "token-1"})
			service.Populate(facesim.DetectLiveness, 10, 1)
			proxy := newOpener(t, entra(test.token))
			folder := t.TempDir()
			content := quick + "resources:\n- name: contoso\n  endpoint: " + serve(t, service) + `
  entra:
    credential: client_secret
    tenant_id: 00000000-0000-0000-0000-000000000001
    client_id: 00000000-0000-0000-0000-000000000002
    client_secret_file: secret
    cloud: public
`
			if test.trusted {
				content += "  tls: {ca_file: " + proxy.caFile + "}\n"
			}
			for name, text := range map[string]string{"config.yaml": content, "secret": "canary-secret"} {
				if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p := startIn(t, nil, []string{"HTTPS_PROXY=" + proxy.address}, "--config.file="+filepath.Join(folder, "config.yaml"), "--log.level=debug")
			p.Listens(listening)
			body := get(t, p, "/metrics") // waits for the refresh
			if want := `face_liveness_up{operation="detectLiveness",resource="contoso"} ` + test.up; !strings.Contains(body, want) {
				t.Errorf("no %s in\n%s", want, p.Stderr)
			}
			withinMemory(t, p)
			p.Signal(syscall.SIGTERM)
			log := ends(t, p, 0)
			if !strings.Contains(log, test.log) || strings.Contains(log, "canary") {
				t.Errorf("want %q and no canary in\n%s", test.log, log)
			}
		})
	}
}
