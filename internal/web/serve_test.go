package web_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"face_liveness_exporter/internal/rig"
)

// users has the user prometheus with the password "correct horse".
const users = "basic_auth_users:\n  prometheus: $2a$04$HsyHpq.ye83nm5veSHwQ3eDV/uzKx4nbZS5PTnn08Q55jNgO8Qx9.\n"

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// secure writes a certificate for 127.0.0.1 that signs itself, and gives the web configuration and who trusts it.
func secure(t *testing.T) (configuration string, trusted *x509.CertPool) {
	t.Helper()
	certificate, ca := rig.Certificate(t, "exporter.example")
	private, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	trusted = x509.NewCertPool()
	trusted.AppendCertsFromPEM([]byte(ca))
	certFile, keyFile := rig.Write(t, "cert.pem", ca), rig.Write(t, "key.pem", rig.PEM("PRIVATE KEY", private))
	return "tls_server_config: {cert_file: " + certFile + ", key_file: " + keyFile + "}\n", trusted
}

// With TLS and users, two listeners answer those who know a password, and the health listener everybody.
func TestStrangersAreKeptOut(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	configuration, trusted := secure(t)
	p := rig.StartWith(t, service.Contoso(rig.Quick+"refresh: {on_start: false}\n"), "--web.enable-pprof", "--web.listen-address=127.0.0.1:0",
		"--web.health-listen-address=127.0.0.1:0", "--web.config.file="+rig.Write(t, "web.yaml", configuration+users))
	if got := p.Get("/metrics"); got.Status != http.StatusBadRequest {
		t.Errorf("answers without TLS: %d", got.Status)
	}
	p.Base = "https://" + p.Host()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	p.Client.Transport = transport
	for _, path := range []string{"/", "/metrics", "/sd", "/-/healthy", "/debug/pprof/", "/unknown"} {
		for name, header := range map[string][]string{
			"a stranger":         nil,
			"the wrong password": {"Authorization", basic("prometheus", "wrong horse")},
			"another user":       {"Authorization", basic("grafana", "correct horse")},
		} {
			if got := p.Get(path, header...); got.Status != http.StatusUnauthorized || strings.Contains(got.Body, "face_liveness") {
				t.Errorf("GET %s as %s: %d, want 401\n%s", path, name, got.Status, got.Body)
			}
		}
	}
	if asked := service.Asked(); asked != 0 {
		t.Errorf("strangers caused %d requests", asked)
	}
	p.Scrape("Authorization", basic("prometheus", "correct horse")).Want(t, rig.Of("up", "contoso", rig.Live), 1)

	p.Base = "http://" + regexp.MustCompile(`only the health endpoints" address=(\S+)`).FindStringSubmatch(p.Log())[1]
	for path, status := range map[string]int{"/-/healthy": 200, "/-/ready": 200, "/": 404, "/metrics": 404, "/sd": 404, "/debug/pprof/": 404} {
		if got := p.Get(path); got.Status != status {
			t.Errorf("%s of the health listener: %d, want %d", path, got.Status, status)
		}
	}
}

// A wrong web configuration is refused at start and by --config.check, without what may be a password.
func TestWebConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	file := "--config.file=" + rig.Write(t, "exporter.yaml", service.Contoso(rig.Quick))
	for name, web := range map[string]string{
		"not there":                  filepath.Join(t.TempDir(), "absent.yaml"),
		"no bcrypt":                  rig.Write(t, "web.yaml", "basic_auth_users: {me: secretpw}\n"),
		"a value in the wrong place": rig.Write(t, "web.yaml", "basic_auth_users: secretpw\n"),
		"no certificate":             rig.Write(t, "web.yaml", "tls_server_config: {cert_file: absent.pem, key_file: absent.pem}\n"),
	} {
		for _, task := range []string{"--no-demo", "--config.check"} {
			code, _, stderr := rig.RunToEnd(t, []string{file, "--web.config.file=" + web, task}, nil)
			if code != 1 {
				t.Errorf("%s, %s: exit code %d", name, task, code)
			}
			rig.AllOf(t, name, stderr, "--web.config.file")
			rig.NoneOf(t, name, stderr, "secretpw")
		}
	}
	if code, _, stderr := rig.RunToEnd(t, []string{"--config.check", file, "--web.config.file=" + rig.Write(t, "web.yaml", users)}, nil); code != 0 {
		t.Errorf("a good one: exit code %d\n%s", code, stderr)
	}
}
