package tool_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/internal/tool"
)

// doctor runs the program's examination of one resource.
func doctor(t *testing.T, service *face, head, key string, fields ...string) outcome {
	t.Helper()
	document := quick + head + "resources:\n" + resource("contoso", service.endpoint, append([]string{"key: " + key}, fields...)...)
	got := runToEnd(t, []string{"--doctor", "--config.file=" + write(t, "exporter.yaml", document)}, nil)
	noneOf(t, "stdout", got.stdout, key)
	noneOf(t, "stderr", got.stderr, key)
	return got
}

func (o outcome) wantLines(t *testing.T, code int, lines ...string) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d:\n%s", o.code, code, o.stderr)
	}
	for _, line := range lines {
		if !strings.Contains(o.stdout, line) {
			t.Errorf("the report does not say %q:\n%s", line, o.stdout)
		}
	}
}

func TestDoctorOfAGoodResource(t *testing.T) {
	t.Parallel()
	service := newFace(t, facesim.Options{})
	service.Populate(live, 4500, 1)
	service.Populate(verify, 10, 2)
	got := doctor(t, service, "", service.Key(), bothOperations)
	got.wantLines(t, 0, "contoso, detectLiveness\n", "contoso, detectLivenessWithVerify\n",
		"ok       credential: a key is accepted", "ok       list: answers with v1.2-preview.1, HTTP 200", "ok       sessions: 4,500 listed",
		"ok       ids: are random", "ok       requests: ", "billed: 1 for each request",
		"ok       clock:", "requests in 30 days at one refresh every 5 min", "note     ids: are too few")
	if n := service.Counts(live).Requests; n > 8 {
		t.Errorf("%d requests for a list of 5 pages", n)
	}
}

func TestDoctorOfAnEmptyList(t *testing.T) {
	t.Parallel()
	service := newFace(t, facesim.Options{})
	got := doctor(t, service, "outcomes: {samples: 5}\n", service.Key())
	got.wantLines(t, 0, "note     sessions: no session is listed", "created through API version v1.2 or later", "split the metric TotalCalls", "note     outcomes: no session")
	if n := service.Counts(live).Requests; n > 3 {
		t.Errorf("%d requests for an empty list", n)
	}
}

func TestDoctorOfARefusedKey(t *testing.T) {
	t.Parallel()
	service := newFace(t, facesim.Options{Key: "another key"})
	got := doctor(t, service, "outcomes: {samples: 5}\n", "wr0ngk3y")
	got.wantLines(t, 1, "problem  credential: a key does not work. 401")
	if !strings.Contains(got.stderr, "1 of 1 lists could not be read") || strings.Contains(got.stdout, "\x1b") {
		t.Errorf("stderr %q, stdout %q", got.stderr, got.stdout)
	}
	if n := service.Counts(live).Requests; n != 1 {
		t.Errorf("%d requests with a key that is refused", n)
	}
}

func TestDoctorUnderABudget(t *testing.T) {
	t.Parallel()
	service := newFace(t, facesim.Options{})
	service.Populate(live, 20_000, 1)
	document := "api: {max_requests_per_second: 1000, monthly_request_budget: 86400}\nresources:\n" + resource("contoso", service.endpoint, "key: "+service.Key())
	runToEnd(t, []string{"--doctor", "--config.file=" + write(t, "exporter.yaml", document)}, nil).
		wantLines(t, 0, "note     sessions: about ", "because of api.monthly_request_budget")
	if n := service.Counts(live).Requests; n > 12 {
		t.Errorf("%d requests with a budget of 10 a refresh", n)
	}
}

func TestDoctorLooksUpOneSession(t *testing.T) {
	t.Parallel()
	service := newFace(t, facesim.Options{})
	service.Populate(live, 500, 1)
	got := doctor(t, service, "outcomes: {samples: 5}\n", service.Key())
	got.wantLines(t, 0, " outcomes: ")
	if strings.Contains(got.stdout, "problem  outcomes") || strings.Contains(got.stdout, "note     outcomes: no session") {
		t.Errorf("no session was looked up:\n%s", got.stdout)
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestReportsThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for _, task := range []string{"--help", "--version", "--config.check", "--doctor"} {
		var stderr bytes.Buffer
		process := tool.Process{Args: []string{"--demo", task}, Stdout: fullDisk{}, Stderr: &stderr, Getenv: environment(nil)}
		if code := tool.Run(t.Context(), process); code != 1 || !strings.Contains(stderr.String(), "error: no space left on device") {
			t.Errorf("%s: exit code %d, %q", task, code, stderr.String())
		}
	}
}
