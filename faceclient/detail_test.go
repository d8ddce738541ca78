package faceclient_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"io/fs"
	"math/big"
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
	"face_liveness_exporter/faceclient/facesim"
)

// failureOf lists once with the options and gives the error.
func failureOf(t *testing.T, o options) *faceclient.Error {
	t.Helper()
	_, _, err := walkOf(t.Context(), newClient(t, o).Lister(faceclient.DetectLiveness))
	failure, ok := errors.AsType[*faceclient.Error](err)
	if !ok {
		t.Fatalf("%v is no *faceclient.Error", err)
	}
	wantSilence(t, "the error", err.Error())
	return failure
}

// fast are options of a client that gives up at once.
func fast(endpoint string) options {
	o := plainOptions()
	o.Endpoint, o.MaxRetries, o.MaxRetryWait, o.RequestTimeout = endpoint, 0, 0, 5*time.Second
	return o
}

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
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestWhyNoAnswerCame(t *testing.T) {
	through := func(proxy string) options {
		o := fast("https://contoso.cognitiveservices.azure.com")
		transport := faceclient.NewTransport(nil, 1)
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy})
		o.Transport = transport
		return o
	}
	hanging := func(o options) options {
		o.RequestTimeout = 100 * time.Millisecond
		return o
	}
	for _, test := range []struct {
		name    string
		options options
		code    string
		detail  faceclient.Detail
	}{
		{"closed port", fast("http://" + closedPort(t)), "connection", faceclient.DetailRefused},
		{"closed at once", fast("http://" + peer(t, func(net.Conn) {})), "connection", faceclient.DetailReset},
		{"another protocol", fast("http://" + peer(t, answers("220 mail.example ESMTP\r\n"))), "connection", faceclient.DetailNotHTTP},
		{"two lengths", fast("http://" + peer(t, answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]"))), "connection", faceclient.DetailNotHTTP},
		{"a chunk that is none", fast("http://" + peer(t, answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n[]"))), "connection", faceclient.DetailNotHTTP},
		{"a trailer that is too long", fast("http://" + peer(t, answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\nX: "+strings.Repeat("x", 9000)))), "connection", faceclient.DetailNotHTTP},
		{"headers without an end", fast("http://" + peer(t, endlessHeaders)), "connection", faceclient.DetailLongHeader},
		{"body cut short", fast("http://" + peer(t, func(conn net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n["))
		})), "connection", faceclient.DetailEndsEarly},
		{"no answer", hanging(fast("http://" + peer(t, answers("")))), "timeout", faceclient.DetailNoAnswer},
		{"nothing but information", hanging(fast("http://" + peer(t, answers("HTTP/1.1 103 Early Hints\r\n\r\n")))), "timeout", faceclient.DetailNoAnswer},
		{"half a header", hanging(fast("http://" + peer(t, answers("HTTP/1.1 200 OK\r\nContent-")))), "timeout", faceclient.DetailNoAnswer},
		{"no end of the answer", hanging(fast("http://" + peer(t, answers("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[")))), "timeout", faceclient.DetailSlowBody},
		{"no TLS handshake", hanging(fast("https://" + peer(t, holds))), "timeout", faceclient.DetailHandshake},
		{"no proxy there", through(closedPort(t)), "connection", faceclient.DetailProxyUnreachable},
		{"a proxy that does not answer", hanging(through(peer(t, answers("")))), "timeout", faceclient.DetailProxyUnreachable},
		{"a proxy that refuses", through(peer(t, answers("HTTP/1.1 403 Forbidden\r\n\r\n"))), "connection", faceclient.DetailProxyRefuses},
		{"a proxy that wants credentials", through(peer(t, answers("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"))), "connection", faceclient.DetailProxyCredentials},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := failureOf(t, test.options); got.Code != test.code || got.Detail != test.detail {
				t.Errorf("%s, %s; want %s, %s", got.Code, got.Detail, test.code, test.detail)
			}
		})
	}
}

// endlessHeaders answers with headers until the client leaves.
func endlessHeaders(conn net.Conn) {
	_, _ = http.ReadRequest(bufio.NewReader(conn))
	_, err := conn.Write([]byte("HTTP/1.1 200 OK\r\n"))
	for err == nil {
		_, err = conn.Write([]byte("X-More: canary\r\n"))
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
		{"network is down", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}, "connection", faceclient.DetailUnreachable},
		{"kernel gave up", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ETIMEDOUT)}, "connection", faceclient.DetailUnreachable},
		{"broken pipe", &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, "connection", faceclient.DetailReset},
		{"reset at once", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNRESET)}, "connection", faceclient.DetailReset},
		{"reset", &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, "connection", faceclient.DetailReset},
		{"a client certificate is missing", &net.OpError{Op: "remote error", Err: tls.AlertError(116)}, "tls", faceclient.DetailClientCertificate},
		{"an alert about the protocol", &net.OpError{Op: "remote error", Err: tls.AlertError(70)}, "tls", faceclient.DetailTLSProtocol},
		{"a CA file that went", faceclient.ErrTLSFiles, "tls", faceclient.DetailTLSFiles},
		{"anything", errors.New("canary"), "connection", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := fast("https://contoso.cognitiveservices.azure.com")
			o.Transport = answering(func(*http.Request) (*http.Response, error) { return nil, test.err })
			got := failureOf(t, o)
			if got.Code != test.code || got.Detail != test.detail {
				t.Errorf("%s, %s; want %s, %s", got.Code, got.Detail, test.code, test.detail)
			}
			if !errors.Is(got, test.err) {
				t.Errorf("%v does not wrap its cause", got)
			}
		})
	}
}

