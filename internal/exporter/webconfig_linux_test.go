package exporter_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// Whatever becomes of a file of the web configuration, users, headers and certificates go on with the last good ones, nobody
// waits for the file, and the next good one is used.
func TestWebConfigurationThatCannotBeRead(t *testing.T) {
	t.Parallel()
	const valid = "face_liveness_exporter_web_config_last_load_successful"
	become := map[string]func(path string) error{
		"broken":         func(path string) error { return os.WriteFile(path, []byte("basic_auth_users: [\n"), 0o600) },
		"gone":           func(string) error { return nil },
		"a pipe":         func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a folder":       func(path string) error { return os.Mkdir(path, 0o700) },
		"a device":       func(path string) error { return os.Symlink("/dev/zero", path) },
		"without an end": func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40)) },
	}
	for name, fault := range become {
		for file, index := range map[string]int{"web configuration": 0, "certificate": 1, "key": 2, "client CA": 3} {
			if index > 0 && name != "broken" && name != "a pipe" {
				continue // all files have one reader
			}
			t.Run(file+" "+name, func(t *testing.T) {
				t.Parallel()
				service := newFace(t, emptyService())
				certFile, keyFile, trusted := certificate(t)
				caFile := write(t, "ca.pem", fileText(t, certFile))
				webFile := write(t, "web.yaml", "tls_server_config: {cert_file: "+certFile+", key_file: "+keyFile+", client_ca_file: "+caFile+", client_auth_type: RequestClientCert}\n"+
					"http_server_config: {headers: {X-Frame-Options: deny}}\n"+users)
				path := []string{webFile, certFile, keyFile, caFile}[index]
				p := startWith(t, contoso(service, quick), "--web.config.file="+webFile)
				p.Base = strings.Replace(p.Base, "http:", "https:", 1)
				p.Client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}
				known := []string{"Authorization", basic("prometheus", "correct horse")}
				good := fileText(t, path)
				if err := errors.Join(os.Remove(path), fault(path)); err != nil {
					t.Fatal(err)
				}
				eventually(t, "the metric tells it", func() bool { return p.scrape(known...).samples[valid] == 0 })
				if got := p.get("/-/healthy"); got.status != http.StatusUnauthorized || got.header.Get("X-Frame-Options") != "deny" {
					t.Errorf("a stranger gets %d with the header %q", got.status, got.header.Get("X-Frame-Options"))
				}
				if log := p.stderr.String(); strings.Count(log, "the web configuration is broken") != 1 {
					t.Errorf("want one line:\n%s", log)
				}
				if err := errors.Join(os.RemoveAll(path), os.WriteFile(path, []byte(good), 0o600)); err != nil {
					t.Fatal(err)
				}
				eventually(t, "the metric tells that it is mended", func() bool { return p.scrape(known...).samples[valid] == 1 })
				rewrite(t, webFile, strings.ReplaceAll(fileText(t, webFile), "  prometheus:", "  grafana:"))
				eventually(t, "users have changed", func() bool {
					return p.get("/-/healthy", known...).status == http.StatusUnauthorized &&
						p.get("/-/healthy", "Authorization", basic("grafana", "correct horse")).status == http.StatusOK
				})
			})
		}
	}
}
