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
	"strings"
	"syscall"
)

// Detail says why a request failed if the code leaves that open: one for each different thing that a person does about it. It
// is one of the constants below, or "" if nothing more is known. It never holds what somebody sent.
type Detail string

// What can be behind [CodeConnection] and [CodeTimeout].
const (
	DetailNameNotResolved  Detail = "name_not_resolved"
	DetailRefused          Detail = "connection_refused"
	DetailUnreachable      Detail = "unreachable"      // or no connection was ready in time
	DetailReset            Detail = "connection_reset" // before the answer was whole
	DetailProxyUnreachable Detail = "proxy_unreachable"
	DetailProxyRefuses     Detail = "proxy_refuses"
	DetailNoPage           Detail = "no_page" // a refresh received none for too long
)

// What can be behind [CodeTLS].
const (
	DetailUnknownAuthority Detail = "unknown_authority"
	DetailExpired          Detail = "certificate_expired" // or not valid yet
	DetailAnotherName      Detail = "another_name"
	DetailTLSProtocol      Detail = "tls_protocol"
	DetailTLSFiles         Detail = "tls_files" // our own certificates cannot be used
)

// What can be behind [CodeAuthentication].
const (
	DetailKeyFileMissing    Detail = "key_file_missing"
	DetailKeyFileUnreadable Detail = "key_file_unreadable"
	DetailKeyFileUnusable   Detail = "key_file_unusable" // it is empty, or holds something that cannot be a key
	DetailSignInRefused     Detail = "sign_in_refused"   // Error.AADSTS says why
	DetailSignInUnreachable Detail = "sign_in_unreachable"
	DetailIMDSUnreachable   Detail = "imds_unreachable"
	DetailSeveralIdentities Detail = "several_identities" // of the machine, and none is named
	DetailCLINotFound       Detail = "az_not_found"
	DetailCLINotLoggedIn    Detail = "az_not_logged_in"
	DetailNoCredential      Detail = "no_credential_found"
)

// What can be behind a refusal of the service: several reasons share a status and often a code.
const (
	DetailRoleMissing          Detail = "role_missing"
	DetailCustomSubdomain      Detail = "custom_subdomain_needed"
	DetailNetworkRules         Detail = "network_rules"
	DetailAPIVersionNotOffered Detail = "api_version_not_offered"
)

// What can be behind [CodePagination].
const (
	DetailTooManyPages Detail = "too_many_pages"
	DetailNoAttempts   Detail = "no_attempts_left"
)

// ErrTLSFiles is the reason that a transport wraps if a file with certificates cannot be read or used.
var ErrTLSFiles = errors.New("the file has no usable certificate")

// TransportDetail tells why a transport has no answer; "" if that is not known.
func TransportDetail(err error) Detail {
	if detail, is := tlsDetail(err); is {
		return detail
	}
	return connectionDetail(err)
}

// tlsDetail reports whether an error is one of TLS, and which.
func tlsDetail(err error) (detail Detail, is bool) {
	certificate, invalid := errors.AsType[x509.CertificateInvalidError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, anotherName := errors.AsType[x509.HostnameError](err)
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	operation, isOperation := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, ErrTLSFiles):
		return DetailTLSFiles, true
	case invalid && certificate.Reason == x509.Expired:
		return DetailExpired, true
	case unknown:
		return DetailUnknownAuthority, true
	case anotherName:
		return DetailAnotherName, true
	case unverified:
		return "", true
	case isOperation && (operation.Op == "remote error" || operation.Op == "local error"): // how crypto/tls reports an alert
		return DetailTLSProtocol, true
	}
	// crypto/tls has no types for the rest.
	return DetailTLSProtocol, plain || errors.Is(err, http.ErrSchemeMismatch) || strings.HasPrefix(err.Error(), "tls: ")
}

// connectionDetail tells why no connection came about, or why it broke.
func connectionDetail(err error) Detail {
	operation, isOperation := errors.AsType[*net.OpError](err)
	_, isName := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, errProxyRefuses), isOperation && strings.HasPrefix(operation.Op, "socks"):
		return DetailProxyRefuses
	case isOperation && operation.Op == "proxyconnect":
		return DetailProxyUnreachable
	case isName:
		return DetailNameNotResolved
	case errors.Is(err, syscall.ECONNREFUSED):
		return DetailRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		strings.Contains(err.Error(), "server closed idle connection"): // net/http has no type for it
		return DetailReset
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ETIMEDOUT),
		isOperation && operation.Op == "dial":
		return DetailUnreachable
	}
	return ""
}

// secretDetail tells why a secret could not be read.
func secretDetail(err error) Detail {
	_, system := errors.AsType[syscall.Errno](err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return DetailKeyFileMissing
	case system, errors.Is(err, fs.ErrPermission):
		return DetailKeyFileUnreadable
	}
	return DetailKeyFileUnusable
}

// fromTransport turns an error that sending or reading ended with into an Error, and drops its text. The reason why the context
// ended says more than the error that this caused.
func fromTransport(ctx context.Context, err error) *Error {
	if cause := context.Cause(ctx); errors.Is(cause, errAttemptTimeout) {
		return &Error{Code: CodeTimeout, cause: cause}
	} else if cause != nil {
		return canceled(nil)
	}
	e := &Error{Code: CodeConnection, Detail: TransportDetail(err), cause: err}
	slow, isNetwork := errors.AsType[net.Error](err)
	if _, is := tlsDetail(err); is {
		e.Code = CodeTLS
	} else if e.Detail == "" && isNetwork && slow.Timeout() {
		e.Code, e.Detail = CodeTimeout, DetailUnreachable // such as a TLS handshake's own
	}
	return e
}

// canceled is the error of a request that was given up after this failure, or nil.
func canceled(before *Error) *Error {
	return &Error{Code: CodeCanceled, Before: before, cause: context.Canceled}
}
