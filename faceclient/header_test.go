package faceclient_test

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
	"face_liveness_exporter/faceclient/facesim"
)

func TestRequest(t *testing.T) {
	const uuidA = "00000000-0000-4000-8000-00000000000a"
	for _, test := range []struct {
		name, endpoint, version string
		operation               faceclient.Operation
		want                    string // address without query
	}{
		{
			"subdomain", "https://contoso.cognitiveservices.azure.com", "v1.2-preview.1", faceclient.DetectLiveness,
			"https://contoso.cognitiveservices.azure.com/face/v1.2-preview.1/detectLiveness/singleModal/sessions",
		},
		{
			"trailing slash", "https://contoso.cognitiveservices.azure.us/", "v1.1-preview.1", faceclient.DetectLivenessWithVerify,
			"https://contoso.cognitiveservices.azure.us/face/v1.1-preview.1/detectLivenessWithVerify/singleModal/sessions",
		},
		{
			"several slashes", "https://contoso.cognitiveservices.azure.cn//", "v1.2-preview.1", faceclient.DetectLiveness,
			"https://contoso.cognitiveservices.azure.cn/face/v1.2-preview.1/detectLiveness/singleModal/sessions",
		},
		{
			"query and fragment", "https://contoso.cognitiveservices.azure.com/?a=b#c", "v1.2-preview.1", faceclient.DetectLiveness,
			"https://contoso.cognitiveservices.azure.com/face/v1.2-preview.1/detectLiveness/singleModal/sessions",
		},
		{
			"port and prefix", "http://127.0.0.1:8080/gateway/", "v1.2-preview.1", faceclient.DetectLiveness,
			"http://127.0.0.1:8080/gateway/face/v1.2-preview.1/detectLiveness/singleModal/sessions",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var sent []*http.Request
			options := plainOptions()
			options.Endpoint, options.APIVersion, options.PageSize = test.endpoint, test.version, 1
			options.MaxRetryWait = 0
			options.Transport = answering(func(request *http.Request) (*http.Response, error) {
				sent = append(sent, request)
				body := "[]"
				switch {
				case len(sent) == 1:
					return nil, errors.New("broken")
				case request.URL.Query().Get("start") == "":
					body = `[{"id":"` + uuidA + `","createdDateTime":"2024-05-19T16:16:31Z","sessionExpired":false}]`
				}
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
			})
			if _, _, err := walkOf(t.Context(), newClient(t, options).Lister(test.operation)); err != nil {
				t.Fatal(err)
			}
			if len(sent) != 3 {
				t.Fatalf("%d requests, want 3", len(sent))
			}
			ids := map[string]bool{}
			for i, request := range sent {
				address := *request.URL
				address.RawQuery = ""
				if address.String() != test.want || request.Method != http.MethodGet || request.Host != "" && request.Host != address.Host {
					t.Errorf("%s %s, want GET %s", request.Method, address.String(), test.want)
				}
				want := url.Values{"top": {"1"}}
				if i == 2 {
					want.Set("start", uuidA)
				}
				if query := request.URL.Query(); !maps.EqualFunc(query, want, slices.Equal[[]string]) {
					t.Errorf("request %d: query %v, want %v", i+1, query, want)
				}
				for name, want := range map[string]string{
					"Ocp-Apim-Subscription-Key": "test-key", "User-Agent": "face_liveness_exporter/test",
					"Accept": "application/json", "Authorization": "", "Referer": "", "Cookie": "",
				} {
					if got := request.Header.Get(name); got != want {
						t.Errorf("request %d: %s is %q, want %q", i+1, name, got, want)
					}
				}
				id := request.Header.Get("client-request-id")
				if _, err := uuid.Parse(id); err != nil || len(id) != 36 || ids[id] {
					t.Errorf("request %d: client-request-id %q is no GUID, or came before", i+1, id)
				}
				ids[id] = true
			}
		})
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	for _, test := range []struct {
		name  string
		adapt change
	}{
		{"no endpoint", func(o *options) { o.Endpoint = "" }},
		{"no scheme", func(o *options) { o.Endpoint = "contoso.cognitiveservices.azure.com" }},
		{"another scheme", func(o *options) { o.Endpoint = "ftp://contoso.cognitiveservices.azure.com" }},
		{"no host", func(o *options) { o.Endpoint = "https:///face" }},
		{"version without a list", func(o *options) { o.APIVersion = "v1.2" }},
		{"version that removed the list", func(o *options) { o.APIVersion = "v1.3-preview.1" }},
		{"no version", func(o *options) { o.APIVersion = "" }},
		{"no credential", func(o *options) { o.Credential = nil }},
		{"rate 0", func(o *options) { o.MaxRequestsPerSecond = 0 }},
		{"nothing in flight", func(o *options) { o.MaxConcurrentRequests = 0 }},
		{"no time", func(o *options) { o.RequestTimeout = 0 }},
		{"retries below 0", func(o *options) { o.MaxRetries = -1 }},
		{"wait below 0", func(o *options) { o.MaxRetryWait = -time.Second }},
	} {
		t.Run(test.name, func(t *testing.T) {
			options := plainOptions()
			test.adapt(&options)
			if _, err := faceclient.New(options.Options); err == nil || err.Error() == "" {
				t.Errorf("taken: %v", err)
			}
		})
	}
	options := plainOptions()
	options.Observer, options.Logger, options.Transport, options.TLS = nil, nil, nil, nil
	if host := newClient(t, options).Host(); host != "contoso.cognitiveservices.azure.com" {
		t.Errorf("host %q", host)
	}
}

