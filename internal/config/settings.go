package config

import (
	"regexp"

	"face_liveness_exporter/faceclient"
)

// setting is one field of the configuration file. Its row is the only place that says what it can be, what it is by default
// and what it does: the checks, the defaults, docs/configuration.md, the comments of config.example.yaml and the schema of the
// Helm chart come from it.
type setting struct {
	name    string
	kind    kind
	initial string // the default as it is written in a file; "" for none
	says    string // what it does, for the documents
}

// sections has the settings of each section of the file; "" is the file itself. A section in another one has the fields of the
// section of its name, and `resources` is a list.
//
//nolint:gochecknoglobals // a table that never changes
var sections = map[string][]setting{
	"": {
		{"refresh", kind{}, "", ""},
		{"devices", kind{}, "", ""},
		{"outcomes", kind{}, "", "for all resources; each can have its own `outcomes`"},
		{"api", kind{}, "", "for all resources; each can have its own `api`, field by field"},
		{"tls", kind{}, "", "for all resources; the `tls` of a resource replaces all of it"},
		{"resources", kind{}, "", ""},
	},
	"refresh": {
		{"interval", duration(), "5m", "a scrape that finds an older snapshot starts a refresh; a shorter interval costs more"},
		{"timeout", duration(), "2m", "a refresh fails if no page arrives for this long"},
		{"max_stale", duration(), "1h", "maximum age shown; at least two intervals"},
		{"on_start", boolean(), "true", "refresh at start, before the first scrape; `false` saves the requests of a restart"},
		{"max_concurrent", integer(1, maxCount), "8", "maximum refreshes at once, over all resources; those without a page for 2 s do not count"},
	},
	"devices": {
		{"top", integer(0, 10000), "50", "devices with a time series of their own, for each resource and operation; 0..10000"},
		{"label", oneOf(DeviceLabelRaw, DeviceLabelHash, DeviceLabelNone), "raw", "`raw`, `hash` or `none`; device ids are personal data, and `hash` hides them"},
		{"hash_key_file", file(nil), "", "for `label: hash`; 16 bytes or more, or the ids can be guessed; read at start and at a reload"},
	},
	"outcomes": {
		{"samples", integer(0, 10000), "0", "sessions to look up after a refresh of each resource and operation; 0..10000; 0 = none"},
	},
	"api": {
		{"version", listVersion(), faceclient.DefaultAPIVersion, "or `v1.1-preview.1`; later versions have no list"},
		{"page_size", integer(1, 1000), "1000", "sessions in a request, 1..1000; every page is billed, so 1000 is the cheapest"},
		{"max_pages", integer(1, maxCount), "20000", "a list that needs more pages fails, early if possible"},
		{"max_requests_per_second", number("exclusiveMinimum"), "2", "a fifth of what tier S0 allows, the rest is for production; F0 allows 20 a minute: 0.3"},
		{"max_concurrent_requests", integer(1, maxCount), "4", "maximum requests in flight for the lists of a resource; one look-up may be in flight as well"},
		{"monthly_request_budget", integer(0, 1e12), "0", "requests in 30 days of this process, retries included; 0 = no bound; divide it by the replicas"},
		{"price_per_1000_requests", number("minimum"), "1.00", "what your contract says, in your currency; for the status page and --doctor"},
		{"request_timeout", duration(), "10s", "of one request, from sending to the end of the body"},
		{"max_retries", integer(0, maxCount), "4", "attempts of a request after the first; a 429 does not count while other requests are answered"},
		{"max_retry_wait", duration(), "30s", "maximum wait before a retry, even if the service asks for a longer one"},
	},
	"resources": {
		{"name", name, "", "the label `resource`; unique, 1 to 64 printable characters"},
		{"endpoint", endpoint, "", "scheme and host, and the path of a gateway in front; the exporter adds the path of the API"},
		{"operations", listOf(faceclient.Operations()...), "[detectLiveness]", "`detectLiveness`, `detectLivenessWithVerify` or both; each is a list of its own, read and billed separately"},
		{"key_file", file(ReadSecretFile), "", "exactly one of key_file, key_env, `key` and `entra`; a changed key is used without a restart"},
		{"allow_insecure", boolean(), "false", "`true` accepts http:// for an address that is not loopback; the key is then sent in clear text"},
		{"key_env", line(), "", "the name of an environment variable with the key; it is read at start and at a reload"},
		{"key", key, "", "the key itself; everyone who can read the file has it"},
		{"entra", kind{}, "", ""},
		{"labels", labels(), "", "your own labels, on face_liveness_resource_info and /sd"},
		{"tls", kind{}, "", ""},
		{"api", kind{}, "", ""},
		{"outcomes", kind{}, "", ""},
	},
	"entra": {
		{"credential", oneOf(faceclient.EntraKinds()...), string(faceclient.EntraDefault), "one of " + commaSeparated(faceclient.EntraKinds())},
		{"tenant_id", entraID, "", "or a domain of the tenant"},
		{"client_id", entraID, "", "of the application or the managed identity"},
		{"client_secret_file", file(ReadSecretFile), "", "the exporter reads it again when it changes"},
		{"client_certificate_file", file(readPEM), "", "an RSA certificate with its private key, as PEM without a password; PKCS #12 only as `openssl pkcs12 -legacy` writes it; read again when it changes"},
		{"cloud", oneOf(faceclient.Clouds()...), "", "`public`, `us_government` or `china`; default: from the endpoint"},
	},
	"tls": {
		{"ca_file", file(readPEM), "", "CAs of the endpoint or proxy, instead of the system's; the sign-in to Entra ID trusts both; read again when it changes"},
		{"cert_file", file(readPEM), "", "a client certificate, with its key_file; read again when it changes"},
		{"key_file", file(readPEM), "", "the key of cert_file"},
		{"server_name", hostName, "", "the name in the certificate; default: the endpoint's host"},
		{"insecure_skip_verify", boolean(), "false", "`true` lets anyone between here and the service read the credential"},
	},
}

