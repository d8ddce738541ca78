package explain

import "face_liveness_exporter/faceclient"

// Row is what a code with a status, or a detail, means and what to do about it. The words can hold {code}, {status},
// {version} of the API, {kind} of the sign-in and its {aadsts} number, and the {pages} that a list needs.
type Row struct {
	// Status is the HTTP status; 0 stands for any, and for none where no answer came.
	Status int
	// Code is the label error_code. For a detail it is "" where the words are the same for all codes.
	Code string
	// Detail is what the row is about, "" for a code.
	Detail faceclient.Detail
	// Meaning and Remedy are as in [Explanation].
	Meaning, Remedy string
}

// TryAgain begins the remedy for what usually passes. It may go on with what to do where it does not: ". Else …".
const TryAgain = "nothing, if it passes: the exporter tries again by itself"

const (
	leastRole    = "assign the role Cognitive Services Data Reader (b59867f0-fa02-499b-be73-45a86b5b3e1c) on this resource, or a custom role with the data action Microsoft.CognitiveServices/accounts/Face/*/sessions/read, and wait ten minutes"
	reportBug    = "report a bug with the client_request_id of the log line"
	reportPages  = "report a bug with the log of one refresh at --log.level=debug"
	noFaceThere  = "check that endpoint is the address of a Face resource, and that no portal or proxy answers for it"
	checkNetwork = "check the network, the firewall and the proxy between here and the endpoint"
)

