package faceclient_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"face_liveness_exporter/faceclient"
)

func TestErrorCodesAreLabels(t *testing.T) {
	label := regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	codes := faceclient.ErrorCodes()
	for i, code := range codes {
		if !label.MatchString(code) || slices.Contains(codes[:i], code) {
			t.Errorf("%q is no label or comes twice", code)
		}
	}
	for _, documented := range []string{
		"BadArgument", "PermissionDenied", "UnsupportedFeature", "ResourceNotFound", "ConcurrentOperationConflict", "Unspecified",
		"401", "403", "404", "429", "500", "502", "503", "504",
	} {
		if !slices.Contains(codes, documented) {
			t.Errorf("%s is missing", documented)
		}
	}
}

func TestCodeAndTextOfAnyError(t *testing.T) {
	for _, test := range []struct {
		err        error
		code, text string
	}{
		{nil, "", ""},
		{&faceclient.Error{Code: "401", Status: 401, Detail: faceclient.DetailRoleMissing}, "401", "401 (role_missing)"},
		{&faceclient.Error{Code: "PermissionDenied", Status: 401}, "PermissionDenied", "PermissionDenied (HTTP 401)"},
		{&faceclient.Error{Code: "authentication", Detail: faceclient.DetailSignInRefused, AADSTS: 7}, "authentication", "authentication (sign_in_refused, AADSTS7)"},
		{&faceclient.Error{Code: "timeout", Before: &faceclient.Error{Code: "503"}}, "timeout", "timeout; before that, 503"},
		{errors.Join(errors.New("first"), &faceclient.Error{Code: "X"}), "X", "first\nX"},
		{context.Canceled, faceclient.CodeCanceled, "context canceled"},
		{context.DeadlineExceeded, faceclient.CodeTimeout, "context deadline exceeded"},
		{http.ErrAbortHandler, faceclient.CodeConnection, "net/http: abort Handler"},
	} {
		if got := faceclient.Code(test.err); got != test.code || test.err != nil && test.err.Error() != test.text {
			t.Errorf("code %q, text %q; want %q, %q", got, test.err, test.code, test.text)
		}
	}
}
