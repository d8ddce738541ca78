package tool_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"face_liveness_exporter/internal/launch"
)

func TestReloadFromAnotherOrigin(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	p := startWith(t, contoso(service, quick), "--web.enable-lifecycle", "--web.external-url=https://example.org/face/")
	own := p.Base
	for _, test := range []struct {
		name   string
		header []string
		status int
	}{
		{"no browser", nil, 200},
		{"a browser on the page itself", []string{"Sec-Fetch-Site", "same-origin", "Origin", own}, 200},
		{"an old browser on the page itself", []string{"Origin", own}, 200},
		{"a page at the external URL", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://example.org"}, 200},
		{"another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		{"another site in an old browser", []string{"Origin", "https://evil.example"}, 403},
		{"another port of the same host", []string{"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"}, 403},
		{"a file", []string{"Origin", "null"}, 403},
	} {
		for _, method := range []string{http.MethodPost, http.MethodPut} {
			got, err := p.request(method, "/face/-/reload", test.header...)
			if err != nil || got.status != test.status {
				t.Errorf("%s by %s: %d, %v; want %d", test.name, method, got.status, err, test.status)
			}
		}
	}
}

// Whoever reaches the exporter below a path finds everything there.
func TestPathPrefix(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	for _, test := range []struct {
		name                  string
		args                  []string
		served                string // prefix of what is served
		linked                string // prefix of what clients are told
		target, scheme, start string
	}{
		{"none", nil, "", "", "", "", "/"},
		{"external URL", []string{"--web.external-url=https://example.org/face/"}, "/face", "/face", "example.org", "https", "/face/"},
		{"a proxy that removes the path", []string{"--web.external-url=http://example.org:8080/a/b", "--web.route-prefix=/"}, "", "/a/b", "example.org:8080", "http", "/"},
		{"route prefix alone", []string{"--web.route-prefix=exporter"}, "/exporter", "/exporter", "", "", "/exporter/"},
		{"external URL without a path", []string{"--web.external-url=https://[2001:db8::1]:8443"}, "", "", "[2001:db8::1]:8443", "https", "/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := startWith(t, contoso(service, quick), append(test.args, "--web.enable-pprof")...)
			for _, path := range []string{"/", "/metrics", "/probe?resource=contoso", "/-/metrics", "/-/healthy", "/-/ready", "/debug/pprof/cmdline"} {
				if got := p.get(test.served + path); got.status != http.StatusOK {
					t.Errorf("%s%s: %d", test.served, path, got.status)
				}
			}
			page := p.get(test.served + "/").body
			for _, path := range []string{"/metrics", "/sd", "/-/ready", "/debug/pprof/"} {
				if !strings.Contains(page, `href="`+test.linked+path+`"`) {
					t.Errorf("the page has no link to %s%s", test.linked, path)
				}
			}
			got := p.get(test.served + "/sd").body
			target := test.target
			if target == "" {
				target = p.Host()
			}
			for _, part := range []string{`"targets":["` + target + `"]`, `"__metrics_path__":"` + test.linked + `/probe"`} {
				if !strings.Contains(got, part) {
					t.Errorf("/sd has no %s:\n%s", part, got)
				}
			}
			if scheme := `"__scheme__":"` + test.scheme; test.scheme != "" && !strings.Contains(got, scheme) {
				t.Errorf("/sd has no %s:\n%s", scheme, got)
			}
			p.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			if got := p.get("/"); test.start != "/" && got.header.Get("Location") != test.start {
				t.Errorf("/ leads to %q, want %q", got.header.Get("Location"), test.start)
			}
		})
	}
}

// The Host header of a stranger is repeated for every resource, so it must look like an address.
func TestDiscoveryRefusesOddHosts(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	p := startWith(t, contoso(service, quick))
	for host, status := range map[string]int{
		"exporter.example:10520": 200, "[::1]:10520": 200, "10.0.0.1": 200, "under_score": 200,
		strings.Repeat("a", 1000): 400, "a,b": 400, "a'b": 400, "a$b": 400, "<b>": 400,
	} {
		connection, err := dial(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = connection.Close() })
		fmt.Fprintf(connection, "GET /sd HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host)
		got, err := io.ReadAll(connection)
		if err != nil || !strings.HasPrefix(string(got), fmt.Sprintf("HTTP/1.1 %d ", status)) {
			t.Errorf("Host %.20q: %v, %.20q, want %d", host, err, got, status)
		}
	}
}

func TestHealthListener(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	p := startWith(t, contoso(service, quick), "--web.health-listen-address="+address, "--web.config.file="+write(t, "web.yaml", users))
	if got := p.get("/-/healthy"); got.status != http.StatusUnauthorized {
		t.Errorf("the main listener: %d", got.status)
	}
	p.Base = "http://" + address
	launch.Eventually(t, "ready", func() bool { return p.get("/-/ready").status == http.StatusOK })
	for path, status := range map[string]int{"/-/healthy": 200, "/": 404, "/metrics": 404, "/sd": 404, "/probe?resource=contoso": 404, "/debug/pprof/": 404} {
		if got := p.get(path); got.status != status {
			t.Errorf("%s: %d, want %d", path, got.status, status)
		}
	}
	if got, err := p.request(http.MethodPost, "/-/reload"); err != nil || got.status != http.StatusNotFound {
		t.Errorf("reload: %d, %v", got.status, err)
	}
}

// A wrong web configuration is refused at start and by --config.check, without what may be a password.
func TestWebConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	file := "--config.file=" + write(t, "exporter.yaml", contoso(service, quick))
	refused := func(t *testing.T, arguments ...string) {
		t.Helper()
		got := runToEnd(t, append(arguments, file), nil)
		if got.code != 1 || !strings.Contains(got.stderr, "--web.config.file") {
			t.Errorf("%q: exit code %d, want 1 and why:\n%s", arguments, got.code, got.stderr)
		}
		noneOf(t, "stderr", got.stderr, "secretpassword", "secretpw")
	}
	for name, web := range map[string]string{
		"not there":                  filepath.Join(t.TempDir(), "absent.yaml"),
		"unknown field":              write(t, "web.yaml", "basic_auth_user: {}\n"),
		"no bcrypt":                  write(t, "web.yaml", "basic_auth_users: {me: secretpassword}\n"),
		"a value in the wrong place": write(t, "web.yaml", "basic_auth_users: secretpw\n"),
		"no certificate":             write(t, "web.yaml", "tls_server_config: {cert_file: absent.pem, key_file: absent.pem}\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, "--web.config.file="+web)
			refused(t, "--web.config.file="+web, "--config.check")
		})
	}
	if got := runToEnd(t, []string{"--config.check", file, "--web.config.file=" + write(t, "web.yaml", users)}, nil); got.code != 0 {
		t.Errorf("a good one: exit code %d\n%s", got.code, got.stderr)
	}
}

// The demo is reached from this machine alone, and its last line at start is where to look.
func TestDemoSaysWhereToLook(t *testing.T) {
	t.Parallel()
	p := start(t, []string{"--demo"}, nil)
	launch.Eventually(t, "the URL", func() bool { return strings.Contains(p.stderr.String(), "Open the status page") })
	_, after, _ := strings.Cut(p.stderr.String(), "Open the status page")
	_, address, _ := strings.Cut(after, "url=")
	address, _, _ = strings.Cut(address, "\n")
	page, err := url.Parse(address)
	if err != nil || page.Hostname() != "localhost" || "127.0.0.1:"+page.Port() != p.Host() || page.Path != "/" {
		t.Errorf("the URL is %q", address)
	}
}
