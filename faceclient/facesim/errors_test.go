package facesim_test

import (
	"net/http"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facesim"
)

func TestRefusals(t *testing.T) {
	key := func(key string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Ocp-Apim-Subscription-Key", key) }
	}
	bearer := func(token string) func(*http.Request) {
		return func(r *http.Request) { key("")(r); r.Header.Set("Authorization", "Bearer "+token) }
	}
	method := func(method string) func(*http.Request) { return func(r *http.Request) { r.Method = method } }
	asIs := func(*http.Request) {}
	list := func(query string) string { return listURL(facesim.DetectLiveness, query) }
	for name, test := range map[string]struct {
		url    string
		change func(*http.Request)
		status int
		code   string
	}{
		"page":                 {url: list(""), change: asIs, status: 200},
		"smallest top":         {url: list("top=1"), change: asIs, status: 200},
		"longest start":        {url: list("start=" + strings.Repeat("a", 64)), change: asIs, status: 200},
		"older version":        {url: strings.Replace(list(""), "v1.2", "v1.1", 1), change: asIs, status: 200},
		"token":                {url: list(""), change: bearer("test-token"), status: 200},
		"top 0":                {url: list("top=0"), change: asIs, status: 400, code: "BadArgument"},
		"top 1001":             {url: list("top=1001"), change: asIs, status: 400, code: "BadArgument"},
		"top no number":        {url: list("top=all"), change: asIs, status: 400, code: "BadArgument"},
		"top empty":            {url: list("top="), change: asIs, status: 400, code: "BadArgument"},
		"start too long":       {url: list("start=" + strings.Repeat("a", 65)), change: asIs, status: 400, code: "BadArgument"},
		"broken query":         {url: list("start=%zz"), change: asIs, status: 400, code: "BadArgument"},
		"wrong key":            {url: list(""), change: key("other"), status: 401, code: "401"},
		"no credentials":       {url: list(""), change: key(""), status: 401, code: "401"},
		"wrong token":          {url: list(""), change: bearer("other"), status: 401, code: "Unspecified"},
		"version without list": {url: strings.Replace(list(""), "v1.2-preview.1", "v1.2", 1), change: asIs, status: 404, code: "404"},
		"other operation":      {url: listURL("detectFaces", ""), change: asIs, status: 404, code: "404"},
		"other path":           {url: "https://contoso.cognitiveservices.azure.com/", change: asIs, status: 404, code: "404"},
		"other method":         {url: list(""), change: method(http.MethodPost), status: 404, code: "404"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := facesim.New(facesim.Options{Now: fixed(noon()), Token: "test-token"})
			resp := ask(srv, test.url, test.change)
			if resp.StatusCode != test.status {
				t.Fatalf("status %d, want %d", resp.StatusCode, test.status)
			}
			if code := resp.Header.Get("x-ms-error-code"); code != test.code {
				t.Errorf("code %q, want %q", code, test.code)
			}
			if billed := resp.Header.Get("CSP-Billing-Usage") != ""; billed != (test.status == 200) {
				t.Errorf("billed: %v", billed)
			}
		})
	}
}