// certificate is one for a name that signs itself.
func certificate(t *testing.T, name string, ends time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: ends.Add(-48 * time.Hour), NotAfter: ends,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, roots
}

func TestWhyTLSIsRefused(t *testing.T) {
	tomorrow := time.Now().Add(24 * time.Hour)
	for _, test := range []struct {
		name    string
		host    string // of the certificate
		ends    time.Time
		trusted bool
		adapt   func(*tls.Config)
		want    faceclient.Detail
	}{
		{"unknown authority", "127.0.0.1", tomorrow, false, nil, faceclient.DetailUnknownAuthority},
		{"expired", "127.0.0.1", time.Now().Add(-time.Hour), true, nil, faceclient.DetailExpired},
		{"not valid yet", "127.0.0.1", time.Now().Add(96 * time.Hour), true, nil, faceclient.DetailExpired},
		{"another name", "other.example", tomorrow, true, nil, faceclient.DetailAnotherName},
		{"another address", "127.0.0.2", tomorrow, true, nil, faceclient.DetailAnotherName},
		// TLS 1.2 has no alert for it. In TLS 1.3 the client can see a reset before it sees the alert.
		{"a client certificate is missing", "127.0.0.1", tomorrow, true, func(c *tls.Config) {
			c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
		}, faceclient.DetailTLSProtocol},
		{"an old protocol", "127.0.0.1", tomorrow, true, func(c *tls.Config) {
			c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		}, faceclient.DetailTLSProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			own, roots := certificate(t, test.host, test.ends)
			config := &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}
			if test.adapt != nil {
				test.adapt(config)
			}
			server := loopback(t, 10, config)
			o := fast(server.URL)
			if test.trusted {
				o.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
			}
			if got := failureOf(t, o); got.Code != faceclient.CodeTLS || got.Detail != test.want {
				t.Errorf("%s, %s; want tls, %s", got.Code, got.Detail, test.want)
			}
		})
	}
	t.Run("no TLS", func(t *testing.T) {
		plain := httptest.NewServer(http.NotFoundHandler())
		t.Cleanup(plain.Close)
		if got := failureOf(t, fast("https"+plain.URL[len("http"):])); got.Code != faceclient.CodeTLS || got.Detail != faceclient.DetailTLSProtocol {
			t.Errorf("%s, %s", got.Code, got.Detail)
		}
	})
}

