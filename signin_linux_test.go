package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/rig"
)

const authority = "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000001"

// newInspector starts a proxy that inspects TLS, as in many companies: it has a certificate of its own CA for the sign-in of Entra ID,
// which the handler answers.
func newInspector(t *testing.T, sign http.Handler) (address, caFile string) {
	t.Helper()
	certificate, ca := rig.Certificate(t, "login.microsoftonline.com")
	caFile = rig.Write(t, "proxy-ca.pem", ca)
	own := &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\n\r\n")
		answerInside(tls.Server(conn, own), sign)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL, caFile
}

// answerInside answers the one request that a sign-in sends on a connection.
func answerInside(conn net.Conn, sign http.Handler) {
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return // the client does not trust the certificate
	}
	answer := httptest.NewRecorder()
	sign.ServeHTTP(answer, request)
	_ = answer.Result().Write(conn)
	_ = conn.Close()
}

// entra answers as Entra ID does, up to the token.
func entra(status int, token string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/common/discovery/instance", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"tenant_discovery_endpoint":"%s/v2.0/.well-known/openid-configuration","metadata":[]}`, authority)
	})
	mux.HandleFunc("/{tenant}/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":"%[1]s/v2.0","authorization_endpoint":"%[1]s/oauth2/v2.0/authorize","token_endpoint":"%[1]s/oauth2/v2.0/token"}`, authority)
	})
	mux.HandleFunc("/{tenant}/oauth2/v2.0/token", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, token)
	})
	return mux
}

// A proxy that inspects TLS works with one setting, for the sign-in as well, which trusts the system's CAs all the same. If the sign-in
// fails, the log says why, and nothing that Entra ID wrote.
func TestSignInThroughAProxyThatInspectsTLS(t *testing.T) {
	t.Parallel()
	const good = `{"token_type":"Bearer","expires_in":3600,"access_token":"token-1"}`
	for _, test := range []struct {
		name         string
		sign         http.Handler
		file, system bool // where its CA is: in tls.ca_file, among the system's CAs
		up, log      string
	}{
		{"its CA is in the file", entra(http.StatusOK, good), true, false, "1", ""},
		{"its CA is one of the system's, and the file has another", entra(http.StatusOK, good), false, true, "1", ""},
		{"its CA is not trusted", entra(http.StatusOK, good), false, false, "0", "unknown_authority"},
	} {
		t.Run(test.name, func(t *testing.T) {
			service := rig.NewFaceWith(t, facetest.Options{Token: "token-1"})
			service.Populate(rig.Live, 10, 1)
			proxy, caFile := newInspector(t, test.sign)
			environment := []string{"HTTPS_PROXY=" + proxy}
			if test.system {
				environment = append(environment, "SSL_CERT_FILE="+caFile)
			}
			if !test.file {
				_, caFile = newInspector(t, test.sign)
			}
			configuration := rig.Quick + "resources:\n" + rig.Resource("contoso", service.Endpoint, "entra:", "  credential: client_secret", "  cloud: public",
				"  tenant_id: 00000000-0000-0000-0000-000000000001", "  client_id: 00000000-0000-0000-0000-000000000002",
				"  client_secret_file: "+rig.Write(t, "secret", "canary-secret"), "tls: {ca_file: "+caFile+"}")
			p := start(t, nil, environment, configuration, "--log.level=debug")
			p.Listens(listening)
			body := get(t, p, "/metrics") // waits for the refresh
			rig.AllOf(t, "/metrics", body, `face_liveness_up{operation="detectLiveness",resource="contoso"} `+test.up)
			logged := stops(t, p)
			rig.AllOf(t, "the log", logged, test.log)
			rig.NoneOf(t, "the log", logged, "canary")
		})
	}
}

// For the service, the CA file takes the place of the system's CAs.
func TestACAFileReplacesTheSystemsCAs(t *testing.T) {
	t.Parallel()
	service := facetest.New(facetest.Options{})
	server := httptest.NewUnstartedServer(service)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(func() { service.Close(); server.Close() })
	system := rig.Write(t, "system.pem", rig.PEM("CERTIFICATE", server.Certificate().Raw))
	_, another := newInspector(t, http.NotFoundHandler())
	for up, more := range map[string][]string{"1": {"key: test-key"}, "0": {"key: test-key", "tls: {ca_file: " + another + "}"}} {
		p := start(t, nil, []string{"SSL_CERT_FILE=" + system}, rig.Quick+"resources:\n"+rig.Resource("contoso", server.URL, more...))
		p.Listens(listening)
		rig.AllOf(t, "/metrics", get(t, p, "/metrics"), `face_liveness_up{operation="detectLiveness",resource="contoso"} `+up)
		stops(t, p)
	}
}
