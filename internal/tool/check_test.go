package tool_test

import (
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/explain"
	"face_liveness_exporter/internal/rig"
)

func TestConfigCheck(t *testing.T) {
	t.Parallel()
	service := rig.NewFaceWith(t, facetest.Options{Key: "0123456789abcdef0123456789abcdef"})
	absent := rig.Write(t, "key", "") + "-absent"
	const valid = "configuration is valid: 1 resource(s)\n  contoso: detectLiveness with a key\n    "
	for _, test := range []struct {
		name          string
		configuration string
		code          int
		stdout        string
		stderr        []string // each on a line of its own
	}{
		{"valid", service.Contoso(""), 0, valid + "at least 8,640 requests in 30 days\n", nil},
		{
			"a key file that is not there", "resources:\n" + rig.Resource("contoso", service.Endpoint, "key_file: "+absent), 0,
			strings.Replace(valid, "a key", "a key file", 1) + "at least 8,640 requests in 30 days\n",
			[]string{"warning: resources[0].key_file (line 4): "},
		},
		{
			"a short interval, outcomes and both operations", service.Contoso("refresh: {interval: 1m}\noutcomes: {samples: 5}\n", rig.BothOperations), 0,
			strings.Replace(valid, "detectLiveness", "detectLiveness, detectLivenessWithVerify", 1) +
				"at least 86,400 requests in 30 days, and up to 432,000 for outcomes\n",
			[]string{"warning: resource \"contoso\": refresh.interval: "},
		},
		{
			"a budget below one request a refresh", service.Contoso("api: {monthly_request_budget: 4320}\n"), 0, valid + "up to 4,320 requests in 30 days\n",
			[]string{"the effective interval is 10m0s instead of 5m0s; raise the budget to 8,640"},
		},
		{
			"a rate too low for the timeout", service.Contoso("api: {max_requests_per_second: 0.01}\nrefresh: {timeout: 90s}\n"), 0,
			valid + "at least 8,640 requests in 30 days\n",
			[]string{"api.max_requests_per_second: a request can wait 1m40s for its turn, and refresh.timeout is 1m30s"},
		},
		{
			"look-ups that take longer than the interval", service.Contoso("api: {max_requests_per_second: 0.3}\noutcomes: {samples: 100}\n"), 0,
			valid + "at least 8,640 requests in 30 days, and up to 864,000 for outcomes\n",
			[]string{"outcomes.samples: looking up 100 sessions", "refresh.interval: "},
		},
		{
			"every problem at once", service.Contoso("refresh: {interval: 5}\napi: {page_size: 1001}\n", "keyfile: c4n4ry"), 1, "",
			[]string{"refresh.interval (line 1): ", "api.page_size (line 2): ", "resources[0].keyfile (line 7): "},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := rig.RunToEnd(t, []string{"--config.check", "--config.file=" + rig.Write(t, "exporter.yaml", test.configuration)}, nil)
			if test.code == 0 {
				test.stdout += explain.UnlistedSessions + "\n"
			}
			if code != test.code || stdout != test.stdout {
				t.Errorf("exit code %d, stdout %q; want %d, %q", code, stdout, test.code, test.stdout)
			}
			if lines := strings.Count(stderr, "\n"); lines != len(test.stderr) {
				t.Errorf("%d lines on stderr, want %d:\n%s", lines, len(test.stderr), stderr)
			}
			rig.AllOf(t, "stderr", stderr, test.stderr...)
			rig.NoneOf(t, "the output", stdout+stderr, service.Key(), "c4n4ry")
		})
	}
	t.Cleanup(func() {
		if asked := service.Asked(); asked != 0 {
			t.Errorf("a check sent %d requests", asked)
		}
	})
}
