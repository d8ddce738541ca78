package faceclient_test

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facetest"
)

const sessionID = "9b6dbb2e-7f0f-4b1a-8d3e-1f5c0a2b4c6d"

// look asks for a session once, by a transport.
func look(t *testing.T, transport answering) (faceclient.Check, *watcher, error) {
	t.Helper()
	o, seen := fast("https://contoso.cognitiveservices.azure.com"), &watcher{}
	o.Observer, o.Transport = seen, transport
	check, attempts, err := newClient(t, o).Session(t.Context(), faceclient.SessionQuery{Operation: faceclient.DetectLivenessWithVerify, ID: sessionID})
	if attempts != len(seen.attempts) {
		t.Errorf("%d attempts, observed %d", attempts, len(seen.attempts))
	}
	return check, seen, err
}

// The recorded answers are read, also if a field is missing or of another type.
func TestSession(t *testing.T) {
	yes, no := true, false
	respond := func(response string) string {
		return `{"id":"` + sessionID + `","status":"ResultAvailable","result":{"id":1,"response":` + response + `}}`
	}
	failed := func(body string) string {
		return respond(`{"statusCode":400,"latencyInMilliseconds":1098,"body":` + body + `}`)
	}
	good := faceclient.Check{HasResult: true, StatusCode: 200, Decision: "realface"}
	refused := faceclient.Check{HasResult: true, StatusCode: 400, Latency: 1098 * time.Millisecond}
	with := func(check faceclient.Check, change func(*faceclient.Check)) faceclient.Check {
		change(&check)
		return check
	}
	for _, test := range []struct {
		name, body string
		want       faceclient.Check
		code       string // "" is no error
	}{
		{"not started", `{"id":"` + sessionID + `","status":"NotStarted","sessionExpired":false}`, faceclient.Check{}, ""},
		{"result null", `{"id":"` + sessionID + `","status":"Started","result":null}`, faceclient.Check{}, ""},
		{"recorded", respond(`{"statusCode":200,"latencyInMilliseconds":1098,"body":{"livenessDecision":"realface","modelVersionUsed":"2022-10-15-preview.04","target":{"faceRectangle":{"top":59},"fileName":"video.webp"}}}`), with(good, func(c *faceclient.Check) {
			c.Latency, c.ModelVersion = 1098*time.Millisecond, "2022-10-15-preview.04"
		}), ""},
		{"verified", respond(`{"statusCode":200,"body":{"livenessDecision":"realface","verifyResult":{"matchConfidence":0.93,"isIdentical":true}}}`), with(good, func(c *faceclient.Check) { c.Identical = &yes }), ""},
		{"another person", respond(`{"statusCode":200,"body":{"livenessDecision":"realface","verifyResult":{"isIdentical":false}}}`), with(good, func(c *faceclient.Check) { c.Identical = &no }), ""},
		{"a result beside NotStarted, in other case", `{"ID":"` + strings.ToUpper(sessionID) + `","status":"NotStarted","Result":{"response":{"statusCode":200,"body":{"livenessDecision":"realface"}}}}`, good, ""},
		{"no status beside a result", `{"id":"` + sessionID + `","result":{"response":{"statusCode":200,"body":{"livenessDecision":"realface"}}}}`, good, ""},
		{"no response", `{"id":"` + sessionID + `","status":"ResultAvailable","result":{}}`, faceclient.Check{HasResult: true}, ""},
		{"an error", failed(`{"error":{"code":"FaceNotFound","message":"canary"}}`), with(refused, func(c *faceclient.Check) { c.ErrorCode = "FaceNotFound" }), ""},
		{"a flat error", failed(`{"code":"FaceWithMaskDetected","message":"canary","targets":{}}`), with(refused, func(c *faceclient.Check) { c.ErrorCode = "FaceWithMaskDetected" }), ""},
		{"a code of another type", failed(`{"error":{"code":7}}`), refused, ""},
		{"a code with blanks", failed(`{"error":{"code":"no face of canary"}}`), refused, ""},
		{"a code that is too long", failed(`{"error":{"code":"` + strings.Repeat("x", 65) + `"}}`), refused, ""},
		{"a device for a code", failed(`{"error":{"code":"2c6f1a0e77d54f0b9a640d3c1f5b8e21"}}`), refused, ""},
		{"an address for a code", failed(`{"error":{"code":"203.0.113.7"}}`), refused, ""},
		{"the session in a code", failed(`{"error":{"code":"Session_` + sessionID + `"}}`), refused, ""},
		{"fields of other types", respond(`{"statusCode":"200","latencyInMilliseconds":[],"body":{"livenessDecision":"realface","modelVersionUsed":{},"verifyResult":7}}`), faceclient.Check{HasResult: true, Decision: "realface"}, ""},
		{"numbers that are none of such", respond(`{"statusCode":1e9,"latencyInMilliseconds":-5,"body":{"livenessDecision":7,"verifyResult":{"isIdentical":"yes"}}}`), faceclient.Check{HasResult: true}, ""},
		{"a latency of years", respond(`{"latencyInMilliseconds":1e300}`), faceclient.Check{HasResult: true}, ""},
		{"a result of another type", `{"id":"` + sessionID + `","status":"Started","result":"none"}`, faceclient.Check{}, ""},
		{"null", `null`, faceclient.Check{}, faceclient.CodeInvalidResponse},
		{"an error with status 200", `{"error":{"code":"429","message":"no"}}`, faceclient.Check{}, faceclient.CodeInvalidResponse},
		{"another session", `{"id":"another","status":"Started"}`, faceclient.Check{}, faceclient.CodeInvalidResponse},
		{"neither status nor result", `{"id":"` + sessionID + `","result":7}`, faceclient.Check{}, faceclient.CodeInvalidResponse},
		{"a result that is none", `{"id":"` + sessionID + `","status":"ResultAvailable","result":[]}`, faceclient.Check{}, faceclient.CodeInvalidResponse},
		{"an answer of v1.2", `{"sessionId":"` + sessionID + `","status":"Succeeded","results":{"attempts":[]}}`, faceclient.Check{}, faceclient.CodeInvalidResponse},
		{"no JSON", `<html>`, faceclient.Check{}, faceclient.CodeInvalidResponse},
		{"cut short", `{"status":"Sta`, faceclient.Check{}, faceclient.CodeConnection},
		{"nothing", ``, faceclient.Check{}, faceclient.CodeConnection},
		{"too large", `{"x":"` + strings.Repeat("x", 300<<10) + `"}`, faceclient.Check{}, faceclient.CodeInvalidResponse},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, seen, err := look(t, func(request *http.Request) (*http.Response, error) {
				if want := "/face/v1.2-preview.1/detectLivenessWithVerify/singleModal/sessions/" + sessionID; request.URL.RequestURI() != want {
					t.Errorf("asked for %s", request.URL)
				}
				return answer(http.StatusOK, http.Header{}, test.body), nil
			})
			if faceclient.Code(err) != test.code || !slices.Equal(seen.codes(), []string{test.code}) {
				t.Fatalf("%v, observed %q, want code %q", err, seen.codes(), test.code)
			}
			if !reflect.DeepEqual(got, test.want) { // it has a pointer
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

// A session that is gone is an answer: it is observed with its status, and not as an error.
func TestADeletedSessionIsNoError(t *testing.T) {
	for status, code := range map[int]string{404: "", 403: "403"} {
		_, seen, err := look(t, func(*http.Request) (*http.Response, error) { return answer(status, http.Header{}, ""), nil })
		if faceclient.NotFound(err) != (status == 404) || len(seen.attempts) != 1 || seen.attempts[0].Status != status || seen.attempts[0].ErrorCode != code {
			t.Errorf("%v, observed %+v", err, seen.attempts)
		}
	}
	client := newClient(t, plainOptions())
	for _, id := range []string{"", "..", ".", "a/b", "é", strings.Repeat("x", 65)} {
		if _, attempts, err := client.Session(t.Context(), faceclient.SessionQuery{Operation: faceclient.DetectLiveness, ID: id}); err == nil || attempts != 0 {
			t.Errorf("id %q: %v after %d attempts", id, err, attempts)
		}
	}
}

// Look-ups that are asked to wait are given up. They hold up no page, and lower no rate.
func TestLookUpsDelayNoPage(t *testing.T) {
	for _, test := range []struct {
		name   string
		faults []facetest.Fault
		end    string
	}{
		{"no fault", nil, ""},
		{"429", []facetest.Fault{facetest.RateLimited(time.Minute).OnSessions()}, "429"},
		{"503 with a time", []facetest.Fault{facetest.Status(503, "").Header("Retry-After", "60").OnSessions()}, "503"},
		{"no answer", []facetest.Fault{facetest.Hang().OnSessions()}, "timeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, 1000, func(o *options) {
				o.MaxRequestsPerSecond, o.MaxConcurrentRequests, o.MaxRetries, o.Top = 2, 1, 4, 100
			}, func(t *testing.T, r *rig) {
				r.server.Fail(test.faults...)
				session := r.server.Sessions(facetest.DetectLiveness)[0].ID
				ctx, cancel := context.WithCancel(t.Context())
				looking := make(chan int)
				go func() {
					asked := 0
					for ; ctx.Err() == nil; asked++ {
						if _, _, err := r.client.Session(ctx, faceclient.SessionQuery{Operation: faceclient.DetectLiveness, ID: session}); ctx.Err() == nil && faceclient.Code(err) != test.end {
							t.Errorf("a look-up ends with %v, want %s", err, test.end)
						}
						<-time.After(time.Millisecond)
					}
					looking <- asked
				}()
				synctest.Wait()
				for range 3 { // the first look-up was sent before
					began := time.Now()
					r.listsAll()
					if took := time.Since(began); took > 5500*time.Millisecond {
						t.Errorf("11 pages took %v, want 5s and up to half a second for a look-up before them", took)
					}
					<-time.After(30 * time.Second)
				}
				cancel()
				if asked := <-looking; asked < 2 {
					t.Errorf("%d look-ups", asked)
				}
			})
		})
	}
}
