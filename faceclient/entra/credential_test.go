package entra_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/entra"
)

// All who wait for a sign-in have its token, or fail with it instead of one after the other. Who comes later tries again.
func TestASignInIsSharedByAllWhoWait(t *testing.T) {
	for code, answers := range map[string]sending{"": newDirectory().RoundTrip, faceclient.CodeAuthentication: refused} {
		synctest.Test(t, func(t *testing.T) {
			asked, requests := make(chan struct{}), 0
			credential := newCredential(t, faceclient.EntraClientSecret, sending(func(request *http.Request) (*http.Response, error) {
				<-asked
				requests++
				return answers(request)
			}))
			var waiting sync.WaitGroup
			for range 16 {
				waiting.Go(func() {
					if err := credential.Authorize(t.Context(), http.Header{}); faceclient.Code(err) != code {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
			left, leave := context.WithCancel(t.Context())
			leave()
			if err := credential.Authorize(left, http.Header{}); !errors.Is(err, context.Canceled) {
				t.Errorf("who has left gets %v", err)
			}
			close(asked)
			waiting.Wait()
			once := requests
			if _ = credential.Authorize(t.Context(), http.Header{}); once > 4 || (requests > once) != (code != "") {
				t.Errorf("%d requests for all, and then %d", once, requests-once)
			}
		})
	}
}

// A token that ends soon is replaced, but one that ends at once does not cost a sign-in for each request.
func TestATokenIsReplacedBeforeItEnds(t *testing.T) {
	for life, want := range map[time.Duration][3]int{ // tokens after no time, a second and half a minute
		time.Second: {1, 1, 2}, 4 * time.Minute: {1, 1, 2}, time.Hour: {1, 1, 1},
	} {
		t.Run(life.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sign := newDirectory()
				sign.life = life
				credential := newCredential(t, faceclient.EntraManagedIdentity, sign)
				for i, wait := range []time.Duration{0, time.Second, 29 * time.Second} {
					<-time.After(wait)
					authorized(t, credential)
					if n := len(sign.issued); n != want[i] {
						t.Errorf("request %d: %d tokens, want %d", i+1, n, want[i])
					}
				}
			})
		})
	}
}

// A token that the service refuses is renewed, whatever keeps it. A refusal of it that comes late does not count for the new one.
func TestATokenThatIsRefusedIsRenewed(t *testing.T) {
	for _, kind := range []faceclient.EntraKind{faceclient.EntraClientSecret, faceclient.EntraManagedIdentity} {
		t.Run(string(kind), func(t *testing.T) {
			sign := newDirectory()
			credential := newCredential(t, kind, sign)
			first := http.Header{}
			if err := credential.Authorize(t.Context(), first); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if !credential.Rejected(first) {
					t.Error("there is no other token to try")
				}
				if token := authorized(t, credential); token != "token-2" {
					t.Errorf("%s, want token-2", token)
				}
			}
		})
	}
}

// What proves who the exporter is may be rotated: the next sign-in uses it.
func TestARotatedSecretIsUsedByTheNextSignIn(t *testing.T) {
	t.Run("client secret", func(t *testing.T) {
		sign, secret := newDirectory(), "client-secret"
		credential := newCredential(t, faceclient.EntraClientSecret, sign, func(o *entra.Options) {
			o.Secret = func() (string, error) { return secret, nil }
		})
		if !credential.Changed() {
			t.Error("not changed before the first sign-in")
		}
		spend(t, credential)
		secret = "rotated"
		if !credential.Changed() {
			t.Error("the secret has not changed")
		}
		if failed := failure(t, credential); failed.AADSTS != 7000215 || credential.Changed() {
			t.Errorf("%v, changed %t", failed, credential.Changed())
		}
		sign.secret = "rotated"
		if token := authorized(t, credential); token != "token-2" {
			t.Error(token)
		}
	})
	t.Run("certificate", func(t *testing.T) {
		sign, content := newDirectory(), certificate(t)
		credential := newCredential(t, faceclient.EntraClientCertificate, sign, func(o *entra.Options) {
			o.Secret = func() (string, error) { return content, nil }
		})
		spend(t, credential)
		content = certificate(t)
		if !credential.Changed() {
			t.Error("the certificate has not changed")
		}
		spend(t, credential)
		thumbprint := func(issued string) string { return strings.Split(strings.Fields(issued)[1], ".")[0] }
		if thumbprint(sign.issued[0]) == thumbprint(sign.issued[1]) {
			t.Error("signed by the old certificate")
		}
		content = "canary"
		if err := credential.Authorize(t.Context(), http.Header{}); err == nil || credential.Changed() {
			t.Errorf("%v, changed %t", err, credential.Changed())
		}
	})
	t.Run("federated token", func(t *testing.T) {
		sign, file := newDirectory(), filepath.Join(t.TempDir(), "token")
		for name, value := range map[string]string{"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": client, "AZURE_FEDERATED_TOKEN_FILE": file} {
			t.Setenv(name, value)
		}
		credential := newCredential(t, faceclient.EntraWorkloadIdentity, sign)
		for i, token := range []string{"one", "two"} {
			if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
				t.Fatal(err)
			}
			spend(t, credential)
			if got := strings.Fields(sign.issued[i])[1]; got != token {
				t.Errorf("signed in with %s, want %s", got, token)
			}
		}
		if credential.Changed() {
			t.Error("a secret that the exporter does not know has changed")
		}
	})
}

// certificate is the content of a file with a new certificate and its key.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func TestTheScopeIsThatOfTheCloud(t *testing.T) {
	for cloud, want := range map[faceclient.Cloud]string{
		"": "https://cognitiveservices.azure.com/.default", faceclient.CloudPublic: "https://cognitiveservices.azure.com/.default",
		faceclient.CloudUSGovernment: "https://cognitiveservices.azure.us/.default", faceclient.CloudChina: "https://cognitiveservices.azure.cn/.default",
	} {
		t.Run(string(cloud), func(t *testing.T) {
			sign := newDirectory()
			authorized(t, newCredential(t, faceclient.EntraClientSecret, sign, func(o *entra.Options) { o.Cloud = cloud }))
			if got := strings.Fields(sign.issued[0])[0]; got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	for _, options := range []entra.Options{
		{}, {Kind: "password"}, {Kind: faceclient.EntraClientSecret}, {Kind: faceclient.EntraClientCertificate},
	} {
		if _, err := entra.New(options); err == nil {
			t.Errorf("%+v is taken", options)
		}
	}
}
