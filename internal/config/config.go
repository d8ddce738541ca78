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
	Interval time.Duration `yaml:"interval"`
	// Timeout fails a refresh if no page arrives for this long.
	Timeout time.Duration `yaml:"timeout"`
	// MaxStale is the age from which a snapshot's population is no longer shown, or two intervals if that is longer.
	MaxStale time.Duration `yaml:"max_stale"`
	// OnStart refreshes every resource once at start, without waiting for a scrape.
	OnStart bool `yaml:"on_start"`
	// MaxConcurrent bounds the refreshes at once over all resources; at least 1.
	MaxConcurrent int `yaml:"max_concurrent"`
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
	Top   int         `yaml:"top"`
	Label DeviceLabel `yaml:"label"`
	// HashKeyFile is where HashKey was read. It may be set, and then is not read, with another label than hash.
	HashKeyFile string `yaml:"hash_key_file"`
	// HashKey is the HMAC key: the file's bytes without one line break at their end. Never empty if Label is
	// DeviceLabelHash, always empty elsewhere.
	HashKey Secret `yaml:"-"`
}

// API says how the service is asked. A Resource holds it complete: the defaults, then the top-level section api, then
// the resource's own section, field by field.
type API struct {
	// Version is one of faceclient.APIVersions.
	Version string `yaml:"version"`
	// PageSize is the number of sessions asked for in one request: 1..1000.
	PageSize int `yaml:"page_size"`
	// MaxPages fails a refresh whose list needs more pages; at least 1.
	MaxPages int `yaml:"max_pages"`
	// Limits say how hard the resource may be asked.
	Limits `yaml:",inline"`
	// MonthlyRequestBudget is in attempts in 30 days; 0 for no bound.
	MonthlyRequestBudget int64 `yaml:"monthly_request_budget"`
	// PricePer1000Requests is in the currency of the user's contract; at least 0 and finite.
	PricePer1000Requests float64 `yaml:"price_per_1000_requests"`
}

// Limits are those of faceclient, with the names of the settings.
type Limits struct {
	// MaxRequestsPerSecond bounds the rate of attempts; above 0 and finite.
	MaxRequestsPerSecond float64 `yaml:"max_requests_per_second"`
	// MaxConcurrentRequests bounds the attempts in flight; at least 1.
	MaxConcurrentRequests int `yaml:"max_concurrent_requests"`
	// RequestTimeout bounds one attempt, from sending to the end of the body; above 0.
	RequestTimeout time.Duration `yaml:"request_timeout"`
	// MaxRetries is how often a request is tried again after its first attempt; at least 0.
	MaxRetries int `yaml:"max_retries"`
	// MaxRetryWait bounds every wait before a retry; above 0.
	MaxRetryWait time.Duration `yaml:"max_retry_wait"`
}

// Outcomes says how many results are looked up. A Resource holds it complete, like API.
type Outcomes struct {
	// Samples is how many finished sessions are looked up after a refresh, each for one billed request: 0..10000.
	Samples int `yaml:"samples"`
}

// Resource is one Azure AI Face resource. It has exactly one kind of credential: Key, KeyFile or Entra.
type Resource struct {
	// Name is unique: 1..64 printable characters without white space at either end.
	Name string `yaml:"name"`
	// Endpoint is scheme and host in lower case, a port that is not the scheme's, and a path without a slash at its end.
	Endpoint string `yaml:"endpoint"`
	// Operations has at least one entry and none twice. It is sorted.
	Operations []faceclient.Operation `yaml:"operations"`
	// Key is the subscription key, given in the file or by the variable that key_env names.
	Key Secret `yaml:"key"`
	// KeyFile is the path of the file that holds the key, which can change at any time: ReadSecretFile reads it.
	KeyFile string `yaml:"key_file"`
	// KeyEnv is the environment variable that Key was taken from, if it was.
	KeyEnv string `yaml:"key_env"`
	// Entra is nil if a key is used.
	Entra *Entra `yaml:"entra"`
	TLS   TLS    `yaml:"tls"`
	// Labels are the user's own: names are valid for Prometheus and none of the exporter's, values are not empty. At most 32.
	Labels map[string]string `yaml:"labels"`
	// AllowInsecure accepts http:// for an address that is not a loopback one.
	AllowInsecure bool     `yaml:"allow_insecure"`
	API           API      `yaml:"api"`
	Outcomes      Outcomes `yaml:"outcomes"`
}

// Entra says how a token is obtained from Entra ID. Fields that the credential has no use for are empty.
type Entra struct {
	Credential faceclient.EntraKind `yaml:"credential"`
	// TenantID and ClientID are empty if the credential finds them by itself.
	TenantID string `yaml:"tenant_id"`
	ClientID string `yaml:"client_id"`
	// ClientSecretFile is set for faceclient.EntraClientSecret only; ReadSecretFile reads it.
	ClientSecretFile string `yaml:"client_secret_file"`
	// ClientCertificateFile is set for faceclient.EntraClientCertificate only: a certificate with its private key.
	ClientCertificateFile string `yaml:"client_certificate_file"`
	// Cloud is never empty: as configured, else from the endpoint.
	Cloud faceclient.Cloud `yaml:"cloud"`
}

// TLS says how the service's certificate is checked and which one is shown to it. The files are PEM.
type TLS struct {
	CAFile string `yaml:"ca_file"`
	// CertFile and KeyFile are either both set or both empty.
	CertFile           string `yaml:"cert_file"`
	KeyFile            string `yaml:"key_file"`
	ServerName         string `yaml:"server_name"`
	InsecureSkipVerify bool   `yaml:"insecure_skip_verify"`
}

// Default returns the configuration of an empty file, before any resource.
func Default() Config {
	return Config{Refresh: initial[Refresh]("refresh"), Devices: initial[Devices]("devices")}
}

// DefaultAPI returns the API settings of a resource that sets none.
func DefaultAPI() API { return initial[API]("api") }
