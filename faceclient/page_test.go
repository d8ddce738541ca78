package faceclient_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facetest"
)

func TestRequest(t *testing.T) {
	const path = "/face/v1.1-preview.1/detectLivenessWithVerify/singleModal/sessions"
	for endpoint, base := range map[string]string{
		"https://contoso.cognitiveservices.azure.com":        "https://contoso.cognitiveservices.azure.com",
		"https://contoso.cognitiveservices.azure.us//":       "https://contoso.cognitiveservices.azure.us",
		"https://contoso.cognitiveservices.azure.com/?a=b#c": "https://contoso.cognitiveservices.azure.com",
		"https://apim.contoso.com/face-proxy":                "https://apim.contoso.com/face-proxy",
		"http://127.0.0.1:8080/a/b%20c/":                     "http://127.0.0.1:8080/a/b%20c",
	} {
		o, start, ids := plainOptions(), "", map[string]bool{}
		o.Endpoint, o.APIVersion, o.MaxRetryWait = endpoint, "v1.1-preview.1", 0
		o.Transport = answering(func(request *http.Request) (*http.Response, error) {
			query := url.Values{"top": {"7"}}
			if start != "" {
				query.Set("start", start)
			}
			if got, want := request.URL.String(), base+path+"?"+query.Encode(); got != want || request.Method != http.MethodGet || request.Host != request.URL.Host {
				t.Errorf("%s %s from %s, want GET %s", request.Method, got, request.Host, want)
			}
			for name, want := range map[string]string{
				"Ocp-Apim-Subscription-Key": "test-key", "User-Agent": "face_liveness_exporter/test",
				"Accept": "application/json", "Authorization": "", "Referer": "", "Cookie": "",
			} {
				if got := request.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			id := request.Header.Get("client-request-id")
			if uuid.Validate(id) != nil || ids[id] {
				t.Errorf("client-request-id %q is no GUID, or came before", id)
			}
			if ids[id] = true; len(ids) == 1 {
				return nil, errors.New("broken")
			}
			return answer(http.StatusOK, http.Header{}, "[]"), nil
		})
		for _, start = range []string{"", "a&b=c#d+e%20/f?é"} {
			query := faceclient.PageQuery{Operation: faceclient.DetectLivenessWithVerify, Start: start, Top: 7}
			if _, err := newClient(t, o).Page(t.Context(), query, new(faceclient.Page)); err != nil {
				t.Fatal(err)
			}
		}
		if len(ids) != 3 {
			t.Errorf("%d requests, want 3", len(ids))
		}
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	for name, adapt := range map[string]change{
		"no endpoint":                   func(o *options) { o.Endpoint = "" },
		"no scheme":                     func(o *options) { o.Endpoint = "contoso.cognitiveservices.azure.com" },
		"another scheme":                func(o *options) { o.Endpoint = "ftp://contoso.cognitiveservices.azure.com" },
		"no host":                       func(o *options) { o.Endpoint = "https:///face" },
		"version without a list":        func(o *options) { o.APIVersion = "v1.2" },
		"version that removed the list": func(o *options) { o.APIVersion = "v1.3-preview.1" },
		"no credential":                 func(o *options) { o.Credential = nil },
		"rate 0":                        func(o *options) { o.MaxRequestsPerSecond = 0 },
		"nothing in flight":             func(o *options) { o.MaxConcurrentRequests = 0 },
		"no time":                       func(o *options) { o.RequestTimeout = 0 },
		"retries below 0":               func(o *options) { o.MaxRetries = -1 },
		"wait below 0":                  func(o *options) { o.MaxRetryWait = -time.Second },
	} {
		o := plainOptions()
		adapt(&o)
		if _, err := faceclient.New(o.Options); err == nil || err.Error() == "" {
			t.Errorf("%s is taken: %v", name, err)
		}
		if newClient(t, plainOptions()).Apply(o.Options) == nil {
			t.Errorf("%s is applied", name)
		}
	}
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
		for _, item := range []string{base + test.fields, strings.TrimPrefix(test.fields+",", ",") + base} {
			l, err := pageOf(t, " [ {"+item+"} ] \n")
			if err != nil {
				t.Fatal(test.name, err)
			}
			got := l.sessions[0]
			if string(got.ID) != "a" || string(got.DeviceID) != test.device || got.TTL != test.ttl || got.HasStarted() != test.started || got.Expired {
				t.Errorf("%s: %+v, device %q", test.name, got, got.DeviceID)
			}
		}
	}
	if _, err := pageOf(t, `[{"id":"`+strings.Repeat("x", 65)+`","createdDateTime":"2024-05-19T16:16:31Z","sessionExpired":false}]`); faceclient.Code(err) != faceclient.CodePagination {
		t.Errorf("an id that is no start: %v", err)
	}
}

func TestSessionsAreReadAsTheyAreListed(t *testing.T) {
	inRig(t, 300, nil, func(t *testing.T, r *rig) {
		for i, odd := range []string{`"`, `\`, `a"b\c`, "tab\t", "é", "日本語", "\U0001f600", "with space", "a&b=c#d+e%20/f?", strings.Repeat("é", 64)} {
			r.server.Add(facetest.DetectLiveness, facetest.Session{
				ID: odd, DeviceID: odd, Created: time.Now().Add(-time.Duration(i) * time.Second), TTL: time.Duration(60+i) * time.Second,
			})
		}
		truth := r.server.Sessions(facetest.DetectLiveness)
		l := r.listsAll()
		slices.SortFunc(truth, func(a, b facetest.Session) int { return strings.Compare(a.ID, b.ID) })
		for i, want := range truth {
			got := &l.sessions[i]
			if string(got.ID) != want.ID || string(got.DeviceID) != want.DeviceID || !got.Created.Equal(want.Created) || !got.Started.Equal(want.Started) ||
				got.HasStarted() != want.HasStarted() || got.TTL != want.TimeToLive() || !got.Expiry().Equal(want.Expires()) || got.Expired != want.Expired(time.Now()) {
				t.Fatalf("session %d: %q %q %+v, want %+v", i, got.ID, got.DeviceID, got, want)
			}
		}
	})
}

// The date less the round trip is the service's clock when the request was sent, also after a failed attempt.
func TestDateAndRoundTrip(t *testing.T) {
	for _, test := range []struct {
		name   string
		faults []facetest.Fault
		off    time.Duration
	}{
		{"a slow answer", []facetest.Fault{facetest.Delay(7 * time.Second)}, 0},
		{"a slow body", []facetest.Fault{facetest.SlowDrip(1000, time.Millisecond)}, 0},
		{"the service is behind, and slow", []facetest.Fault{facetest.Delay(5*time.Second).Header("Date", "Fri, 31 Dec 1999 23:00:05 GMT")}, -time.Hour},
		{"no Date", []facetest.Fault{facetest.NoDate(), facetest.Delay(3 * time.Second)}, 0},
		{"the first attempt fails after a while", []facetest.Fault{facetest.Delay(2 * time.Second), facetest.Status(503, "").Times(1)}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, 5, nil, func(t *testing.T, r *rig) {
				r.server.Fail(test.faults...)
				var page faceclient.Page
				if _, err := r.client.Page(t.Context(), faceclient.PageQuery{Operation: faceclient.DetectLiveness, Top: 10}, &page); err != nil {
					t.Fatal(err)
				}
				requests := r.server.Requests()
				want := requests[len(requests)-1].Time.Add(test.off)
				if late := page.Date.Add(-page.RoundTrip).Sub(want); late > 0 || late < -time.Second { // Date has whole seconds, and is cut down
					t.Errorf("%v from the moment of sending", late)
				}
			})
		})
	}
}
