package entra

import (
	"errors"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"face_liveness_exporter/faceclient"
)

// aadsts is the number by which Entra ID says why it refuses a sign-in.
var aadsts = regexp.MustCompile(`AADSTS(\d{4,9})`)

// failure is a sign-in that failed. It does not wrap azidentity's error, whose text holds what the sign-in answered.
func failure(kind faceclient.EntraKind, detail faceclient.Detail) *faceclient.Error {
	return &faceclient.Error{Code: faceclient.CodeAuthentication, SignIn: kind, Detail: detail}
}

// explained tells why a sign-in has no token, by azidentity's error and what the last request met.
func explained(kind faceclient.EntraKind, last answer, err error) *faceclient.Error {
	_, failed := errors.AsType[*azidentity.AuthenticationFailedError](err) // else there was nothing to sign in with
	number := aadsts.FindStringSubmatch(err.Error())
	detail := unreachable(kind, last.err)
	switch {
	case number != nil:
		detail = faceclient.DetailSignInRefused
	case strings.Contains(err.Error(), "Multiple user assigned identities"):
		detail = faceclient.DetailSeveralIdentities
	case kind == faceclient.EntraAzureCLI && notFound("az"):
		detail = faceclient.DetailCLINotFound
	case kind == faceclient.EntraAzureCLI && strings.Contains(err.Error(), "az login"):
		detail = faceclient.DetailCLINotLoggedIn
	case kind == faceclient.EntraDefault && !failed, kind == faceclient.EntraWorkloadIdentity && !last.asked,
		last.local && last.status == http.StatusBadRequest:
		detail = faceclient.DetailNoCredential
	}
	refusal := failure(kind, detail)
	if number != nil {
		refusal.AADSTS, _ = strconv.Atoi(number[1]) // at most nine digits
	}
	return refusal
}

// unreachable tells why a sign-in does not answer, or not with a token. What is wrong with a certificate or a proxy is what is wrong
// with it for the service.
func unreachable(kind faceclient.EntraKind, err error) faceclient.Detail {
	if kind == faceclient.EntraManagedIdentity {
		return faceclient.DetailIMDSUnreachable
	}
	if err != nil {
		switch detail := faceclient.TransportDetail(err); detail {
		case faceclient.DetailUnknownAuthority, faceclient.DetailExpired, faceclient.DetailTLSFiles, faceclient.DetailProxyUnreachable,
			faceclient.DetailProxyRefuses:
			return detail
		}
	}
	return faceclient.DetailSignInUnreachable
}

func notFound(command string) bool {
	_, err := exec.LookPath(command)
	return err != nil
}
