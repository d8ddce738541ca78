package tool_test

import (
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/rig"
	"face_liveness_exporter/internal/words"
)

// What --doctor says of facts is tested in doctor; here are the facts that it finds, and what they cost.
func TestDoctor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		service  func(*rig.Face)
		head     string
		key      string // "" is the right one
		code     int
		requests int // the maximum
		lines    []string
	}{
		{
			"a good resource", func(f *rig.Face) { f.Populate(rig.Live, 4500, 1) }, "outcomes: {samples: 5}\n", "", 0, 9,
			[]string{
				"contoso, detectLiveness\n", "contoso, detectLivenessWithVerify\n", "ok       credential: a key is accepted",
				"ok       list: answers with v1.2-preview.1, HTTP 200", "ok       sessions: 4,500 listed", "ok       ids: are random",
				"billed: 1 for each request", "ok       clock:", "requests in 30 days at one refresh every 5 min", "ok       outcomes:",
			},
		},
		{
			"an empty list", func(f *rig.Face) { f.Fail(facetest.DateAt(time.Now().Add(time.Hour))) }, "outcomes: {samples: 5}\n", "", 0, 2,
			[]string{"problem  clock: this machine is", "note     sessions: no session is listed", "split the metric TotalCalls", "note     outcomes: no session"},
		},
		{"a key that is refused", func(*rig.Face) {}, "outcomes: {samples: 5}\n", "wr0ngk3y", 1, 1, []string{"problem  credential: a key does not work. 401"}},
		{
			"a budget", func(f *rig.Face) { f.Populate(rig.Live, 20_000, 1) }, "api: {max_requests_per_second: 1000, monthly_request_budget: 172800}\n", "", 0, 12,
			[]string{"note     sessions: about ", "because of api.monthly_request_budget"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			service := rig.NewFaceWith(t, facetest.Options{})
			test.service(service)
			key := test.key
			if key == "" {
				key = service.Key()
			}
			head := test.head
			if !strings.Contains(head, "api:") {
				head += rig.Quick
			}
			file := rig.Write(t, "exporter.yaml", head+"resources:\n"+rig.Resource("contoso", service.Endpoint, "key: "+key, rig.BothOperations))
			code, stdout, stderr := rig.RunToEnd(t, []string{"--doctor", "--config.file=" + file}, nil)
			if code != test.code || (code == 1) != strings.Contains(stderr, "2 of 2 lists could not be read") {
				t.Errorf("exit code %d, want %d:\n%s", code, test.code, stderr)
			}
			rig.AllOf(t, "the report", stdout, test.lines...)
			rig.NoneOf(t, "the output", stdout+stderr, key, "\x1b")
			asked := service.Counts(rig.Live).Requests
			if asked > test.requests {
				t.Errorf("%d requests, want a maximum of %d", asked, test.requests)
			}
			said, _, _ := strings.Cut(stdout, " each on average")
			if want := strings.ReplaceAll(words.Many(float64(asked), "request"), words.Space, " "); !strings.Contains(said, "requests: "+want+",") {
				t.Errorf("%s were sent, look-ups included, but the report says\n%s", want, said)
			}
		})
	}
}