// CodeRows are what the codes mean where no detail is known: the documented answers of the list first, then HTTP statuses
// without a code, then what goes wrong before there is an answer. A code comes twice where its meaning depends on the
// status. Each call makes a new slice.
func CodeRows() []Row {
	return []Row{
		{Status: 400, Code: "BadArgument", Meaning: "the service refuses start or top", Remedy: "lower api.page_size, or report a bug of this exporter"},
		{Status: 400, Code: "BadRequest", Meaning: "the service refuses the request, for example a token of Entra ID at a regional endpoint", Remedy: "with Entra ID, use the resource's own subdomain as endpoint, or a key"},
		{Status: 401, Code: "401", Meaning: "the key or token is not accepted", Remedy: "check that the key belongs to the resource of this endpoint, or with Entra ID the role and the endpoint"},
		{Status: 401, Code: "Unspecified", Meaning: "the key or token is not accepted", Remedy: "check that the key belongs to the resource of this endpoint, or with Entra ID the role and the endpoint"},
		{Status: 401, Code: "PermissionDenied", Meaning: "the Entra ID principal has no role that allows this", Remedy: leastRole},
		{Status: 403, Code: "403", Meaning: "the service forbids the access and does not say why", Remedy: "check the resource's network rules, and whether the subscription is active and approved for liveness detection"},
		{Status: 403, Code: "UnsupportedFeature", Meaning: "limited access to liveness detection is not granted to this subscription", Remedy: "apply for it at https://aka.ms/facerecognition"},
		{Status: 403, Code: faceclient.CodeQuotaExceeded, Meaning: "the month's quota of requests is used up", Remedy: "wait until it is renewed, set api.monthly_request_budget or raise refresh.interval, or move the resource from F0 to S0"},
		{Status: 404, Code: "404", Meaning: "this resource has no list of sessions in API version {version}", Remedy: "check that endpoint is the address of a Face resource, and try the other api.version of v1.2-preview.1 and v1.1-preview.1"},
		{Status: 404, Code: "ResourceNotFound", Meaning: "this resource has no list of sessions in API version {version}", Remedy: "check that endpoint is the address of a Face resource, and try the other api.version of v1.2-preview.1 and v1.1-preview.1"},
		{Status: 404, Code: "SessionNotFound", Meaning: "the service does not find the session after which the page was to start, even after the list was read again from its beginning", Remedy: reportBug},
		{Status: 409, Code: "ConcurrentOperationConflict", Meaning: "another operation was under way", Remedy: TryAgain},
		{Status: 415, Code: "BadArgument", Meaning: "the service refuses the media type of the request", Remedy: "check whether a proxy changes the headers of requests"},
		{Status: 429, Code: "429", Meaning: "the resource's rate limit is used up, by this exporter or by your application", Remedy: "lower api.max_requests_per_second or raise refresh.interval"},
		{Status: 500, Code: "500", Meaning: "the service failed", Remedy: TryAgain},
		{Status: 500, Code: "Unspecified", Meaning: "the service failed", Remedy: TryAgain},
		{Status: 502, Code: "502", Meaning: "a gateway before the service failed", Remedy: TryAgain},
		{Status: 503, Code: "503", Meaning: "the service is not available", Remedy: TryAgain},
		{Status: 504, Code: "504", Meaning: "a gateway before the service gave up waiting for it", Remedy: TryAgain},

		{Status: 101, Code: "101", Meaning: "the other side changes the protocol, which nobody asked for", Remedy: noFaceThere},
		{Status: 202, Code: faceclient.CodeInvalidResponse, Meaning: "the service has accepted the request and sends no list", Remedy: noFaceThere},
		{Status: 204, Code: faceclient.CodeInvalidResponse, Meaning: "the answer has no content, not even an empty list", Remedy: noFaceThere},
		{Status: 402, Code: "402", Meaning: "payment is required", Remedy: "check that the subscription is active and paid"},
		{Status: 407, Code: "407", Meaning: "the proxy wants credentials", Remedy: "put user and password into the address in HTTPS_PROXY"},
		{Status: 408, Code: "408", Meaning: "the service gave up waiting for the request", Remedy: TryAgain},
		{Status: 410, Code: "410", Meaning: "this address is gone for good: API version {version} may have been retired", Remedy: "try the other api.version of v1.2-preview.1 and v1.1-preview.1"},
		{Status: 425, Code: "425", Meaning: "the service does not take the request so early in the connection", Remedy: TryAgain},
		{Status: 451, Code: "451", Meaning: "the access is refused for legal reasons", Remedy: "ask whoever runs the proxy or the network"},
		{Status: 520, Code: "520", Meaning: "a content delivery network got no proper answer from the server behind it", Remedy: noFaceThere},
		{Status: 529, Code: "529", Meaning: "the service is overloaded", Remedy: TryAgain},

		{Code: faceclient.CodeTimeout, Meaning: "no whole answer came in time", Remedy: checkNetwork + ", or raise api.request_timeout"},
		{Code: faceclient.CodeConnection, Meaning: "the connection failed or broke", Remedy: checkNetwork},
		{Code: faceclient.CodeTLS, Meaning: "the TLS connection is refused", Remedy: "check the endpoint, the system's CAs and tls.ca_file"},
		{Code: faceclient.CodeRedirect, Meaning: "the endpoint redirects, and a key is never sent on", Remedy: "use the resource's own address as endpoint"},
		{Code: faceclient.CodeInvalidResponse, Meaning: "the answer is not a list of sessions", Remedy: noFaceThere},
		{Code: faceclient.CodeCanceled, Meaning: "the exporter gave up the request, because it stops, its configuration changed, or a refresh was due during a look-up", Remedy: ""},
		{Code: faceclient.CodePagination, Meaning: "the pages do not add up to a list", Remedy: reportPages},
		{Code: faceclient.CodePanic, Meaning: "this program has a bug: it panicked", Remedy: "report it with the stack in the log line"},
		{Code: faceclient.CodeAuthentication, Meaning: "no credential could be obtained", Remedy: "check key_file, or the fields below entra"},
	}
}

// DetailRows are what the details mean. Each call makes a new slice.
func DetailRows() []Row {
	return append(append(append(connectionRows(), credentialRows()...), refusalRows()...), answerRows()...)
}

