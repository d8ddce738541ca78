package config

import (
	"time"

	"face_liveness_exporter/faceclient"
)

// Config is a complete and validated configuration with every default filled in. Nobody changes it after Load has returned
// it, so goroutines can share it.
type Config struct {
	Refresh Refresh
	Devices Devices
	// Resources is never empty in a loaded configuration; names are unique in it.
	Resources []Resource
}

// Refresh says when the lists are read. All durations are above 0 and at most 10 years.
type Refresh struct {
	// Interval is the age from which a scrape starts a refresh. It may be longer than MaxStale.
	Interval time.Duration
	// Timeout fails a refresh if no page arrives for this long.
	Timeout time.Duration
	// MaxStale is the age from which a snapshot's population is no longer shown, or two intervals if that is longer.
	MaxStale time.Duration
	// OnStart refreshes every resource once at start, without waiting for a scrape.
	OnStart bool
	// MaxConcurrent bounds the refreshes at once over all resources; at least 1. Resources whose last refresh failed get half.
	MaxConcurrent int
}

// DeviceLabel says how a device's correlation id becomes a label value.
type DeviceLabel string

// The ways to show a device.
const (
	DeviceLabelRaw  DeviceLabel = "raw"
	DeviceLabelHash DeviceLabel = "hash"
	DeviceLabelNone DeviceLabel = "none"
)

// Devices says how many devices get a series of their own, and under which label.
type Devices struct {
	// Top is the number of device series for each resource and operation: 0..10000, 0 for none.
	Top   int
	Label DeviceLabel
	// HashKeyFile is where HashKey was read. It may be set, and then is not read, with another label than hash.
	HashKeyFile string
	// HashKey is the HMAC key: the file's bytes without one line break at their end. Never empty where Label is
	// DeviceLabelHash, always empty elsewhere.
	HashKey Secret
}

// API says how the service is asked. A Resource holds it complete: the defaults, then the top-level section api, then
// the resource's own section, field by field.
type API struct {
	// Version is one of faceclient.APIVersions.
	Version string
	// PageSize is the number of sessions asked for in one request: 1..1000.
	PageSize int
	// MaxPages fails a refresh whose list needs more pages; at least 1.
	MaxPages int
	// Limits say how hard the resource may be asked.
	faceclient.Limits
	// MonthlyRequestBudget is in attempts in 30 days; 0 for no bound.
	MonthlyRequestBudget int64
	// PricePer1000Requests is in the currency of the user's contract; at least 0 and finite.
	PricePer1000Requests float64
}

// Outcomes says how many results are looked up. A Resource holds it complete, like API.
type Outcomes struct {
	// Samples is how many finished sessions are looked up after a refresh, each for one billed request: 0..10000, 0 for
	// none.
	Samples int
}

// Resource is one Azure AI Face resource. It has exactly one kind of credential: Key, KeyFile or Entra.
type Resource struct {
	// Name is unique: 1..64 printable characters without white space at either end.
	Name string
	// Endpoint is only scheme, host and port, in lower case, without a slash at the end and without the scheme's
	// default port: https://contoso.cognitiveservices.azure.com.
	Endpoint string
	// Operations has at least one entry and none twice. It is sorted.
	Operations []faceclient.Operation
	// Key is the subscription key, given in the file or by the variable that key_env names.
	Key Secret
	// KeyFile is the path of the file that holds the key. Its content is checked, not kept: it can change at any
	// time, and ReadSecretFile reads it again by the same rules.
	KeyFile string
	// Entra is nil where a key is used.
	Entra *Entra
	TLS   TLS
	// AllowInsecure accepts http:// for an address that is not a loopback one.
	AllowInsecure bool
	API           API
	Outcomes      Outcomes
}

// Entra says how a token is obtained from Entra ID. Which of the fields a credential takes is settled here: those that
// it has no use for are empty.
type Entra struct {
	Credential faceclient.EntraKind
	// TenantID and ClientID are empty where the credential finds them by itself.
	TenantID string
	ClientID string
	// ClientSecretFile is set for faceclient.EntraClientSecret only; ReadSecretFile reads it.
	ClientSecretFile string
	// ClientCertificateFile is set for faceclient.EntraClientCertificate only: the certificate and its private key, as PEM or PKCS#12.
	ClientCertificateFile string
	// Cloud is never empty: as configured, else from the endpoint.
	Cloud faceclient.Cloud
}

// TLS says how the service's certificate is checked and which one is shown to it. The files are PEM; they are not
// read by this package.
type TLS struct {
	CAFile string
	// CertFile and KeyFile are either both set or both empty.
	CertFile           string
	KeyFile            string
	ServerName         string
	InsecureSkipVerify bool
}

// Default returns the configuration of an empty file, before any resource.
func Default() Config {
	return Config{
		Refresh: Refresh{
			Interval:      5 * time.Minute,
			Timeout:       2 * time.Minute,
			MaxStale:      time.Hour,
			OnStart:       true,
			MaxConcurrent: 8,
		},
		Devices: Devices{Top: 50, Label: DeviceLabelRaw},
	}
}

// DefaultAPI returns the API settings of a resource that sets none.
func DefaultAPI() API {
	return API{
		Version:              faceclient.DefaultAPIVersion,
		PageSize:             1000,
		MaxPages:             20000,
		Limits:               faceclient.DefaultLimits(),
		PricePer1000Requests: 1,
	}
}

// defaultOperations returns a fresh list, so that no two resources share one.
func defaultOperations() []faceclient.Operation {
	return []faceclient.Operation{faceclient.DetectLiveness}
}
