package tool_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
)

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// certificate makes a certificate for 127.0.0.1 that signs itself, with its key, as files.
func certificate(t *testing.T) (certFile, keyFile string, trusted *x509.CertPool) {
	t.Helper()
	own, text := ownCA(t)
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	trusted = x509.NewCertPool()
	trusted.AppendCertsFromPEM([]byte(text))
	return write(t, "cert.pem", text), write(t, "key.pem", pemOf("PRIVATE KEY", key)), trusted
}

// users has the user prometheus with the password "correct horse".
const users = "basic_auth_users:\n  prometheus: $2a$04$HsyHpq.ye83nm5veSHwQ3eDV/uzKx4nbZS5PTnn08Q55jNgO8Qx9.\n"

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestStrangersAreKeptOut(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	p := startWith(t, contoso(service, quick+"refresh: {on_start: false}\n"), "--web.enable-pprof",
		"--web.config.file="+write(t, "web.yaml", users))
	paths := []string{"/", "/metrics", "/-/healthy", "/-/ready", "/debug/pprof/", "/unknown"}
	for _, path := range paths {
		for name, header := range map[string][]string{
			"a stranger":           nil,
			"another user":         {"Authorization", basic("grafana", "correct horse")},
			"the wrong password":   {"Authorization", basic("prometheus", "wrong horse")},
			"a token for password": {"Authorization", "Bearer correct horse"},
		} {
			if got := p.get(path, header...); got.status != http.StatusUnauthorized || strings.Contains(got.body, "face_liveness") {
				t.Errorf("GET %s as %s: %d, want 401\n%s", path, name, got.status, got.body)
			}
		}
	}
	if requests := service.requests(); requests != 0 {
		t.Errorf("strangers caused %d requests", requests)
	}
	p.scrape("Authorization", basic("prometheus", "correct horse")).want(t, of("up", "contoso", live), 1)
}

func TestServesTLS(t *testing.T) {
	t.Parallel()
	certFile, keyFile, trusted := certificate(t)
	service := newFace(t, emptyService())
	service.Populate(live, 10, 1)
	p := startWith(t, contoso(service, quick), "--web.config.file="+write(t, "web.yaml",
		"tls_server_config: {cert_file: "+certFile+", key_file: "+keyFile+"}\n"+users))
	if got, err := p.request(http.MethodGet, "/metrics", "Authorization", basic("prometheus", "correct horse")); err == nil && got.status == http.StatusOK {
		t.Errorf("answers without TLS: %d", got.status)
	}
	p.Base = strings.Replace(p.Base, "http:", "https:", 1)
	if _, err := p.request(http.MethodGet, "/metrics"); err == nil {
		t.Error("a certificate that nobody vouches for was trusted")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	p.Client.Transport = transport
	if got := p.get("/metrics"); got.status != http.StatusUnauthorized {
		t.Errorf("a stranger over TLS: %d, want 401", got.status)
	}
	p.scrape("Authorization", basic("prometheus", "correct horse")).exact(t, service, "contoso", live)
}
