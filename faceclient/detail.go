package faceclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
)

// Detail says why a request failed where the code leaves that open. It is one of the constants below, or "" where nothing
// more is known. It never holds what somebody sent.
type Detail string

// What can be behind [CodeConnection] and [CodeTimeout].
const (
	DetailNameNotResolved  Detail = "name_not_resolved"
	DetailRefused          Detail = "connection_refused"
	DetailUnreachable      Detail = "unreachable"
	DetailReset            Detail = "connection_reset"
	DetailEndsEarly        Detail = "answer_ends_early"
	DetailNotHTTP          Detail = "not_http"
	DetailLongHeader       Detail = "header_too_long"
	DetailProxyUnreachable Detail = "proxy_unreachable"
	DetailProxyRefuses     Detail = "proxy_refuses"
	DetailProxyCredentials Detail = "proxy_wants_credentials" //nolint:gosec // a name, no credential
	DetailProxyAddress     Detail = "proxy_address"
	DetailHandshake        Detail = "no_tls_handshake" // none was finished in time
	DetailNoAnswer         Detail = "no_answer"        // the request was sent
	DetailSlowBody         Detail = "slow_body"        // the answer had begun
	DetailNoPage           Detail = "no_page"          // a refresh received none for too long
)

// What can be behind [CodeTLS].
const (
	DetailUnknownAuthority  Detail = "unknown_authority"
	DetailExpired           Detail = "certificate_expired" // or not valid yet
	DetailAnotherName       Detail = "another_name"
	DetailCertificate       Detail = "certificate_invalid" // in another way
	DetailClientCertificate Detail = "client_certificate"  // the service refuses ours, or misses it
	DetailTLSProtocol       Detail = "tls_protocol"
	DetailTLSFiles          Detail = "tls_files" // a file with certificates cannot be used
)

// What can be behind [CodeAuthentication].
const (
	DetailKeyFileMissing    Detail = "key_file_missing"
	DetailKeyFileUnreadable Detail = "key_file_unreadable"
	DetailKeyFileEmpty      Detail = "key_file_empty"
	DetailKeyFileUnusable   Detail = "key_file_unusable" // it holds something that cannot be a key
	DetailSignInRefused     Detail = "sign_in_refused"   // Error.AADSTS says why
	DetailSignInUnreachable Detail = "sign_in_unreachable"
	DetailIMDSUnreachable   Detail = "imds_unreachable"
	DetailSeveralIdentities Detail = "several_identities" // IMDS does not know which is meant
	DetailCLINotFound       Detail = "az_not_found"
	DetailCLINotLoggedIn    Detail = "az_not_logged_in"
	DetailNoCredential      Detail = "no_credential_found" // nothing to sign in with is there
)

// What can be behind a refusal of the service: several reasons share a status and often a code.
const (
	DetailKeyNotAccepted       Detail = "key_not_accepted"
	DetailTokenNotAccepted     Detail = "token_not_accepted" //nolint:gosec // a name, no credential
	DetailTokenAudience        Detail = "token_audience"     //nolint:gosec // a name, no credential
	DetailRoleMissing          Detail = "role_missing"
	DetailKeysDisabled         Detail = "keys_disabled"
	DetailCustomSubdomain      Detail = "custom_subdomain_needed"
	DetailFirewall             Detail = "firewall"
	DetailPublicAccess         Detail = "public_access_disabled"
	DetailResourceDisabled     Detail = "resource_disabled"
	DetailLimitedAccess        Detail = "limited_access"
	DetailAPIVersionNotOffered Detail = "api_version_not_offered"
	DetailStartRefused         Detail = "start_refused"
	DetailTopRefused           Detail = "top_refused"
	DetailLongWait             Detail = "long_wait" // the service asks to wait longer than a refresh may
)

// What can be behind [CodeInvalidResponse] and [CodePagination].
const (
	DetailTooLarge     Detail = "too_large"
	DetailNoJSON       Detail = "no_json"
	DetailNoList       Detail = "no_list"
	DetailMoreAfter    Detail = "more_after_the_list"
	DetailNoObject     Detail = "item_no_object"
	DetailFieldMissing Detail = "item_field_missing"
	DetailBadID        Detail = "item_id"
	DetailBadCreated   Detail = "item_created_date_time"
	DetailBadStarted   Detail = "item_session_start_date_time"
	DetailBadExpired   Detail = "item_session_expired"
	DetailBadDevice    Detail = "item_device_correlation_id"
	DetailBadTTL       Detail = "item_auth_token_time_to_live"
	DetailLongID       Detail = "id_too_long"
	DetailRepeats      Detail = "pages_repeat"
	DetailNothingNew   Detail = "nothing_new"
	DetailUnordered    Detail = "unordered_too_long"
	DetailTooManyPages Detail = "too_many_pages"
	DetailNoAttempts   Detail = "no_attempts_left"
)

