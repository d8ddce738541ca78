package faceclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"golang.org/x/sync/semaphore"
)

// Cloud is one of the separate clouds that Azure runs; each has its own sign-in and its own scope.
type Cloud string

// The clouds that Face is offered in.
const (
	CloudPublic       Cloud = "public"
	CloudUSGovernment Cloud = "us_government"
	CloudChina        Cloud = "china"
)

// Clouds are all clouds that Face is offered in.
func Clouds() []Cloud { return []Cloud{CloudPublic, CloudUSGovernment, CloudChina} }

// scope is what a token must be good for.
func (c Cloud) scope() string {
	switch c {
	case CloudUSGovernment:
		return "https://cognitiveservices.azure.us/.default"
	case CloudChina:
		return "https://cognitiveservices.azure.cn/.default"
	}
	return "https://cognitiveservices.azure.com/.default"
}

// configuration is where to sign in. In the public cloud it stays empty, so that AZURE_AUTHORITY_HOST counts.
func (c Cloud) configuration() cloud.Configuration {
	switch c {
	case CloudUSGovernment:
		return cloud.AzureGovernment
	case CloudChina:
		return cloud.AzureChina
	}
	return cloud.Configuration{}
}

// EntraKind is how the exporter itself signs in to Entra ID.
type EntraKind string

// The kinds of sign-in, named as in azidentity.
const (
	EntraDefault          EntraKind = "default"
	EntraManagedIdentity  EntraKind = "managed_identity"
	EntraWorkloadIdentity EntraKind = "workload_identity"
	EntraClientSecret     EntraKind = "client_secret"
	EntraAzureCLI         EntraKind = "azure_cli"
)

// EntraKinds are all kinds of sign-in.
func EntraKinds() []EntraKind {
	return []EntraKind{EntraDefault, EntraManagedIdentity, EntraWorkloadIdentity, EntraClientSecret, EntraAzureCLI}
}

// EntraOptions says how to get a token.
type EntraOptions struct {
	// Kind of sign-in; EntraDefault tries azidentity's chain.
	Kind EntraKind
	// Cloud to sign in to; CloudPublic where empty.
	Cloud Cloud
	// TenantID and ClientID as the kind asks for them; empty takes them from the environment where the kind can.
	TenantID, ClientID string
	// ClientSecret is only for EntraClientSecret.
	ClientSecret Secret
	// Transport sends the token requests; nil makes one by [NewSignInTransport].
	Transport http.RoundTripper
	// AuthorityHost replaces the cloud's sign-in address, for private clouds; it is trusted without asking Microsoft.
	AuthorityHost string
}

// EntraCredential is a bearer token of Entra ID. azidentity fetches it; this package sends the requests to the service.
type EntraCredential struct {
	options  EntraOptions
	fetching *semaphore.Weighted // of one who fetches a token
	asking   *semaphore.Weighted // of one call of azidentity
	signIn   *signIn             // used by the one that fetches
	last     lastSecret

	mu      sync.Mutex // guards what follows
	source  azcore.TokenCredential
	token   azcore.AccessToken
	fetched time.Time // when the token was fetched
	renew   bool      // the last token was refused, so a cached one will not do
	failure *Error
	failed  time.Time // when failure happened
}

const authorizationHeader = "Authorization"

const (
	// tokenReserve is how long before its end a token is replaced.
	tokenReserve = 5 * time.Minute
	// leastTokenUse is how long a token is used however soon it ends, so that no sign-in costs one for each request.
	leastTokenUse = 30 * time.Second
)

// NewEntraCredential checks the options without asking anybody for a token.
func NewEntraCredential(options EntraOptions) (*EntraCredential, error) {
	if !slices.Contains(EntraKinds(), options.Kind) {
		return nil, fmt.Errorf("unknown kind of Entra ID credential %q", options.Kind)
	}
	if options.Kind == EntraClientSecret && options.ClientSecret == nil {
		return nil, errors.New("client_secret needs a client secret")
	}
	if options.Transport == nil {
		options.Transport = NewSignInTransport(nil)
	}
	return &EntraCredential{options: options, fetching: semaphore.NewWeighted(1), asking: semaphore.NewWeighted(1), signIn: newSignIn(options)}, nil
}

// Authorize sets a token, fetching one where there is none, where it ends within five minutes and is older than half a
// minute, or where the service has refused it. However many requests need one, it is fetched once, and they fail together
// where none can be obtained. That takes at most ten seconds. The error is an *Error with [CodeAuthentication], or that the
// context was canceled for no reason.
func (c *EntraCredential) Authorize(ctx context.Context, header http.Header) error {
	began := time.Now()
	if err := c.fetching.Acquire(ctx, 1); err != nil {
		return c.ended(ctx, err)
	}
	defer c.fetching.Release(1)
	c.mu.Lock()
	token, failure := c.token, c.failure
	ends := time.Until(token.ExpiresOn) < tokenReserve && time.Since(c.fetched) >= leastTokenUse
	if failure != nil && !c.failed.After(began) {
		failure = nil
	}
	c.mu.Unlock()
	switch {
	case failure != nil:
		return failure
	case token.Token == "" || ends:
		var err error
		if token, err = c.fetch(ctx); err != nil {
			return err
		}
	}
	header.Set(authorizationHeader, "Bearer "+token.Token)
	return nil
}