func connectionRows() []Row {
	return []Row{
		{Detail: faceclient.DetailNameNotResolved, Meaning: "the name of the endpoint's host is not resolved", Remedy: "check endpoint for a typing error, and DNS. With a private endpoint, link its DNS zone to this network"},
		{Detail: faceclient.DetailRefused, Meaning: "the connection is refused: nothing listens at that address and port", Remedy: "check host and port of endpoint, and the firewall"},
		{Detail: faceclient.DetailUnreachable, Meaning: "the endpoint cannot be reached from here", Remedy: "check the network and the firewall (port 443), or set HTTPS_PROXY"},
		{Detail: faceclient.DetailReset, Meaning: "the other side broke the connection before the answer was whole", Remedy: checkNetwork},
		{Detail: faceclient.DetailEndsEarly, Meaning: "the answer ends early", Remedy: checkNetwork},
		{Detail: faceclient.DetailNotHTTP, Meaning: "what comes back is not valid HTTP/1.1", Remedy: noFaceThere},
		{Detail: faceclient.DetailLongHeader, Meaning: "the headers of the answer are longer than 64 KiB", Remedy: noFaceThere},
		{Detail: faceclient.DetailProxyUnreachable, Meaning: "the proxy cannot be reached, or does not answer in time", Remedy: "check the address in HTTPS_PROXY and whether the proxy runs, or name the endpoint's host in NO_PROXY"},
		{Detail: faceclient.DetailProxyRefuses, Meaning: "the proxy refuses to connect to the endpoint or the sign-in", Remedy: "allow the endpoint's host in the proxy, and with Entra ID that of the sign-in, or name it in NO_PROXY"},
		{Detail: faceclient.DetailProxyCredentials, Meaning: "the proxy wants credentials", Remedy: "put user and password into the address in HTTPS_PROXY"},
		{Detail: faceclient.DetailProxyAddress, Meaning: "HTTPS_PROXY is not an address", Remedy: "write it as http://host:port"},
		{Detail: faceclient.DetailHandshake, Meaning: "the TLS handshake was not finished in time", Remedy: checkNetwork},
		{Detail: faceclient.DetailNoAnswer, Meaning: "the request was sent, and no answer or only a part of its headers came in time", Remedy: TryAgain + ". Else " + checkNetwork + ", or raise api.request_timeout"},
		{Detail: faceclient.DetailSlowBody, Meaning: "the answer began, but was not whole in time", Remedy: "raise api.request_timeout or lower api.page_size"},
		{Detail: faceclient.DetailNoPage, Meaning: "no page arrived within refresh.timeout", Remedy: "see what failed before that, or raise refresh.timeout, api.max_requests_per_second or refresh.max_concurrent"},

		{Detail: faceclient.DetailUnknownAuthority, Meaning: "the certificate is signed by an authority that is not trusted", Remedy: "if a proxy opens TLS, or the endpoint is your own, give the CA as tls.ca_file"},
		{Detail: faceclient.DetailExpired, Meaning: "the certificate has expired or is not valid yet", Remedy: "check the clock of this machine, or have the certificate renewed"},
		{Detail: faceclient.DetailAnotherName, Meaning: "the certificate is for another name", Remedy: "use the name of the certificate in endpoint, or set tls.server_name"},
		{Detail: faceclient.DetailCertificate, Meaning: "the certificate is not valid", Remedy: "have the certificate of the endpoint or the proxy replaced"},
		{Detail: faceclient.DetailClientCertificate, Meaning: "the other side requires a client certificate, or refuses the one it got", Remedy: "check tls.cert_file and tls.key_file"},
		{Detail: faceclient.DetailTLSProtocol, Meaning: "the TLS handshake failed: the other side refuses it, or speaks no TLS from version 1.2 on", Remedy: "check scheme and port of endpoint, what is between it and the exporter, and whether the endpoint wants a client certificate (tls.cert_file)"},
		{Detail: faceclient.DetailTLSFiles, Meaning: "a file with certificates cannot be read, or has no certificate", Remedy: "check tls.ca_file, tls.cert_file and tls.key_file"},
	}
}

