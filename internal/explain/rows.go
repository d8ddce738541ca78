package explain

import "face_liveness_exporter/faceclient"

// row is what a code with a status, or a detail, means and what to do about it. The words can hold {code}, {status},
// {version} of the API, {kind} of the sign-in and its {aadsts} number, and the {pages} that a list needs.
type row struct {
	// Status is the HTTP status; 0 stands for any, and for none if no answer came.
	Status int
	// Name is the label error_code, or the detail.
	Name string
	// Meaning and Remedy are as in [Explanation].
	Meaning, Remedy string
}

// TryAgain begins the remedy for what usually passes. It may go on with what to do if it does not: ". Else …".
const TryAgain = "nothing, if it passes: the exporter tries again by itself"

const (
	lowestRole   = "assign the role Cognitive Services Data Reader (b59867f0-fa02-499b-be73-45a86b5b3e1c) on this resource, or a custom role with the data action Microsoft.CognitiveServices/accounts/Face/*/sessions/read, and wait ten minutes"
	otherVersion = "check that endpoint is the address of a Face resource, and try the other api.version of v1.2-preview.1 and v1.1-preview.1"
	noFaceThere  = "check that endpoint is the address of a Face resource, and that no portal or proxy answers for it"
	checkKey     = "check that the key belongs to the resource of this endpoint, or with Entra ID the role, the endpoint, entra.tenant_id and entra.cloud"
	checkNetwork = "check the network, the firewall and the proxy between here and the endpoint"
	reportBug    = "report a bug with the client_request_id of the log line"
)

// codeRows are what the codes mean if no detail is known: the documented answers of the list first, then HTTP statuses without a
// code, then what goes wrong before there is an answer. A code comes twice if its meaning depends on the status.
//
//nolint:gochecknoglobals // a table that never changes
var codeRows = []row{
	{400, "BadArgument", "the service refuses start or top", "lower api.page_size, or " + reportBug},
	{400, "BadRequest", "the service refuses the request, for example a token of Entra ID at a regional endpoint", "with Entra ID, use the resource's own subdomain as endpoint, or a key"},
	{401, "401", "the key or token is not accepted", checkKey},
	{401, "Unspecified", "the key or token is not accepted", checkKey},
	{401, "PermissionDenied", "the Entra ID principal has no role that allows this", lowestRole},
	{403, "403", "the service forbids the access and does not say why", "check the resource's network rules, and whether the subscription is active and approved for liveness detection"},
	{403, "AuthenticationTypeDisabled", "keys are disabled for this resource", "use Entra ID (entra instead of key_file), or enable keys (disableLocalAuth)"},
	{403, "UnsupportedFeature", "limited access to liveness detection is not granted to this subscription", "apply for it at https://aka.ms/facerecognition"},
	{403, faceclient.CodeQuotaExceeded, "the month's quota of requests is used up", "wait until it is renewed, set api.monthly_request_budget or raise refresh.interval, or move the resource from F0 to S0"},
	{404, "404", "this resource has no list of sessions in API version {version}", otherVersion},
	{404, "ResourceNotFound", "this resource has no list of sessions in API version {version}", otherVersion},
	{404, "SessionNotFound", "the service does not find the session after which the page was to start, even after the list was read again from its beginning", reportBug},
	{409, "ConcurrentOperationConflict", "another operation was under way", TryAgain},
	{415, "BadArgument", "the service refuses the media type of the request", "check whether a proxy changes the headers of requests"},
	{429, "429", "the resource's rate limit is used up, by this exporter or by your application", "lower api.max_requests_per_second or raise refresh.interval"},
	{500, "500", "the service failed", TryAgain},
	{500, "Unspecified", "the service failed", TryAgain},
	{502, "502", "a gateway in front of the service failed", TryAgain},
	{503, "503", "the service is not available", TryAgain},
	{504, "504", "a gateway in front of the service stopped waiting for it", TryAgain},

	{402, "402", "payment is required", "check that the subscription is active and paid"},
	{407, "407", "the proxy wants credentials", "put user and password into the address in HTTPS_PROXY"},
	{408, "408", "the service stopped waiting for the request", TryAgain},
	{410, "410", "this address is gone for good: API version {version} may have been retired", otherVersion},

	{0, faceclient.CodeTimeout, "no whole answer came in time", TryAgain + ". Else " + checkNetwork + ", raise api.request_timeout or lower api.page_size"},
	{0, faceclient.CodeConnection, "the connection failed or broke", checkNetwork + ", and scheme and port of endpoint"},
	{0, faceclient.CodeTLS, "the TLS connection is refused", "check the certificate of the endpoint or the proxy, the system's CAs and tls.ca_file"},
	{0, faceclient.CodeRedirect, "the endpoint redirects, and a key is never sent on", "use the resource's own address as endpoint"},
	{0, faceclient.CodeInvalidResponse, "the answer is not a list of sessions, or not about the session that was asked for", noFaceThere + ". Else " + reportBug},
	{0, faceclient.CodeCanceled, "the exporter gave up the request, because it stops, its configuration changed, or a refresh was due during a look-up", ""},
	{0, faceclient.CodePagination, "the pages do not add up to a list", "report a bug with the log of one refresh at --log.level=debug"},
	{0, faceclient.CodePanic, "this program has a bug: it panicked", "report it with the stack in the log line"},
	{0, faceclient.CodeAuthentication, "no credential could be obtained", "check key_file, or the fields below entra"},
}