// walkOverPage walks a list whose first page is the body, and whose second is empty.
func walkOverPage(t *testing.T, body string) (facelist.Result, *listed, error) {
	t.Helper()
	options := plainOptions()
	options.MaxRetries = 0
	options.Transport = answering(func(request *http.Request) (*http.Response, error) {
		answer := "[]"
		if request.URL.Query().Get("start") == "" {
			answer = body
		}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer))}, nil
	})
	return walkOf(t.Context(), newClient(t, options).Lister(faceclient.DetectLiveness))
}

func TestFieldsThatAreAbsentOrOdd(t *testing.T) {
	const base = `"id":"a","createdDateTime":"2024-05-19T16:16:31Z","sessionExpired":false`
	for _, test := range []struct {
		name, fields, device string
		ttl                  time.Duration
		started              bool
	}{
		{"nothing else", "", "", 10 * time.Minute, false},
		{"null for all that may be absent", `,"sessionStartDateTime":null,"deviceCorrelationId":null,"authTokenTimeToLiveInSeconds":null`, "", 10 * time.Minute, false},
		{"empty device", `,"deviceCorrelationId":""`, "", 10 * time.Minute, false},
		{"escapes in a device", `,"deviceCorrelationId":"\u0061\n\"\\\ud83d\ude00"`, "a\n\"\\\U0001f600", 10 * time.Minute, false},
		{"shortest TTL", `,"authTokenTimeToLiveInSeconds":60`, "", time.Minute, false},
		{"longest TTL", `,"authTokenTimeToLiveInSeconds":86400`, "", 24 * time.Hour, false},
		{"started", `,"sessionStartDateTime":"2024-05-19T16:16:32Z"`, "", 10 * time.Minute, true},
		{"escapes in a name", `,"\u0064eviceCorrelationId":"d"`, "d", 10 * time.Minute, false},
		{"names in other case are other names", `,"DeviceCorrelationId":"d","ID":5`, "", 10 * time.Minute, false},
		{"unknown fields with known names inside", `,"x":{"id":"b","sessionExpired":true},"y":[{"id":"c"}]`, "", 10 * time.Minute, false},
		{"null after a value", `,"deviceCorrelationId":"d","deviceCorrelationId":null,"authTokenTimeToLiveInSeconds":60,"authTokenTimeToLiveInSeconds":null,"sessionStartDateTime":"2024-05-19T16:16:32Z","sessionStartDateTime":null`, "", 10 * time.Minute, false},
		{"a name twice: the last counts", `,"deviceCorrelationId":"d","deviceCorrelationId":"e"`, "e", 10 * time.Minute, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, visited, err := walkOverPage(t, " [ {"+base+test.fields+"} ] \n")
			if err != nil {
				t.Fatal(err)
			}
			got := visited.sessions[0]
			if string(got.ID) != "a" || string(got.DeviceID) != test.device || got.TTL != test.ttl || got.HasStarted() != test.started || got.Expired {
				t.Errorf("%+v, device %q", got.Session, got.DeviceID)
			}
		})
	}
}

func TestBothOperationsAreKnown(t *testing.T) {
	for i, want := range []string{facesim.DetectLiveness, facesim.DetectLivenessWithVerify} {
		if got := faceclient.Operations()[i]; string(got) != want {
			t.Errorf("operation %q, want %q", got, want)
		}
	}
}