func TestWhyThereIsNoKey(t *testing.T) {
	folder := t.TempDir()
	for _, test := range []struct {
		name string
		read faceclient.Secret
		want faceclient.Detail
	}{
		{"no file", func() (string, error) {
			_, err := os.ReadFile(filepath.Join(folder, "canary"))
			return "", err
		}, faceclient.DetailKeyFileMissing},
		{"not for us", func() (string, error) { return "", fs.ErrPermission }, faceclient.DetailKeyFileUnreadable},
		{"a folder", func() (string, error) {
			_, err := os.ReadFile(folder)
			return "", err
		}, faceclient.DetailKeyFileUnreadable},
		{"empty", func() (string, error) { return "", faceclient.ErrSecretEmpty }, faceclient.DetailKeyFileEmpty},
		{"no key", func() (string, error) { return "", errors.New("canary") }, faceclient.DetailKeyFileUnusable},
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

// Several reasons share a status, and often a code.
func TestWhyTheServiceRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		body   string
		code   string
		detail faceclient.Detail
	}{
		{"wrong key", 401, `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}`, "401", faceclient.DetailKeyNotAccepted},
		{"no role", 401, `{"error":{"code":"PermissionDenied","message":"The principal lacks the required data action."}}`, "PermissionDenied", faceclient.DetailRoleMissing},
		{"token of another cloud", 401, `{"error":{"code":"Unspecified","message":"The audience is incorrect."}}`, "Unspecified", faceclient.DetailTokenAudience},
		{"no keys here", 403, `{"error":{"code":"AuthenticationTypeDisabled","message":"Key based authentication is disabled for this resource."}}`, "AuthenticationTypeDisabled", faceclient.DetailKeysDisabled},
		{"firewall", 403, `{"error":{"code":"403","message":"Access denied due to Virtual Network/Firewall rules."}}`, "403", faceclient.DetailFirewall},
		{"no public access", 403, `{"error":{"code":"403","message":"Public access is disabled. Please configure private endpoint."}}`, "403", faceclient.DetailPublicAccess},
		{"regional endpoint of a resource with rules", 403, `{"code":"403","message":"A Virtual Network is configured for this resource. Please use the correct endpoint for making requests."}`, "403", faceclient.DetailCustomSubdomain},
		{"suspended", 403, `{"error":{"code":"403","message":"The subscription is suspended."}}`, "403", faceclient.DetailResourceDisabled},
		{"not approved", 403, `{"error":{"code":"InvalidRequest","message":"No.","innererror":{"code":"UnsupportedFeature"}}}`, "InvalidRequest", faceclient.DetailLimitedAccess},
		{"token at a region", 400, `{"error":{"code":"BadRequest","message":"Please provide a custom subdomain for token authentication."}}`, "BadRequest", faceclient.DetailCustomSubdomain},
		{"version", 404, `{"error":{"code":"404","message":"No.","innererror":{"code":"UnsupportedApiVersion"}}}`, "404", faceclient.DetailAPIVersionNotOffered},
		{"start is no id", 400, `{"error":{"code":"BadArgument","message":"'start' is too long."}}`, "BadArgument", faceclient.DetailStartRefused},
		{"top", 400, `{"error":{"code":"BadArgument","message":"Top parameter is invalid. Valid range is between 1 and 1000 inclusive."}}`, "BadArgument", faceclient.DetailTopRefused},
		{"text for an error", 403, `{"error":"Access denied due to Virtual Network/Firewall rules."}`, "403", faceclient.DetailFirewall},
		{"nothing", 403, ``, "403", ""},
		{"a page of a proxy", 403, `<html>firewall</html>`, "403", ""},
		{"a code that nobody knows", 401, `{"error":{"code":"NeverHeardOf","message":"No."}}`, "NeverHeardOf", ""},
		{"one of our codes", 400, `{"error":{"code":"timeout","message":"No."}}`, "400", ""},
		{"another of our codes", 400, `{"error":{"code":"canceled","statusCode":17}}`, "17", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, 0, nil, func(t *testing.T, r *rig) {
				r.server.Fail(facesim.Status(test.status, test.body))
				_, _, err := r.walk()
				failure, ok := errors.AsType[*faceclient.Error](err)
				if !ok || failure.Code != test.code || failure.Detail != test.detail || failure.APIVersion != faceclient.DefaultAPIVersion {
					t.Errorf("%v, version %q; want %s, %s", err, failure.APIVersion, test.code, test.detail)
				}
			})
		})
	}
}

func TestAQuotaThatIsUsedUp(t *testing.T) {
	for _, test := range []struct {
		name, header, body string
		want               time.Duration
	}{
		{"error.statusCode", "", `{"error":{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 2 days."}}`, 48 * time.Hour},
		{"flat", "", `{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 2.12 days."}`, time.Duration(2.12 * 24 * float64(time.Hour))},
		{"hours, minutes, seconds", "", `{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 00:05:00."}`, 5 * time.Minute},
		{"days and hours", "", `{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 1.02:03:04.5"}`, 26*time.Hour + 3*time.Minute + 4*time.Second},
		{"hours", "", `{"error":{"code":"403","message":"Quota exceeded. Try again in 7 hours."}}`, 7 * time.Hour},
		{"seconds", "", `{"error":{"code":"403","message":"Quota exceeded. Retry after 30 seconds."}}`, 30 * time.Second},
		{"no time", "", `{"error":{"code":"403","message":"The quotas are used up."}}`, 0},
		{"text alone", "", `Out of call volume quota. Quota will be replenished in 3 days.`, 72 * time.Hour},
		{"header", "60", `{"error":{"code":"403","message":"Out of call volume quota. Quota will be replenished in 2 days."}}`, time.Minute},
		{"centuries", "", `{"statusCode":403,"message":"Quota will be replenished in 999999999 days."}`, 100 * 365 * 24 * time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, 0, nil, func(t *testing.T, r *rig) {
				r.server.Fail(facesim.Status(403, test.body).Header("Retry-After", test.header))
				failure := r.failure(faceclient.CodeQuotaExceeded, 1)
				if (failure.Wait-test.want).Abs() > time.Second || failure.Status != 403 {
					t.Errorf("status %d, wait %v; want %v", failure.Status, failure.Wait, test.want)
				}
			})
		})
	}
}
