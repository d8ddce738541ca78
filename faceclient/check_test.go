package faceclient_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient"
)

func TestSession(t *testing.T) {
	yes, no := true, false
	const id = "9b6dbb2e-7f0f-4b1a-8d3e-1f5c0a2b4c6d"
	respond := func(response string) string {
		return `{"id":"` + id + `","status":"ResultAvailable","result":{"id":1,"response":` + response + `}}`
	}
	for _, test := range []struct {
		name string
		body string
		want faceclient.Check
		code string // "" is no error
	}{
		{"not started", `{"id":"x","status":"NotStarted"}`, faceclient.Check{}, ""},
		{"result null", `{"id":"x","status":"Started","result":null}`, faceclient.Check{}, ""},
		{
			"real", respond(`{"statusCode":200,"body":{"livenessDecision":"realface","target":{}}}`),
			faceclient.Check{HasResult: true, StatusCode: 200, Decision: "realface"},
			"",
		},
		{
			"a result beside NotStarted", `{"id":"x","status":"NotStarted","result":{"response":{"statusCode":200,"body":{"livenessDecision":"spoofface"}}}}`,
			faceclient.Check{HasResult: true, StatusCode: 200, Decision: "spoofface"},
			"",
		},
		{
			"verified", respond(`{"statusCode":200,"body":{"livenessDecision":"realface","verifyResult":{"matchConfidence":0.9,"isIdentical":true}}}`),
			faceclient.Check{HasResult: true, StatusCode: 200, Decision: "realface", Identical: &yes},
			"",
		},
		{
			"another person", respond(`{"statusCode":200,"body":{"livenessDecision":"realface","verifyResult":{"isIdentical":false}}}`),
			faceclient.Check{HasResult: true, StatusCode: 200, Decision: "realface", Identical: &no},
			"",
		},
		{"a failed attempt", respond(`{"statusCode":400,"body":{"error":{"code":"x","message":"y"}}}`), faceclient.Check{HasResult: true, StatusCode: 400, ErrorCode: "x"}, ""},
		{"no body", respond(`{"statusCode":200}`), faceclient.Check{HasResult: true, StatusCode: 200}, ""},
		{"no response", `{"id":"x","status":"ResultAvailable","result":{}}`, faceclient.Check{HasResult: true}, ""},
		{"odd types", respond(`{"statusCode":"200","body":{"livenessDecision":7,"verifyResult":[]}}`), faceclient.Check{HasResult: true}, ""},
		{
			"an odd type beside a good one", respond(`{"statusCode":[],"body":{"livenessDecision":"uncertain","verifyResult":{"isIdentical":"yes"}}}`),
			faceclient.Check{HasResult: true, Decision: "uncertain"},
			"",
		},
		{"a result of another type", `{"id":"x","status":"ResultAvailable","result":"none"}`, faceclient.Check{}, ""},
		{"an empty object", `{}`, faceclient.Check{}, faceclient.CodeInvalidResponse},
		{"null", `null`, faceclient.Check{}, faceclient.CodeInvalidResponse},
		{"an error with status 200", `{"error":{"code":"429","message":"no"}}`, faceclient.Check{}, faceclient.CodeInvalidResponse},
		{"no object", `[]`, faceclient.Check{}, faceclient.CodeInvalidResponse},
		{"no JSON", `<html>`, faceclient.Check{}, faceclient.CodeInvalidResponse},
		{"cut short", `{"status":"Sta`, faceclient.Check{}, faceclient.CodeConnection},
		{"too large", `{"x":"` + strings.Repeat("x", 300<<10) + `"}`, faceclient.Check{}, faceclient.CodeInvalidResponse},
	} {
		t.Run(test.name, func(t *testing.T) {
			options, seen := plainOptions(), &watcher{}
			options.MaxRetries, options.Observer = 0, seen
			options.Transport = answering(func(request *http.Request) (*http.Response, error) {
				if want := "/face/v1.2-preview.1/detectLivenessWithVerify/singleModal/sessions/" + id; request.URL.Path != want || request.URL.RawQuery != "" {
					t.Errorf("asked for %s", request.URL)
				}
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(test.body))}, nil
			})
			got, _, err := newClient(t, options).Session(t.Context(), faceclient.SessionQuery{Operation: faceclient.DetectLivenessWithVerify, ID: id})
			if faceclient.Code(err) != test.code {
				t.Fatalf("%v, want code %q", err, test.code)
			}
			same := got.Identical == test.want.Identical || got.Identical != nil && test.want.Identical != nil && *got.Identical == *test.want.Identical
			got.Identical, test.want.Identical = nil, nil
			if got != test.want || !same {
				t.Errorf("%+v, want %+v", got, test.want)
			}
			if codes := seen.codes(); len(codes) != 1 || codes[0] != test.code {
				t.Errorf("observed %q", codes)
			}
		})
	}
}

// A session that is gone is an answer: it is observed with its status, and not as an error.
func TestADeletedSessionIsNoError(t *testing.T) {
	options, seen := plainOptions(), &watcher{}
	options.Observer = seen
	status := 404
	options.Transport = answering(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"error":{"code":"SessionNotFound"}}`))}, nil
	})
	client := newClient(t, options)
	query := faceclient.SessionQuery{Operation: faceclient.DetectLiveness, ID: "x", MaxAttempts: 1}
	_, _, err := client.Session(t.Context(), query)
	if !faceclient.NotFound(err) || len(seen.attempts) != 1 || seen.attempts[0].Status != 404 || seen.attempts[0].ErrorCode != "" {
		t.Errorf("%v, observed %+v", err, seen.attempts)
	}
	status = 403
	if _, _, err = client.Session(t.Context(), query); faceclient.NotFound(err) || seen.attempts[1].ErrorCode == "" {
		t.Errorf("%v, observed %+v", err, seen.attempts)
	}
	for _, id := range []string{"", "..", ".", "a/b", "é", strings.Repeat("x", 65)} {
		query.ID = id
		if _, attempts, err := client.Session(t.Context(), query); err == nil || attempts != 0 {
			t.Errorf("id %q: %v after %d requests", id, err, attempts)
		}
	}
}

// That a session is gone shows that the resource answers: a request that is refused for its rate afterwards is tried again.
func TestADeletedSessionIsAnAnswerOfTheResource(t *testing.T) {
	options, statuses := plainOptions(), []int{404, 429, 200}
	options.MaxRetries, options.MaxRetryWait = 0, 0
	options.Transport = answering(func(*http.Request) (*http.Response, error) {
		status := statuses[0]
		statuses = statuses[1:]
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"id":"there","status":"Started"}`))}, nil
	})
	client := newClient(t, options)
	if _, _, err := client.Session(t.Context(), faceclient.SessionQuery{Operation: faceclient.DetectLiveness, ID: "gone"}); !faceclient.NotFound(err) {
		t.Fatal(err)
	}
	if _, _, err := client.Session(t.Context(), faceclient.SessionQuery{Operation: faceclient.DetectLiveness, ID: "there"}); err != nil || len(statuses) != 0 {
		t.Errorf("%v, and %d answers were not asked for", err, len(statuses))
	}
}
