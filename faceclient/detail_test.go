package faceclient_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facetest"
)

// peer is a server on loopback that does with each connection what it likes. It gives its address.
func peer(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-served
	})
	return listener.Addr().String()
}

// answers reads a request and sends the same bytes to each, and then waits for the client to leave.
func answers(answer string) func(net.Conn) {
	return func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			return
		}
		_, _ = conn.Write([]byte(answer))
		_, _ = conn.Read(make([]byte, 1))
	}
}

// holds sends nothing for as long as the client stays.
func holds(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// closedPort is an address at which nobody listens.
const closedPort = "127.0.0.1:1"

func TestWhyNoAnswerCame(t *testing.T) {
	through := func(proxy string) options {
		o := fast("https://contoso.cognitiveservices.azure.com")
		transport := faceclient.NewTransport(nil, 1)
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy})
		o.Transport = transport
		return o
	}
	hanging := func(o options) options {
		o.RequestTimeout = time.Second
		return o
	}
	plain := func(bytes string) options { return fast("http://" + peer(t, answers(bytes))) }
	for _, test := range []struct {
		name    string
		options options
		code    string
		detail  faceclient.Detail
	}{
		{"nothing listens", fast("http://" + closedPort), "connection", faceclient.DetailRefused},
		{"closed at once", fast("http://" + peer(t, func(net.Conn) {})), "connection", faceclient.DetailReset},
		{"another protocol", plain("220 mail.example ESMTP\r\n"), "connection", ""},
		{"two lengths", plain("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]"), "connection", ""},
		{"another protocol from now on", plain("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"), "101", ""},
		{"no answer", hanging(plain("")), "timeout", ""},
		{"half a header", hanging(plain("HTTP/1.1 200 OK\r\nContent-")), "timeout", ""},
		{"no end of the answer", hanging(plain("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[")), "timeout", ""},
		{"no end of an error", hanging(plain("HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\n{")), "403", ""},
		{"headers without an end", fast("http://" + peer(t, endless("HTTP/1.1 200 OK\r\n", "X-More: canary\r\n"))), "connection", ""},
		{"information without an end", fast("http://" + peer(t, endless("", "HTTP/1.1 103 Early Hints\r\nLink: <canary>\r\n\r\n"))), "connection", ""},
		{"no TLS handshake", hanging(fast("https://" + peer(t, holds))), "timeout", ""},
		{"no proxy there", through(closedPort), "connection", faceclient.DetailProxyUnreachable},
		{"a proxy that does not answer", hanging(through(peer(t, answers("")))), "timeout", ""},
		{"a proxy that refuses", through(peer(t, answers("HTTP/1.1 403 Forbidden\r\n\r\n"))), "connection", faceclient.DetailProxyRefuses},
		{"a proxy that wants credentials", through(peer(t, answers("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"))), "connection", faceclient.DetailProxyRefuses},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := failureOf(t, test.options); got.Code != test.code || got.Detail != test.detail {
				t.Errorf("%s, %s; want %s, %s", got.Code, got.Detail, test.code, test.detail)
			}
		})
	}
}

// endless answers with something, and then again and again with the same, until the client leaves.
func endless(first, again string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, err := conn.Write([]byte(first))
		for err == nil {
			_, err = conn.Write([]byte(strings.Repeat(again, 100)))
		}
	}
}

// What only a network can do is made up.
func TestWhyNoConnectionCameAbout(t *testing.T) {
	for _, test := range []struct {
		name   string
		err    error
		code   string
		detail faceclient.Detail
	}{
		{"name not found", &net.OpError{Op: "dial", Err: &net.DNSError{Name: "canary", IsNotFound: true}}, "connection", faceclient.DetailNameNotResolved},
		{"name server does not answer", &net.OpError{Op: "dial", Err: &net.DNSError{Name: "canary", IsTimeout: true}}, "connection", faceclient.DetailNameNotResolved},
		{"no route", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}, "connection", faceclient.DetailUnreachable},
		{"broken pipe", &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, "connection", faceclient.DetailReset},
		{"reset at once", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNRESET)}, "connection", faceclient.DetailReset},
		{"a SOCKS proxy that refuses", &net.OpError{Op: "socks connect", Err: errors.New("canary")}, "connection", faceclient.DetailProxyRefuses},
		{"a client certificate is missing", &net.OpError{Op: "remote error", Err: tls.AlertError(116)}, "tls", faceclient.DetailTLSProtocol},
		{"an alert of ours", &net.OpError{Op: "local error", Err: tls.AlertError(40)}, "tls", faceclient.DetailTLSProtocol},
		{"a certificate for another use", &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}}, "tls", ""},
		{"a CA file that went", faceclient.ErrTLSFiles, "tls", faceclient.DetailTLSFiles},
		{"anything", errors.New("canary"), "connection", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := fast("https://contoso.cognitiveservices.azure.com")
			o.Transport = answering(func(*http.Request) (*http.Response, error) { return nil, test.err })
			got := failureOf(t, o)
			if got.Code != test.code || got.Detail != test.detail || faceclient.TransportDetail(test.err) != test.detail {
				t.Errorf("%s, %s; want %s, %s", got.Code, got.Detail, test.code, test.detail)
			}
			if !errors.Is(got, test.err) {
				t.Errorf("%v does not wrap its cause", got)
			}
		})
	}
}