// detailRows are what the details mean, in the order in which package faceclient has them.
//
//nolint:gochecknoglobals // a table that never changes
var detailRows = []row{
	{0, string(faceclient.DetailNameNotResolved), "the name of the endpoint's host is not resolved", "check endpoint for a typing error, and DNS. With a private endpoint, link its DNS zone to this network"},
	{0, string(faceclient.DetailRefused), "the connection is refused: nothing listens at that address and port", "check host and port of endpoint, and the firewall"},
	{0, string(faceclient.DetailUnreachable), "the endpoint cannot be reached from here, or not in time", "check DNS, the network and the firewall (port 443), or set HTTPS_PROXY"},
	{0, string(faceclient.DetailReset), "the other side broke the connection before the answer was whole", checkNetwork},
	{0, string(faceclient.DetailProxyUnreachable), "the proxy cannot be reached", "check the address in HTTPS_PROXY and whether the proxy runs, or name the host in NO_PROXY"},
	{0, string(faceclient.DetailProxyRefuses), "the proxy refuses to connect to the host", "allow the host in the proxy, put user and password into the address in HTTPS_PROXY if the proxy wants them, or name the host in NO_PROXY"},
	{0, string(faceclient.DetailNoPage), "no page arrived within refresh.timeout", "see what failed before that, or raise refresh.timeout or api.max_requests_per_second"},

	{0, string(faceclient.DetailUnknownAuthority), "the certificate is signed by an authority that is not trusted", "if there is a TLS-inspecting proxy, or the endpoint is your own, set tls.ca_file to the CA"},
	{0, string(faceclient.DetailExpired), "the certificate has expired or is not valid yet", "check the clock of this machine, or have the certificate renewed"},
	{0, string(faceclient.DetailAnotherName), "the certificate is for another name", "use the name of the certificate in endpoint, or set tls.server_name"},
	{0, string(faceclient.DetailTLSProtocol), "the TLS handshake failed: the other side refuses it, or speaks no TLS from version 1.2 on", "check scheme and port of endpoint, what is between it and the exporter, and whether the endpoint wants a client certificate (tls.cert_file)"},
	{0, string(faceclient.DetailTLSFiles), "a file with certificates cannot be used, or the other side refuses or misses the client certificate", "check tls.ca_file, tls.cert_file and tls.key_file"},

	{0, string(faceclient.DetailKeyFileMissing), "the file with the key or the secret is not there", "check the path in key_file or in the fields below entra. Paths are relative to the configuration file's folder"},
	{0, string(faceclient.DetailKeyFileUnreadable), "the file with the key or the secret cannot be read", "let the user that the exporter runs as read it, and check the file system that it is on"},
	{0, string(faceclient.DetailKeyFileUnusable), "the file is empty, or holds something that cannot be a key or a secret", "write only the secret into it, in one line of ASCII: --config.check says what is wrong. For client_certificate_file: an RSA certificate and its key, as PEM without a password"},
	{0, string(faceclient.DetailSignInRefused), "Entra ID refuses the sign-in ({kind}) with AADSTS{aadsts}", "look at https://login.microsoftonline.com/error?code={aadsts}, and check the fields below entra"},
	{0, string(faceclient.DetailSignInUnreachable), "the sign-in of Entra ID ({kind}) gives no token, or not within 10 s", "allow login.microsoftonline.com, or the sign-in of your cloud, in the firewall and the proxy. With azure_cli, check that az account get-access-token ends"},
	{0, string(faceclient.DetailIMDSUnreachable), "the identity endpoint of this machine (IMDS, 169.254.169.254) gives no token", "run the exporter on a machine in Azure that has a managed identity, allow the address in the firewall or network policy, or choose another entra.credential"},
	{0, string(faceclient.DetailSeveralIdentities), "several managed identities are assigned to this machine, and none is named", "set entra.client_id or AZURE_CLIENT_ID to the client id of one of them"},
	{0, string(faceclient.DetailCLINotFound), "az is not found: the Azure CLI is not installed here, or not in PATH", "install it, or choose another entra.credential"},
	{0, string(faceclient.DetailCLINotLoggedIn), "az is not logged in", "run az login as the user that the exporter runs as"},
	{0, string(faceclient.DetailNoCredential), "there is nothing to sign in with ({kind}): no environment variables, workload identity, managed identity or az login", "set FACE_API_KEY or key_file, run az login, or check the fields below entra. With workload_identity, label the pod azure.workload.identity/use: \"true\" and annotate its service account"},

	{0, string(faceclient.DetailRoleMissing), "the Entra ID principal has no role that allows this", lowestRole},
	{0, string(faceclient.DetailCustomSubdomain), "a regional endpoint accepts neither tokens of Entra ID nor requests to a resource with network rules", "use the resource's own subdomain, https://NAME.cognitiveservices.azure.com, as endpoint, or a key"},
	{0, string(faceclient.DetailNetworkRules), "the resource's network rules refuse the address of this machine, or public access is disabled", "allow the address in the resource's network rules, or use its private endpoint: the endpoint's name must resolve to the private address"},
	{0, string(faceclient.DetailAPIVersionNotOffered), "the resource does not offer API version {version}", otherVersion},

	{0, string(faceclient.DetailTooManyPages), "the list needs {pages} pages or more, and api.max_pages is lower", "raise api.max_pages"},
	{0, string(faceclient.DetailNoAttempts), "the list has to be read again from its beginning, and the budget has no request left for it", "raise api.monthly_request_budget or refresh.interval"},
}

