package entra

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/net/http/httpguts"
	"golang.org/x/sync/semaphore"

	"face_liveness_exporter/faceclient"
)

const (
	authorization = "Authorization"
	// signInTimeout bounds a sign-in: retries, commands and all credentials of a chain together.
	signInTimeout = 10 * time.Second
	// tokenReserve is how long before its end a token is replaced.
	tokenReserve = 5 * time.Minute
	// minTokenUse is how long a token is used even if it ends sooner, so that not every request costs a sign-in.
	minTokenUse = 30 * time.Second
)

// Options say how to get a token.
type Options struct {
	// Kind of sign-in.
	Kind faceclient.EntraKind
	// Cloud to sign in to; CloudPublic if empty.
	Cloud faceclient.Cloud
	// TenantID and ClientID as the kind asks for them; empty takes them from the environment if the kind can.
	TenantID, ClientID string
	// Secret is the client secret of EntraClientSecret, or what the file of EntraClientCertificate holds: the certificate and
	// its private key, as PEM or PKCS#12. It is read at each sign-in. Other kinds have none.
	Secret faceclient.Secret
	// Transport sends the requests of the sign-in; see [NewTransport].
	Transport http.RoundTripper
}

// Credential is a bearer token of Entra ID. It is a [faceclient.Credential].
type Credential struct {
	options Options
	turn    *semaphore.Weighted // held by the only request that signs in, or looks whether another one has

	mu      sync.Mutex // guards what follows
	token   azcore.AccessToken
	failure error             // of the last sign-in
	ended   time.Time         // when the last sign-in ended
	used    [sha256.Size]byte // of the secret that the last sign-in used
}

// New checks the options. It asks nobody for a token.
func New(options Options) (*Credential, error) {
	if !slices.Contains(faceclient.EntraKinds(), options.Kind) {
		return nil, fmt.Errorf("unknown kind of Entra ID credential %q", options.Kind)
	}
	if options.Secret == nil && (options.Kind == faceclient.EntraClientSecret || options.Kind == faceclient.EntraClientCertificate) {
		return nil, fmt.Errorf("%s needs a secret", options.Kind)
	}
	return &Credential{options: options, turn: semaphore.NewWeighted(1)}, nil
}

// Authorize sets a token. It signs in if there is none, if the token ends within five minutes and is older than half a minute, or
// if the service has refused it. Requests that wait for the same sign-in share its token or its failure. It takes at most ten
// seconds. The error is a *faceclient.Error with CodeAuthentication, why the secret is of no use, or context.Canceled.
func (c *Credential) Authorize(ctx context.Context, header http.Header) error {
	began := time.Now()
	if err := c.turn.Acquire(ctx, 1); err != nil {
		return c.givenUp(ctx)
	}
	defer c.turn.Release(1)
	token, err := c.kept(began)
	if token == "" && err == nil {
		token, err = c.signIn(ctx)
	}
	if err != nil {
		return err
	}
	header.Set(authorization, "Bearer "+token)
	return nil
}

// kept returns the token if it is still good, or the failure of a sign-in that a request waited for that began then.
func (c *Credential) kept(began time.Time) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failure != nil && c.ended.After(began) {
		return "", c.failure
	}
	if time.Until(c.token.ExpiresOn) < tokenReserve && time.Since(c.ended) >= minTokenUse {
		return "", nil
	}
	return c.token.Token, nil
}

// signIn gets a new token. A new azidentity credential each time has no token in its cache, and reads every file anew.
func (c *Credential) signIn(ctx context.Context) (string, error) {
	secret, err := c.secret()
	if err != nil {
		return "", err
	}
	sent := &sender{transport: c.options.Transport}
	source, scope, err := newSource(c.options, secret, sent)
	switch {
	case err != nil && c.options.Secret != nil:
		return "", err
	case err != nil:
		return "", failure(c.options.Kind, faceclient.DetailNoCredential)
	}
	limited, cancel := context.WithTimeout(ctx, signInTimeout)
	defer cancel()
	request := policy.TokenRequestOptions{Scopes: []string{scope}}
	if c.options.Kind == faceclient.EntraManagedIdentity {
		request.Claims = "{}" // the managed identities of a process share a cache that only claims bypass
	}
	token, err := source.GetToken(limited, request)
	if err == nil && (token.Token == "" || !httpguts.ValidHeaderFieldValue(token.Token)) {
		token, err = azcore.AccessToken{}, errors.New("no token that can stand in a header")
	}
	if err != nil && ctx.Err() != nil {
		return "", c.givenUp(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token, c.ended, c.failure = token, time.Now(), nil
	if err != nil {
		c.failure = explained(c.options.Kind, sent.last, err)
	}
	return token.Token, c.failure
}

// secret reads the secret that a sign-in uses; "" if the kind has none.
func (c *Credential) secret() (string, error) {
	if c.options.Secret == nil {
		return "", nil
	}
	secret, err := c.options.Secret()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used = sha256.Sum256([]byte(secret))
	return secret, err
}

// givenUp tells a request whose context has ended why it has no token. If the context ended for a reason of its own, such as that
// a refresh takes too long, the sign-in is what it waited for.
func (c *Credential) givenUp(ctx context.Context) error {
	if cause := context.Cause(ctx); errors.Is(cause, context.Canceled) {
		return cause
	}
	return failure(c.options.Kind, unreachable(c.options.Kind, nil))
}

// Rejected drops the token that the service refused. The next attempt has another one.
func (c *Credential) Rejected(header http.Header) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if header.Get(authorization) == "Bearer "+c.token.Token {
		c.token = azcore.AccessToken{}
	}
	return true
}

// Changed reports whether the secret can be read and is not the one that the last sign-in used. A kind without a secret never
// changes.
func (c *Credential) Changed() bool {
	if c.options.Secret == nil {
		return false
	}
	secret, err := c.options.Secret()
	c.mu.Lock()
	defer c.mu.Unlock()
	return err == nil && sha256.Sum256([]byte(secret)) != c.used
}

// SecretHeaders names the header of the token.
func (c *Credential) SecretHeaders() []string { return []string{authorization} }