func TestWhyTLSIsRefused(t *testing.T) {
	for _, test := range []struct {
		name    string
		service func(*tls.Config)
		client  func(*tls.Config)
		want    faceclient.Detail
	}{
		{"unknown authority", nil, func(c *tls.Config) { c.RootCAs = x509.NewCertPool() }, faceclient.DetailUnknownAuthority},
		{"another name", nil, func(c *tls.Config) { c.ServerName = "other.test" }, faceclient.DetailAnotherName},
		{"expired", nil, func(c *tls.Config) { c.Time = func() time.Time { return time.Now().AddDate(100, 0, 0) } }, faceclient.DetailExpired},
		{"not valid yet", nil, func(c *tls.Config) { c.Time = func() time.Time { return time.Time{}.AddDate(1900, 0, 0) } }, faceclient.DetailExpired},
		// TLS 1.2 has no alert for it. In TLS 1.3 the client can see a reset before it sees the alert.
		{"a client certificate is missing", func(c *tls.Config) { c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12 }, nil, faceclient.DetailTLSProtocol},
		{"an old protocol", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, nil, faceclient.DetailTLSProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := &tls.Config{MinVersion: tls.VersionTLS12}
			if test.service != nil {
				test.service(config)
			}
			_, server := loopback(t, config)
			trusted := trusting(server)
			if test.client != nil {
				test.client(trusted)
			}
			o := fast(server.URL)
			o.Transport = faceclient.NewTransport(trusted, 4)
			if got := failureOf(t, o); got.Code != faceclient.CodeTLS || got.Detail != test.want {
				t.Errorf("%s, %s; want tls, %s", got.Code, got.Detail, test.want)
			}
		})
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	if got := failureOf(t, fast("https"+plain.URL[len("http"):])); got.Code != faceclient.CodeTLS || got.Detail != faceclient.DetailTLSProtocol {
		t.Errorf("no TLS: %s, %s", got.Code, got.Detail)
	}
}

func TestWhyThereIsNoKey(t *testing.T) {
	folder := t.TempDir()
	reading := func(path string) faceclient.Secret {
		return func() (string, error) {
			_, err := os.ReadFile(path)
			return "", err
		}
	}
	failing := func(err error) faceclient.Secret { return func() (string, error) { return "", err } }
	for _, test := range []struct {
		name string
		read faceclient.Secret
		want faceclient.Detail
	}{
		{"no file", reading(filepath.Join(folder, "canary")), faceclient.DetailKeyFileMissing},
		{"not for us", failing(fs.ErrPermission), faceclient.DetailKeyFileUnreadable},
		{"a folder", reading(folder), faceclient.DetailKeyFileUnreadable},
		{"no key", failing(errors.New("canary")), faceclient.DetailKeyFileUnusable},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := fast("https://contoso.cognitiveservices.azure.com")
			o.Credential = faceclient.NewKeyCredential(test.read)
			if got := failureOf(t, o); got.Code != faceclient.CodeAuthentication || got.Detail != test.want {
				t.Errorf("%s, %s; want authentication, %s", got.Code, got.Detail, test.want)
			}
		})
	}
}