// Reasons that a [Secret] or a transport gives by wrapping them, because no other package can tell them apart.
var (
	// ErrSecretEmpty says that the file of a secret is empty.
	ErrSecretEmpty = errors.New("the secret is empty")
	// ErrTLSFiles says that a file with certificates cannot be read or has none.
	ErrTLSFiles = errors.New("the file has no usable certificate")

	errProxyCredentials = errors.New("the proxy wants credentials")
	errProxyRefuses     = errors.New("the proxy refuses to connect")
	errProxyAddress     = errors.New("the address of the proxy is wrong")
)

// TransportDetail tells why sending failed, for a package that sends requests of its own by a transport of [NewTransport].
func TransportDetail(err error) Detail {
	_, detail := transportDetail(err)
	return detail
}

// transportDetail classifies what sending or reading ended with. The code is CodeTLS or CodeConnection.
func transportDetail(err error) (code string, detail Detail) {
	if errors.Is(err, ErrTLSFiles) {
		return CodeTLS, DetailTLSFiles
	}
	if detail, is := tlsDetail(err); is {
		return CodeTLS, detail
	}
	return CodeConnection, connectionDetail(err)
}

// tlsDetail reports whether an error is one of TLS, and which.
func tlsDetail(err error) (detail Detail, is bool) {
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired {
			return DetailExpired, true
		}
		return DetailCertificate, true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return DetailUnknownAuthority, true
	}
	if _, ok := errors.AsType[x509.SystemRootsError](err); ok {
		return DetailUnknownAuthority, true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return DetailAnotherName, true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return DetailCertificate, true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return DetailTLSProtocol, true
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok && (operation.Op == "remote error" || operation.Op == "local error") {
		return alertDetail(operation.Err), true // how crypto/tls reports an alert, the other side's or its own
	}
	return "", false
}

// alertDetail tells what a TLS alert means (RFC 8446, section 6.2). Alerts of crypto/tls have a type of their own, but the same
// texts as a tls.AlertError.
func alertDetail(alert error) Detail {
	for _, refusesCertificate := range []tls.AlertError{
		42,  // bad_certificate
		43,  // unsupported_certificate
		44,  // certificate_revoked
		45,  // certificate_expired
		46,  // certificate_unknown
		48,  // unknown_ca
		49,  // access_denied
		116, // certificate_required
	} {
		if alert.Error() == refusesCertificate.Error() {
			return DetailClientCertificate
		}
	}
	return DetailTLSProtocol
}

// connectionDetail tells why no connection came about, or why it broke.
func connectionDetail(err error) Detail {
	operation, isOperation := errors.AsType[*net.OpError](err)
	_, isName := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, errProxyCredentials):
		return DetailProxyCredentials
	case errors.Is(err, errProxyRefuses):
		return DetailProxyRefuses
	case errors.Is(err, errProxyAddress):
		return DetailProxyAddress
	case isOperation && operation.Op == "proxyconnect":
		return DetailProxyUnreachable
	case isOperation && strings.HasPrefix(operation.Op, "socks"):
		return DetailProxyRefuses
	case isName:
		return DetailNameNotResolved
	case errors.Is(err, syscall.ECONNREFUSED):
		return DetailRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return DetailReset
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ETIMEDOUT),
		isOperation && operation.Op == "dial":
		return DetailUnreachable
	case errors.Is(err, io.ErrUnexpectedEOF):
		return DetailEndsEarly
	case errors.Is(err, io.EOF):
		return DetailReset
	}
	// net/http has no types for these.
	switch text := err.Error(); {
	case strings.Contains(text, "malformed HTTP"), strings.Contains(text, "too many 1xx"), strings.Contains(text, "malformed MIME header"):
		return DetailNotHTTP
	case strings.Contains(text, "server response headers exceeded"):
		return DetailLongHeader
	case strings.Contains(text, "server closed idle connection"):
		return DetailReset
	}
	return ""
}

// secretDetail tells why a secret could not be read.
func secretDetail(err error) Detail {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return DetailKeyFileMissing
	case errors.Is(err, ErrSecretEmpty):
		return DetailKeyFileEmpty
	case errors.Is(err, fs.ErrPermission), errors.Is(err, os.ErrDeadlineExceeded):
		return DetailKeyFileUnreadable
	}
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		return DetailKeyFileUnreadable
	}
	return DetailKeyFileUnusable
}

// fromTransport turns an error that sending or reading ended with into an Error, and drops its text.
func fromTransport(err error) *Error {
	e := &Error{cause: err}
	switch {
	case errors.Is(err, errAttemptTimeout), errors.Is(err, context.DeadlineExceeded):
		e.Code = CodeTimeout
		switch detail := connectionDetail(err); detail {
		case DetailNameNotResolved, DetailUnreachable, DetailProxyUnreachable:
			e.Detail = detail
		}
	case errors.Is(err, context.Canceled):
		e.Code = CodeCanceled
	default:
		e.Code, e.Detail = transportDetail(err)
	}
	return e
}
