package faceclient

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

// EntraKind is how the exporter itself signs in to Entra ID.
type EntraKind string

// The kinds of sign-in, named as in azidentity.
const (
	EntraDefault           EntraKind = "default"
	EntraManagedIdentity   EntraKind = "managed_identity"
	EntraWorkloadIdentity  EntraKind = "workload_identity"
	EntraClientSecret      EntraKind = "client_secret"
	EntraClientCertificate EntraKind = "client_certificate"
	EntraAzureCLI          EntraKind = "azure_cli"
)

// EntraKinds are all kinds of sign-in.
func EntraKinds() []EntraKind {
	return []EntraKind{EntraDefault, EntraManagedIdentity, EntraWorkloadIdentity, EntraClientSecret, EntraClientCertificate, EntraAzureCLI}
}
