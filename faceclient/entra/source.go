package entra

import (
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"face_liveness_exporter/faceclient"
)

// newSource makes what azidentity signs in with, and the scope to ask it for. It repeats a request once, and soon: every try
// counts at the other side, and a sign-in is bounded as a whole.
func newSource(o Options, secret string, sent *sender) (source azcore.TokenCredential, scope string, err error) {
	client := azcore.ClientOptions{
		Transport: sent,
		Retry:     policy.RetryOptions{MaxRetries: 1, TryTimeout: signInTimeout / 2, RetryDelay: time.Second, MaxRetryDelay: 2 * time.Second},
	}
	switch o.Cloud {
	case faceclient.CloudUSGovernment:
		client.Cloud, scope = cloud.AzureGovernment, "https://cognitiveservices.azure.us/.default"
	case faceclient.CloudChina:
		client.Cloud, scope = cloud.AzureChina, "https://cognitiveservices.azure.cn/.default"
	default: // without a configuration, AZURE_AUTHORITY_HOST counts
		scope = "https://cognitiveservices.azure.com/.default"
	}
	switch o.Kind {
	case faceclient.EntraManagedIdentity:
		options := azidentity.ManagedIdentityCredentialOptions{ClientOptions: client}
		if o.ClientID != "" {
			options.ID = azidentity.ClientID(o.ClientID)
		}
		source, err = azidentity.NewManagedIdentityCredential(&options)
	case faceclient.EntraWorkloadIdentity:
		source, err = azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: client, TenantID: o.TenantID, ClientID: o.ClientID,
		})
	case faceclient.EntraClientSecret:
		source, err = azidentity.NewClientSecretCredential(o.TenantID, o.ClientID, secret, &azidentity.ClientSecretCredentialOptions{ClientOptions: client})
	case faceclient.EntraClientCertificate:
		certificates, key, unusable := azidentity.ParseCertificates([]byte(secret), nil)
		if unusable != nil {
			return nil, "", unusable
		}
		source, err = azidentity.NewClientCertificateCredential(o.TenantID, o.ClientID, certificates, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: client})
	case faceclient.EntraAzureCLI:
		source, err = azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: o.TenantID})
	default:
		source, err = azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: client, TenantID: o.TenantID})
	}
	return source, scope, err
}