// fetch gets a token and keeps it. It is called by one at a time.
func (c *EntraCredential) fetch(ctx context.Context) (azcore.AccessToken, error) {
	limited, cancel := context.WithTimeoutCause(ctx, signInTimeout, errSignInTimeout)
	defer cancel()
	c.mu.Lock()
	source, renew := c.source, c.renew
	c.mu.Unlock()
	c.signIn.reset()
	token, source, err := c.ask(limited, source, renew)
	if err == nil && !isToken(token.Token) {
		err = errNoToken
	}
	if err != nil && ctx.Err() != nil {
		return token, c.ended(ctx, err) // the caller has left
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.failure, c.failed = c.explained(limited, err), time.Now()
		return token, c.failure
	}
	c.token, c.source, c.fetched, c.renew, c.failure = token, source, time.Now(), false, nil
	return token, nil
}

// ended tells a caller whose context has ended why it has no token. One whose context ended for a reason, such as that a
// refresh took too long, is told what it waited for.
func (c *EntraCredential) ended(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, context.Canceled) {
		return cause
	}
	return c.explained(ctx, err)
}

// errNoToken says that what came as a token cannot be one.
var errNoToken = errors.New("not a token")

// isToken reports whether a token can stand in a header: it is of visible ASCII characters (RFC 6750).
func isToken(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

// ask asks the source for a token, making it first where there is none. It ends soon after ctx has: azidentity reads files,
// and one that hangs cannot be interrupted. Until it goes on, nobody asks again.
func (c *EntraCredential) ask(ctx context.Context, source azcore.TokenCredential, renew bool) (azcore.AccessToken, azcore.TokenCredential, error) {
	type answer struct {
		token  azcore.AccessToken
		source azcore.TokenCredential
		err    error
	}
	if !c.asking.TryAcquire(1) {
		return azcore.AccessToken{}, source, errSignInTimeout
	}
	answered := make(chan answer, 1)
	go func() {
		token, source, err := c.askNow(ctx, source, renew)
		c.asking.Release(1) // before anybody can ask again
		answered <- answer{token, source, err}
	}()
	var over <-chan time.Time
	ended := ctx.Done()
	for {
		select {
		case a := <-answered:
			return a.token, a.source, a.err
		case <-ended:
			ended, over = nil, time.After(10*commandGrace)
		case <-over:
			return azcore.AccessToken{}, source, errSignInTimeout
		}
	}
}

func (c *EntraCredential) askNow(ctx context.Context, source azcore.TokenCredential, renew bool) (token azcore.AccessToken, _ azcore.TokenCredential, err error) {
	defer func() {
		if recover() != nil {
			err = errNoToken
		}
	}()
	if c.options.Kind == EntraWorkloadIdentity {
		if missing := c.options.missingVariable(); missing != "" {
			return token, source, &Error{Code: CodeAuthentication, Detail: missing}
		}
	}
	if source == nil {
		if source, err = c.newSource(); err != nil {
			return token, nil, err
		}
	}
	request := policy.TokenRequestOptions{Scopes: []string{c.options.Cloud.scope()}}
	if renew && c.options.Kind == EntraManagedIdentity {
		request.Claims = "{}" // all managed identities of a process share one cache, and only claims pass it by
	}
	token, err = source.GetToken(ctx, request)
	return token, source, err
}

// isTokenFile reports whether a path leads to a file that a token or a certificate can be read from. It is for the files that
// azidentity reads, whatever they are.
func isTokenFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() <= maxSignInBody
}

// explained tells why no token could be obtained.
func (c *EntraCredential) explained(ctx context.Context, err error) *Error {
	failure, ok := errors.AsType[*Error](err)
	if !ok {
		failure = &Error{Code: CodeAuthentication, Detail: c.detail(ctx, err), AADSTS: c.signIn.seen().aadsts, cause: err}
	}
	failure.SignIn = c.options.Kind
	return failure
}

