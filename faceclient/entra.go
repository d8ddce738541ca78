package faceclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
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

// EntraOptions says how to get a token.
type EntraOptions struct {
	// Kind of sign-in; EntraDefault tries azidentity's chain.
	Kind EntraKind
	// Cloud to sign in to; CloudPublic where empty.
	Cloud Cloud
	// TenantID and ClientID as the kind asks for them; empty takes them from the environment where the kind can.
	TenantID, ClientID string
	// ClientSecret is for EntraClientSecret alone.
	ClientSecret Secret
	// Client sends the token requests; nil takes azidentity's own.
	Client policy.Transporter
	// AuthorityHost replaces the cloud's sign-in address, for private clouds; it is trusted without asking Microsoft.
	AuthorityHost string
}

// EntraCredential proves by a bearer token of Entra ID. azidentity fetches the token; the requests to the service stay
// with this package.
type EntraCredential struct {
	options  EntraOptions
	fetching *semaphore.Weighted // of one who fetches a token
	last     lastSecret

	mu     sync.Mutex // guards what follows
	source azcore.TokenCredential
	token  azcore.AccessToken
	renew  bool // the last token was refused, so a cached one will not do
}

const authorizationHeader = "Authorization"

// tokenReserve is how long before its end a token is replaced.
const tokenReserve = 5 * time.Minute

// NewEntraCredential checks the options without asking anybody for a token.
func NewEntraCredential(options EntraOptions) (*EntraCredential, error) {
	kinds := []EntraKind{EntraDefault, EntraManagedIdentity, EntraWorkloadIdentity, EntraClientSecret, EntraAzureCLI}
	if !slices.Contains(kinds, options.Kind) {
		return nil, fmt.Errorf("unknown kind of Entra ID credential %q", options.Kind)
	}
	if options.Kind == EntraClientSecret && options.ClientSecret == nil {
		return nil, errors.New("client_secret needs a client secret")
	}
	return &EntraCredential{options: options, fetching: semaphore.NewWeighted(1)}, nil
}

// Authorize sets a token, fetching one where there is none, where it ends within five minutes, or where the service has
// refused it. However many requests need one, it is fetched once.
func (c *EntraCredential) Authorize(ctx context.Context, header http.Header) error {
	if c.fetching.Acquire(ctx, 1) != nil {
		return context.Cause(ctx)
	}
	defer c.fetching.Release(1)
	c.mu.Lock()
	token, source, renew := c.token, c.source, c.renew
	c.mu.Unlock()
	if token.Token == "" || time.Until(token.ExpiresOn) < tokenReserve {
		var err error
		if source == nil {
			if source, err = c.newSource(); err != nil {
				return err
			}
		}
		request := policy.TokenRequestOptions{Scopes: []string{c.options.Cloud.scope()}}
		if renew && c.options.Kind == EntraManagedIdentity {
			request.Claims = "{}" // all managed identities of a process share one cache, and only claims pass it by
		}
		if token, err = source.GetToken(ctx, request); err != nil {
			return err
		}
		c.mu.Lock()
		c.token, c.source, c.renew = token, source, false
		c.mu.Unlock()
	}
	header.Set(authorizationHeader, "Bearer "+token.Token)
	return nil
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

// Changed tells whether the client secret is another one than a token was last asked for with. The other kinds have no
// secret of ours.
func (c *EntraCredential) Changed() bool {
	return c.options.ClientSecret != nil && c.last.changed(c.options.ClientSecret)
}

// SecretHeaders names the header of the token.
func (c *EntraCredential) SecretHeaders() []string { return []string{authorizationHeader} }

func (c *EntraCredential) newSource() (azcore.TokenCredential, error) {
	o := c.options
	client := azcore.ClientOptions{Cloud: o.Cloud.configuration(), Transport: o.Client}
	private := o.AuthorityHost != ""
	if private {
		client.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: o.AuthorityHost}
	}
	switch o.Kind {
	case EntraManagedIdentity:
		options := azidentity.ManagedIdentityCredentialOptions{ClientOptions: client}
		if o.ClientID != "" {
			options.ID = azidentity.ClientID(o.ClientID)
		}
		return azidentity.NewManagedIdentityCredential(&options)
	case EntraWorkloadIdentity:
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: client, TenantID: o.TenantID, ClientID: o.ClientID, DisableInstanceDiscovery: private,
		})
	case EntraClientSecret:
		secret, err := o.ClientSecret()
		if err != nil {
			return nil, err
		}
		c.last.used(secret)
		return azidentity.NewClientSecretCredential(o.TenantID, o.ClientID, secret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: client, DisableInstanceDiscovery: private,
		})
	case EntraAzureCLI:
		return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: o.TenantID})
	}
	return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions: client, TenantID: o.TenantID, DisableInstanceDiscovery: private,
	})
}
