package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/rig"
)

const authority = "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000001"

// newInspector starts a proxy that inspects TLS, as in many companies: it has a certificate of its own CA for the sign-in of Entra ID,
// which it answers.
func newInspector(t *testing.T) (address, caFile string) {
	t.Helper()
	certificate, ca := rig.Certificate(t, "login.microsoftonline.com")
	own := &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
	sign := entra()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		plain, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer plain.Close()
		fmt.Fprint(plain, "HTTP/1.1 200 OK\r\n\r\n")
		conn := tls.Server(plain, own)
		request, err := http.ReadRequest(bufio.NewReader(conn)) // a sign-in sends one
		if err != nil {
			return // the client does not trust the certificate
		}
		answer := httptest.NewRecorder()
		sign.ServeHTTP(answer, request)
		_ = answer.Result().Write(conn)
		_ = conn.Close()
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL, rig.Write(t, "proxy-ca.pem", ca)
}

// anotherCA is a CA file that nobody's certificate is signed by.
func anotherCA(t *testing.T) (caFile string) {
	t.Helper()
	_, ca := rig.Certificate(t, "another.example")
	return rig.Write(t, "another-ca.pem", ca)
}

// entra answers as Entra ID does, up to the token.
func entra() http.Handler {
	mux := http.NewServeMux()
	for path, answer := range map[string]string{
		"/common/discovery/instance": `{"tenant_discovery_endpoint":"` + authority + `/v2.0/.well-known/openid-configuration","metadata":[]}`,
		"/{tenant}/v2.0/.well-known/openid-configuration": `{"issuer":"` + authority + `/v2.0","authorization_endpoint":"` + authority +
			`/oauth2/v2.0/authorize","token_endpoint":"` + authority + `/oauth2/v2.0/token"}`,
		"/{tenant}/oauth2/v2.0/token": `{"token_type":"Bearer","expires_in":3600,"access_token":"token-1"}`,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) })
	}
	return mux
}

// A proxy that inspects TLS works with one setting, for the sign-in as well, which trusts the system's CAs all the same. If the sign-in
// fails, the log says why, and nothing of the secret.
func TestSignInThroughAProxyThatInspectsTLS(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		file, system bool // where its CA is: in tls.ca_file, among the system's CAs
		up, log      string
	}{
		{"its CA is in the file", true, false, "1", ""},
		{"its CA is one of the system's, and the file has another", false, true, "1", ""},
		{"its CA is not trusted", false, false, "0", "unknown_authority"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			service := rig.NewFaceWith(t, facetest.Options{Token: "token-1"})
			service.Populate(rig.Live, 10, 1)
			proxy, caFile := newInspector(t)
			environment := []string{"HTTPS_PROXY=" + proxy}
			if test.system {
				environment = append(environment, "SSL_CERT_FILE="+caFile)
			}
			if !test.file {
				caFile = anotherCA(t)
			}
			configuration := rig.Quick + "resources:\n" + rig.Resource("contoso", service.Endpoint, "entra:", "  credential: client_secret", "  cloud: public",
				"  tenant_id: 00000000-0000-0000-0000-000000000001", "  client_id: 00000000-0000-0000-0000-000000000002",
				"  client_secret_file: "+rig.Write(t, "secret", "canary-secret"), "tls: {ca_file: "+caFile+"}")
			logged := shows(t, environment, configuration, test.up)
			rig.AllOf(t, "the log", logged, test.log)
			rig.NoneOf(t, "the log", logged, "canary")
		})
	}
}

// shows runs the program, which must show whether contoso is up, and gives the log.
func shows(t *testing.T, environment []string, configuration, up string) (log string) {
	t.Helper()
	p := start(t, nil, environment, configuration, "--log.level=debug")
	p.Listens(listening)
	rig.AllOf(t, "/metrics", get(t, p, "/metrics"), `face_liveness_up{operation="detectLiveness",resource="contoso"} `+up) // waits for the refresh
	return stops(t, p)
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
	for up, more := range map[string][]string{"1": {"key: test-key"}, "0": {"key: test-key", "tls: {ca_file: " + anotherCA(t) + "}"}} {
		shows(t, []string{"SSL_CERT_FILE=" + system}, rig.Quick+"resources:\n"+rig.Resource("contoso", server.URL, more...), up)
	}
}