// maxCount is the upper bound of counts that need none of their own.
const maxCount = 1<<31 - 1

// listVersion is a version that can list sessions, by the published specification of the service.
func listVersion() kind {
	k := oneOf(faceclient.APIVersions()...)
	k.want += ", the only ones with a list of liveness sessions: v1.2 (GA) and v1.3-preview.1 removed it and put nothing in its place"
	return k
}

// wantedEndpoint is what an endpoint looks like, for messages.
const wantedEndpoint = "https://NAME.cognitiveservices.azure.com"

// Texts with rules of their own.
//
//nolint:gochecknoglobals // kinds that never change
var (
	name     = text(`^`+visible+`((`+visible+`| ){0,62}`+visible+`)?$`, "1 to 64 printable characters: it becomes the label `resource`")
	endpoint = text(`^[hH][tT][tT][pP][sS]?://[^/?#@\s]+(/[^?#\s]*)?$`,
		"an address such as "+wantedEndpoint+": https:// (http:// for a loopback address), host, port, and a gateway's path; no user name, password, ? or #")
	key = text(`^[!-~]([ -~]*[!-~])?$`, "a key: printable ASCII characters in one line, without white space at its beginning or end; copy it again")
	// entraID is what azidentity accepts in the address of the sign-in.
	entraID = text(`^[0-9A-Za-z.-]{1,253}$`, "an id such as 00000000-0000-0000-0000-000000000000, or a tenant's domain: letters, digits, dots and hyphens")
	// hostName is a name as DNS carries it: an international one is written in its ASCII form.
	hostName = text(`^[0-9A-Za-z_-]{1,63}(\.[0-9A-Za-z_-]{1,63})*$`, "a host's name: letters, digits, hyphens and dots, no port")
)

// azureKey is a key as Azure gives them out, the long ones since 2024.
var azureKey = regexp.MustCompile(`^([0-9A-Fa-f]{32}|[0-9A-Za-z]{84})$`)

// ownLabels are the labels of the exporter's metrics and targets. Names that begin with two underscores are Prometheus' own.
//
//nolint:gochecknoglobals // a table that never changes
var ownLabels = []string{
	"api_version", "code", "device_correlation_id", "endpoint", "error_code", "identical", "instance", "job", "le", "model_version",
	"operation", "outcome", "quantile", "reason", "resource", "service_endpoint",
}

// signIn says which fields of entra a credential needs, and which it takes besides. Others are refused: the token would be that
// of another principal than the reader of the file believes.
type signIn struct {
	credential   faceclient.EntraKind
	needs, takes []string
	says         string // for the documents
}

//nolint:gochecknoglobals // a table that never changes
var signIns = []signIn{
	{faceclient.EntraDefault, nil, []string{"tenant_id"}, "tries the usual sources in turn"},
	{faceclient.EntraManagedIdentity, nil, []string{"client_id"}, "of the machine or, with client_id, a user-assigned one"},
	{faceclient.EntraWorkloadIdentity, nil, []string{"tenant_id", "client_id"}, "in Kubernetes; the webhook sets the variables for what is missing here"},
	{faceclient.EntraClientSecret, []string{"tenant_id", "client_id", "client_secret_file"}, nil, "an application with a secret"},
	{faceclient.EntraClientCertificate, []string{"tenant_id", "client_id", "client_certificate_file"}, nil, "an application with a certificate"},
	{faceclient.EntraAzureCLI, nil, []string{"tenant_id"}, "the user of `az login`"},
}