// Several reasons share a status, and often a code. A code is a word or three digits, and none of ours.
func TestWhyTheServiceRefuses(t *testing.T) {
	for _, test := range []struct {
		name         string
		status       int
		header, body string
		code         string
		detail       faceclient.Detail
		wait         time.Duration
	}{
		{"wrong key", 401, "", `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}`, "401", "", 0},
		{"no role", 401, "", `{"error":{"code":"PermissionDenied","message":"The principal lacks the required data action."}}`, "PermissionDenied", faceclient.DetailRoleMissing, 0},
		{"no keys here", 403, "", `{"error":{"code":"AuthenticationTypeDisabled","message":"Key based authentication is disabled for this resource."}}`, "AuthenticationTypeDisabled", "", 0},
		{"firewall", 403, "", `{"error":{"code":"403","message":"Access denied due to Virtual Network/Firewall rules."}}`, "403", faceclient.DetailNetworkRules, 0},
		{"no public access", 403, "", `{"error":{"code":"403","message":"Public access is disabled. Please configure private endpoint."}}`, "403", faceclient.DetailNetworkRules, 0},
		{"regional endpoint of a resource with rules", 403, "", `{"code":"403","message":"A Virtual Network is configured for this resource. Please use the correct endpoint for making requests."}`, "403", faceclient.DetailCustomSubdomain, 0},
		{"token at a region", 400, "", `{"error":{"code":"BadRequest","message":"Please provide a custom subdomain for token authentication."}}`, "BadRequest", faceclient.DetailCustomSubdomain, 0},
		{"version", 404, "", `{"error":{"code":"404","message":"No.","innererror":{"code":"UnsupportedApiVersion"}}}`, "404", faceclient.DetailAPIVersionNotOffered, 0},
		{"text for an error", 403, "", `{"error":"Access denied due to Virtual Network/Firewall rules."}`, "403", faceclient.DetailNetworkRules, 0},
		{"a page of a proxy", 403, "", `<html>firewall</html>`, "403", "", 0},
		{"one of our codes", 400, "timeout", `{"error":{"code":"canceled","statusCode":417}}`, "417", "", 0},

		{"quota, error.statusCode", 403, "", `{"error":{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 2 days."}}`, faceclient.CodeQuotaExceeded, "", 48 * time.Hour},
		{"quota, flat", 403, "", `{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 2.12 days."}`, faceclient.CodeQuotaExceeded, "", 183_168 * time.Second},
		{"quota, hours and minutes", 403, "", `{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 00:05:00."}`, faceclient.CodeQuotaExceeded, "", 5 * time.Minute},
		{"quota, days and hours", 403, "", `{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 1.02:03:04.5"}`, faceclient.CodeQuotaExceeded, "", 93_784 * time.Second},
		{"quota, no time", 403, "", `{"error":{"code":"403","message":"The quotas are used up."}}`, faceclient.CodeQuotaExceeded, "", 0},
		{"quota, text alone", 403, "", `Out of call volume quota. Quota will be replenished in 3 days.`, faceclient.CodeQuotaExceeded, "", 72 * time.Hour},
		{"quota, centuries", 403, "", `{"statusCode":403,"message":"Quota will be replenished in 999999999 days."}`, faceclient.CodeQuotaExceeded, "", 100 * 365 * 24 * time.Hour},

		{"header first", 418, "FromHeader", `{"error":{"code":"FromBody","statusCode":3},"statusCode":4}`, "FromHeader", "", 0},
		{"body's code", 418, "", `{"error":{"code":"FromBody","statusCode":399},"statusCode":499}`, "FromBody", "", 0},
		{"error.statusCode", 418, "", `{"error":{"statusCode":399},"statusCode":499}`, "399", "", 0},
		{"flat statusCode beside an error that is text", 418, "", `{"error":"no","statusCode":499}`, "499", "", 0},
		{"no word", 418, "not a code", `{"error":{"code":"FromBody1"}}`, "418", "", 0},
		{"no three digits", 418, "", `{"error":{"code":17,"statusCode":1e3},"statusCode":-99}`, "418", "", 0},
		{"too long", 418, "", `{"error":{"code":"` + strings.Repeat("x", 65) + `"}}`, "418", "", 0},
		{"just not too long", 418, "", `{"error":{"code":"` + strings.Repeat("x", 64) + `"}}`, strings.Repeat("x", 64), "", 0},
		{"a session's id", 418, "2c6f1a0e-77d5-4f0b-9a64-0d3c1f5b8e21", `[]`, "418", "", 0},
		{"a part of the key", 418, "secretkey", `null`, "418", "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, 0, func(o *options) {
				o.Credential = faceclient.NewKeyCredential(faceclient.StaticSecret("my-secretkey"))
			}, func(t *testing.T, r *rig) {
				r.server.Fail(facetest.Status(test.status, test.body).Header("x-ms-error-code", test.header))
				failure := r.failure(test.code, 1)
				if failure.Status != test.status || failure.Detail != test.detail || (failure.Wait-test.wait).Abs() > time.Second ||
					failure.APIVersion != faceclient.DefaultAPIVersion {
					t.Errorf("%v, wait %v, version %q; want %s, wait %v", failure, failure.Wait, failure.APIVersion, test.detail, test.wait)
				}
				if refusesStart := (test.status == 400 || test.status == 404) && test.detail == ""; faceclient.RefusesStart(failure) != refusesStart {
					t.Errorf("refuses the start: %t", !refusesStart)
				}
			})
		})
	}
}