func credentialRows() []Row {
	return []Row{
		{Detail: faceclient.DetailKeyFileMissing, Meaning: "the file with the key, client secret or certificate is not there", Remedy: "check the path in key_file, entra.client_secret_file or entra.client_certificate_file. A relative one starts at the configuration file's folder"},
		{Detail: faceclient.DetailKeyFileUnreadable, Meaning: "the file with the key, client secret or certificate cannot be read", Remedy: "let the user that the exporter runs as read it, and check the file system that it is on"},
		{Detail: faceclient.DetailKeyFileEmpty, Meaning: "the file with the key, client secret or certificate is empty", Remedy: "write the secret into it"},
		{Detail: faceclient.DetailKeyFileUnusable, Meaning: "the file holds something that cannot be a key, a client secret or a certificate with its private key", Remedy: "write only the secret into it, in one line of ASCII, or the certificate and its key as PEM: --config.check says what is wrong"},
		{Detail: faceclient.DetailSignInRefused, Meaning: "Entra ID refuses the sign-in ({kind}) with AADSTS{aadsts}", Remedy: "look at https://login.microsoftonline.com/error?code={aadsts}, and check the fields below entra"},
		{Detail: faceclient.DetailSignInUnreachable, Meaning: "the sign-in of Entra ID ({kind}) cannot be reached, takes longer than 10 s, or gives no token", Remedy: "allow login.microsoftonline.com, or the sign-in of your cloud, in the firewall and the proxy, and check that no portal answers for it"},
		{Detail: faceclient.DetailIMDSUnreachable, Meaning: "the identity endpoint of this machine (IMDS, 169.254.169.254) cannot be reached, or gives no token", Remedy: "run the exporter where there is a managed identity, allow the address in the firewall or network policy, or choose another entra.credential"},
		{Detail: faceclient.DetailSeveralIdentities, Meaning: "several managed identities are assigned to this machine", Remedy: "say which one: set entra.client_id with entra.credential managed_identity, or the environment variable AZURE_CLIENT_ID"},
		{Detail: faceclient.DetailCLINotFound, Meaning: "az is not found: the Azure CLI is not installed here, or not in PATH", Remedy: "install it, or choose another entra.credential"},
		{Detail: faceclient.DetailCLINotLoggedIn, Meaning: "az is not logged in", Remedy: "run az login as the user that the exporter runs as"},
		{Detail: faceclient.DetailNoCredential, Meaning: "there is nothing to sign in with ({kind})", Remedy: "assign a managed identity to the machine or correct entra.client_id, in Kubernetes label the pod azure.workload.identity/use: \"true\" and annotate its service account, or run az login. Else set key_file or FACE_API_KEY"},
	}
}

func refusalRows() []Row {
	return []Row{
		{Detail: faceclient.DetailKeyNotAccepted, Meaning: "the key is not accepted: it is wrong, or belongs to another resource or region", Remedy: "copy the key of the resource of this endpoint again"},
		{Detail: faceclient.DetailTokenNotAccepted, Meaning: "the token of Entra ID is not accepted", Remedy: "check entra.tenant_id, and that the tenant is that of the resource"},
		{Detail: faceclient.DetailTokenAudience, Meaning: "the token of Entra ID is for another cloud or service", Remedy: "set entra.cloud to the cloud of the endpoint"},
		{Detail: faceclient.DetailRoleMissing, Meaning: "the Entra ID principal has no role that allows this", Remedy: leastRole},
		{Detail: faceclient.DetailKeysDisabled, Meaning: "keys are switched off for this resource", Remedy: "use Entra ID (entra in place of key_file), or have keys switched on (disableLocalAuth)"},
		{Detail: faceclient.DetailCustomSubdomain, Meaning: "a regional endpoint accepts neither tokens of Entra ID nor requests to a resource with network rules", Remedy: "use the resource's own subdomain, https://NAME.cognitiveservices.azure.com, as endpoint, or a key"},
		{Detail: faceclient.DetailFirewall, Meaning: "the resource's network rules refuse the address of this machine", Remedy: "allow the address in the resource's network rules, or use its private endpoint"},
		{Detail: faceclient.DetailPublicAccess, Meaning: "public access to the resource is switched off", Remedy: "use its private endpoint: the endpoint's name must resolve to the private address"},
		{Detail: faceclient.DetailResourceDisabled, Meaning: "the resource or its subscription is disabled", Remedy: "check in the portal that the subscription is active and paid"},
		{Detail: faceclient.DetailLimitedAccess, Meaning: "limited access to liveness detection is not granted to this subscription", Remedy: "apply for it at https://aka.ms/facerecognition"},
		{Detail: faceclient.DetailAPIVersionNotOffered, Meaning: "the resource does not offer API version {version}", Remedy: "try the other api.version of v1.2-preview.1 and v1.1-preview.1"},
		{Detail: faceclient.DetailStartRefused, Meaning: "the service refuses the place at which a page was to start", Remedy: reportBug},
		{Detail: faceclient.DetailTopRefused, Meaning: "the service refuses the number of sessions that a page was to have", Remedy: "lower api.page_size"},
		{Detail: faceclient.DetailLongWait, Meaning: "the service asks to wait longer than refresh.timeout, because the rate limit of the resource is used up, by this exporter or by your application", Remedy: "lower api.max_requests_per_second or raise refresh.interval"},
	}
}