func (c *EntraCredential) detail(ctx context.Context, err error) Detail {
	seen := c.signIn.seen()
	switch {
	case errors.Is(err, errNoToken):
		return DetailSignInFails
	case seen.aadsts > 0:
		return DetailSignInRefused
	case errors.Is(err, errCommandNotFound):
		return DetailCLINotFound
	case errors.Is(err, errCommandNotLoggedIn):
		return DetailCLINotLoggedIn
	case errors.Is(err, errCommandFails):
		return DetailCLIFails
	case c.options.Kind == EntraDefault && (seen == evidence{} || seen.imds):
		if ctx.Err() != nil || errors.Is(err, errSignInTimeout) {
			return DetailSignInTimeout
		}
		return DetailNoCredential
	case seen.imds && seen.status == http.StatusBadRequest:
		return DetailNoIdentity
	case seen.detail != "":
		return seen.detail
	case ctx.Err() != nil && c.options.Kind == EntraManagedIdentity && seen.status == 0:
		return DetailIMDSUnreachable
	case errors.Is(err, errSignInTimeout), ctx.Err() != nil && seen.status == 0:
		return DetailSignInTimeout
	case c.options.Kind == EntraManagedIdentity:
		return DetailIMDSFails
	}
	return DetailSignInFails
}

// Rejected drops the token that the service refused, with the cache that it came from. Another attempt will carry
// another token.
func (c *EntraCredential) Rejected(header http.Header) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if header.Get(authorizationHeader) == "Bearer "+c.token.Token {
		c.token, c.source, c.renew = azcore.AccessToken{}, nil, true
	}
	return true
}

// Changed reports whether the client secret has changed since it was used to get a token. Other kinds have no secret that
// the exporter knows.
func (c *EntraCredential) Changed() bool {
	return c.options.ClientSecret != nil && c.last.changed(c.options.ClientSecret)
}

// SecretHeaders names the header of the token.
func (c *EntraCredential) SecretHeaders() []string { return []string{authorizationHeader} }

// newSource makes what azidentity signs in with. The error is an *Error.
func (c *EntraCredential) newSource() (azcore.TokenCredential, error) {
	source, err := c.azidentity()
	if err == nil {
		return source, nil
	}
	failure, ok := errors.AsType[*Error](err)
	if !ok {
		failure = &Error{Code: CodeAuthentication, Detail: DetailSignInOptions, cause: err}
	}
	return nil, failure
}

func (c *EntraCredential) azidentity() (azcore.TokenCredential, error) {
	o := c.options
	client := c.clientOptions()
	switch o.Kind {
	case EntraManagedIdentity:
		return newManagedIdentity(client, o.ClientID)
	case EntraWorkloadIdentity:
		return newWorkloadIdentity(o, client)
	case EntraClientSecret:
		secret, err := o.ClientSecret()
		if err != nil {
			return nil, &Error{Code: CodeAuthentication, Detail: secretDetail(err), cause: err}
		}
		c.last.used(secret)
		return azidentity.NewClientSecretCredential(o.TenantID, o.ClientID, secret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: client, DisableInstanceDiscovery: o.private(),
		})
	case EntraAzureCLI:
		return azureCLI(o.TenantID), nil
	}
	return newDefaultChain(o, client, c.options.Transport)
}

// private reports whether the sign-in is one that Microsoft does not know.
func (o *EntraOptions) private() bool { return o.AuthorityHost != "" }

// missingVariable names what a workload identity takes from the environment and cannot use there, "" if nothing: a
// detail that names AZURE_CLIENT_ID, AZURE_TENANT_ID or AZURE_FEDERATED_TOKEN_FILE.
func (o *EntraOptions) missingVariable() Detail {
	for _, variable := range []struct {
		name, given string
		missing     Detail
	}{
		{"AZURE_CLIENT_ID", o.ClientID, DetailNoClientID},
		{"AZURE_TENANT_ID", o.TenantID, DetailNoTenantID},
		{"AZURE_FEDERATED_TOKEN_FILE", "", DetailNoTokenFile},
	} {
		if variable.given == "" && os.Getenv(variable.name) == "" {
			return variable.missing
		}
	}
	if !isTokenFile(os.Getenv("AZURE_FEDERATED_TOKEN_FILE")) {
		return DetailNoTokenFile
	}
	return ""
}

// clientOptions have azidentity send by our transport, with few and short retries: fetch bounds them together.
func (c *EntraCredential) clientOptions() azcore.ClientOptions {
	client := azcore.ClientOptions{
		Cloud: c.options.Cloud.configuration(),
		Transport: &http.Client{
			Transport:     c.signIn,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		Retry: policy.RetryOptions{MaxRetries: 2, TryTimeout: signInTimeout / 2, RetryDelay: signInTimeout / 20, MaxRetryDelay: signInTimeout / 5},
	}
	if c.options.private() {
		client.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: c.options.AuthorityHost}
	}
	return client
}

func newManagedIdentity(client azcore.ClientOptions, clientID string) (azcore.TokenCredential, error) {
	options := azidentity.ManagedIdentityCredentialOptions{ClientOptions: client}
	if clientID != "" {
		options.ID = azidentity.ClientID(clientID)
	}
	return azidentity.NewManagedIdentityCredential(&options)
}

func newWorkloadIdentity(o EntraOptions, client azcore.ClientOptions) (azcore.TokenCredential, error) {
	return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
		ClientOptions: client, TenantID: o.TenantID, ClientID: o.ClientID, DisableInstanceDiscovery: o.private(),
	})
}
