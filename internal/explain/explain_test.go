package explain_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/explain"
)

func TestText(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"none", nil, ""},
		{"a code and its status", &faceclient.Error{Code: "PermissionDenied", Status: 401}, "PermissionDenied (HTTP 401): the Entra ID principal has no role that allows this; assign the role Cognitive Services Data Reader (b59867f0-fa02-499b-be73-45a86b5b3e1c) on this resource, or a custom role with the data action Microsoft.CognitiveServices/accounts/Face/*/sessions/read, and wait ten minutes"},
		{"a code that is the status, wrapped", fmt.Errorf("list: %w", &faceclient.Error{Code: "429", Status: 429}), "429: the resource's rate limit is used up, by this exporter or by your application; lower api.max_requests_per_second or raise refresh.interval"},
		{"the version that was asked", &faceclient.Error{Code: "404", Status: 404, APIVersion: "v1.1-preview.1"}, "404: this resource has no list of sessions in API version v1.1-preview.1; check that endpoint is the address of a Face resource, and try the other api.version of v1.2-preview.1 and v1.1-preview.1"},
		{"a code with one of its statuses", &faceclient.Error{Code: "Unspecified", Status: 500}, "Unspecified (HTTP 500): the service failed; nothing, if it passes: the exporter tries again by itself"},
		{"a code with a status that it never comes with", &faceclient.Error{Code: "UnsupportedFeature", Status: 418}, "UnsupportedFeature (HTTP 418): the service refused the request with UnsupportedFeature"},
		{"a code that nobody knows, with a status that is known", &faceclient.Error{Code: "NeverHeardOf", Status: 401}, "NeverHeardOf (HTTP 401): the service refused the request with NeverHeardOf"},
		{"a status that nobody knows", &faceclient.Error{Code: "418", Status: 418}, "418: the service, or a proxy in front of it, refuses the request with the status 418; check that endpoint is the address of a Face resource, and that no portal or proxy answers for it"},
		{"a status above 500 that nobody knows", &faceclient.Error{Code: "599", Status: 599}, "599: the service, or a gateway in front of it, failed with the status 599; nothing, if it passes: the exporter tries again by itself. Else look at the state of Azure, and at the proxy if there is one"},
		{"a detail says more than the code", &faceclient.Error{Code: "connection", Detail: faceclient.DetailRefused}, "connection, connection_refused: the connection is refused: nothing listens at that address and port; check host and port of endpoint, and the firewall"},
		{"a number of Entra ID", &faceclient.Error{Code: "authentication", Detail: faceclient.DetailSignInRefused, SignIn: "client_secret", AADSTS: 7000222}, "authentication, sign_in_refused AADSTS7000222: the client secret has expired (client_secret, AADSTS7000222); make a new one and write it into entra.client_secret_file"},
		{"another number", &faceclient.Error{Code: "authentication", Detail: faceclient.DetailSignInRefused, SignIn: "client_secret", AADSTS: 12345}, "authentication, sign_in_refused AADSTS12345: Entra ID refuses the sign-in (client_secret) with AADSTS12345; look at https://login.microsoftonline.com/error?code=12345, and check the fields below entra"},
		{"what was before", &faceclient.Error{Code: "timeout", Detail: faceclient.DetailNoPage, Before: &faceclient.Error{Code: "503", Status: 503}}, "timeout, no_page: no page arrived within refresh.timeout; see what failed before that, or raise refresh.timeout or api.max_requests_per_second; before that, 503: the service is not available; nothing, if it passes: the exporter tries again by itself"},
		{"an error of somebody else", errors.Join(context.Canceled), "canceled: the exporter gave up the request, because it stops, its configuration changed, or a refresh was due during a look-up"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := explain.Text(test.err); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