func answerRows() []Row {
	item := func(detail faceclient.Detail, what string) Row {
		return Row{Detail: detail, Meaning: "the answer is not a list of sessions: " + what, Remedy: reportBug}
	}
	return []Row{
		{Detail: faceclient.DetailTooLarge, Meaning: "the answer is larger than a page of sessions can be", Remedy: noFaceThere},
		{Detail: faceclient.DetailNoJSON, Meaning: "the answer is not a list of sessions: it is not JSON", Remedy: noFaceThere},
		{Detail: faceclient.DetailNoList, Meaning: "the answer is not a list of sessions: it is not an array", Remedy: noFaceThere},
		{Detail: faceclient.DetailMoreAfter, Meaning: "the answer is not a list of sessions: there is more after the array", Remedy: noFaceThere},
		item(faceclient.DetailNoObject, "an item is not an object"),
		item(faceclient.DetailFieldMissing, "an item lacks id, createdDateTime or sessionExpired"),
		item(faceclient.DetailBadID, "an id is not a string"),
		item(faceclient.DetailBadCreated, "a createdDateTime is not a date and time of RFC 3339"),
		item(faceclient.DetailBadStarted, "a sessionStartDateTime is not a date and time of RFC 3339"),
		item(faceclient.DetailBadExpired, "a sessionExpired is not a boolean"),
		item(faceclient.DetailBadDevice, "a deviceCorrelationId is not a string"),
		item(faceclient.DetailBadTTL, "an authTokenTimeToLiveInSeconds is not a number of seconds"),
		{Detail: faceclient.DetailLongID, Meaning: "an id has more than 64 characters, so that the rest of the list cannot be read", Remedy: reportBug},
		{Detail: faceclient.DetailRepeats, Meaning: "the pages do not add up to a list: one ends where an earlier one did", Remedy: reportPages},
		{Detail: faceclient.DetailNothingNew, Meaning: "the pages do not add up to a list: one brings nothing new", Remedy: reportPages},
		{Detail: faceclient.DetailUnordered, Meaning: "the sessions are in no order, and there are more than 2,000,000 of them or the list does not end", Remedy: reportPages},
		{Detail: faceclient.DetailTooManyPages, Meaning: "the list needs at least {pages} pages, which is more than api.max_pages", Remedy: "raise api.max_pages"},
		{Detail: faceclient.DetailNoAttempts, Meaning: "the list has to be read again from its beginning, and the budget has no request left for it", Remedy: "raise api.monthly_request_budget or refresh.interval"},
	}
}

// signInRow is what a number of Entra ID means.
type signInRow struct {
	AADSTS          int
	Meaning, Remedy string
}

// signInRows are the numbers that a first set-up meets.
func signInRows() []signInRow {
	const federation = "compare issuer, subject and audience of the federated credential with the cluster, the namespace and the service account"
	return []signInRow{
		{7000215, "Entra ID refuses the client secret ({kind}, AADSTS{aadsts})", "write the secret's value, not its id, into entra.client_secret_file"},
		{7000222, "the client secret has expired ({kind}, AADSTS{aadsts})", "make a new one and write it into entra.client_secret_file"},
		{700016, "Entra ID does not know the application in this tenant ({kind}, AADSTS{aadsts})", "check entra.client_id and entra.tenant_id"},
		{90002, "Entra ID does not know the tenant ({kind}, AADSTS{aadsts})", "check entra.tenant_id and entra.cloud"},
		{900023, "entra.tenant_id is not a valid tenant ({kind}, AADSTS{aadsts})", "check entra.tenant_id"},
		{70021, "no federated credential fits this service account ({kind}, AADSTS{aadsts})", federation},
		{700211, "no federated credential fits the issuer ({kind}, AADSTS{aadsts})", federation},
		{700213, "no federated credential fits the subject ({kind}, AADSTS{aadsts})", federation},
		{53003, "conditional access refuses the sign-in ({kind}, AADSTS{aadsts})", "ask the administrator of the tenant to allow it"},
		{7000112, "the application is disabled in Entra ID ({kind}, AADSTS{aadsts})", "have it enabled, or use another one"},
	}
}
