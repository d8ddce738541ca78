package faceclient

import (
	"context"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

const (
	imdsAddress = "http://169.254.169.254/metadata/identity/oauth2/token"
	// imdsProbe is how long the default chain waits for the identity endpoint to answer at all.
	imdsProbe = time.Second
)

// newDefaultChain is azidentity's default chain, in its order and with its variable AZURE_TOKEN_CREDENTIALS, put together
// anew so that commands are bounded and whatever is not there is passed over.
func newDefaultChain(o EntraOptions, client azcore.ClientOptions, transport http.RoundTripper) (azcore.TokenCredential, error) {
	prod, dev := true, true
	selected := os.Getenv("AZURE_TOKEN_CREDENTIALS")
	switch selected {
	case "prod":
		dev, selected = false, ""
	case "dev":
		prod, selected = false, ""
	}
	var sources []azcore.TokenCredential
	for _, source := range []struct {
		name   string
		listed bool
		make   func() (azcore.TokenCredential, error) // fails where it is not set up here
	}{
		{"EnvironmentCredential", prod, func() (azcore.TokenCredential, error) {
			if path := os.Getenv("AZURE_CLIENT_CERTIFICATE_PATH"); path != "" && !isTokenFile(path) {
				return nil, os.ErrInvalid
			}
			return azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: o.private()})
		}},
		{"WorkloadIdentityCredential", prod, func() (azcore.TokenCredential, error) {
			if !isTokenFile(os.Getenv("AZURE_FEDERATED_TOKEN_FILE")) {
				return nil, os.ErrInvalid
			}
			return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
				ClientOptions: client, TenantID: o.TenantID, ClientID: o.ClientID, DisableInstanceDiscovery: o.private(),
			})
		}},
		{"ManagedIdentityCredential", prod, func() (azcore.TokenCredential, error) {
			clientID := o.ClientID
			if clientID == "" {
				clientID = os.Getenv("AZURE_CLIENT_ID")
			}
			identity, err := newManagedIdentity(client, clientID)
			return optional{probed{identity, transport}}, err
		}},
		{"AzureCLICredential", dev, func() (azcore.TokenCredential, error) { return optional{azureCLI(o.TenantID)}, nil }},
		{"AzureDeveloperCLICredential", dev, func() (azcore.TokenCredential, error) { return optional{azureDeveloperCLI(o.TenantID)}, nil }},
		{"AzurePowerShellCredential", dev, func() (azcore.TokenCredential, error) {
			powerShell, err := azurePowerShell(o.TenantID)
			return optional{powerShell}, err
		}},
	} {
		if selected != "" && !strings.EqualFold(selected, source.name) || selected == "" && !source.listed {
			continue
		}
		if credential, err := source.make(); err == nil {
			sources = append(sources, credential)
		}
	}
	if len(sources) == 0 {
		return nil, &Error{Code: CodeAuthentication, Detail: DetailNoCredential}
	}
	return azidentity.NewChainedTokenCredential(sources, nil)
}

// optional has a chain go on to its next credential where this one has no token. The first two are not optional: where they
// are set up and refused, another identity is not what was asked for.
type optional struct{ azcore.TokenCredential }

// GetToken is part of azcore.TokenCredential.
func (c optional) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := c.TokenCredential.GetToken(ctx, options)
	if err != nil {
		err = azidentity.NewCredentialUnavailableError("no token")
	}
	return token, err
}

// probed asks a managed identity only where its endpoint answers soon: elsewhere nothing is at that address, and asking
// takes as long as a sign-in may.
type probed struct {
	azcore.TokenCredential
	transport http.RoundTripper
}

// GetToken is part of azcore.TokenCredential.
func (c probed) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if os.Getenv("IDENTITY_ENDPOINT") == "" && os.Getenv("MSI_ENDPOINT") == "" {
		probe, cancel := context.WithTimeout(ctx, imdsProbe)
		defer cancel()
		request, err := http.NewRequestWithContext(probe, http.MethodGet, imdsAddress, nil)
		if err != nil {
			return azcore.AccessToken{}, err
		}
		response, err := c.transport.RoundTrip(request)
		if err != nil {
			return azcore.AccessToken{}, err
		}
		_ = response.Body.Close() // that there is an answer is enough
	}
	return c.TokenCredential.GetToken(ctx, options)
}