const (
	federation = "compare issuer, subject and audience of the federated credential with the cluster, the namespace and the service account"
	number     = " ({kind}, AADSTS{aadsts})"
)

// signInRows are the numbers of Entra ID that a first set-up meets.
//
//nolint:gochecknoglobals // a table that never changes
var signInRows = map[int]row{
	7000215: {Meaning: "Entra ID refuses the client secret" + number, Remedy: "write the secret's value, not its id, into entra.client_secret_file"},
	7000222: {Meaning: "the client secret has expired" + number, Remedy: "make a new one and write it into entra.client_secret_file"},
	700016:  {Meaning: "Entra ID does not know the application in this tenant" + number, Remedy: "check entra.client_id and entra.tenant_id"},
	90002:   {Meaning: "Entra ID does not know the tenant" + number, Remedy: "check entra.tenant_id and entra.cloud"},
	900023:  {Meaning: "entra.tenant_id is not a valid tenant" + number, Remedy: "check entra.tenant_id"},
	70021:   {Meaning: "no federated credential fits this service account" + number, Remedy: federation},
	700211:  {Meaning: "no federated credential fits the issuer" + number, Remedy: federation},
	700213:  {Meaning: "no federated credential fits the subject" + number, Remedy: federation},
	53003:   {Meaning: "conditional access refuses the sign-in" + number, Remedy: "ask the administrator of the tenant to allow it"},
	7000112: {Meaning: "the application is disabled in Entra ID" + number, Remedy: "have it enabled, or use another one"},
}
