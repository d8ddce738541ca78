package exporter_test

import (
	"regexp"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

const bothOperations = "operations: [detectLiveness, detectLivenessWithVerify]"

func TestDryRun(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 2345, 1)
	service.Populate(verify, 12, 2)
	// Nothing is refreshed twice, whatever is said about the start.
	got := runToEnd(t, []string{
		"--dry-run", "--config.file=" + write(t, "exporter.yaml", contoso(service, quick+"refresh: {on_start: true, interval: 1ms}\n", bothOperations)),
	}, nil)
	if got.code != 0 {
		t.Errorf("exit code %d, want 0", got.code)
	}
	e := parseText(t, got.stdout)
	for _, operation := range []string{live, verify} {
		e.exact(t, service, "contoso", operation)
		e.want(t, of("up", "contoso", operation), 1)
		e.want(t, of("refreshes_total", "contoso", operation), 1)
		e.want(t, of("api_requests_total", "contoso", operation, "code", "200"), float64(service.Counts(operation).Requests))
		e.want(t, of("api_billed_transactions_total", "contoso", operation), float64(service.Counts(operation).Billed))
	}
	e.want(t, "face_liveness_exporter_config_last_reload_successful", 1)
	for _, line := range []string{`contoso +detectLiveness +2345 `, `contoso +detectLivenessWithVerify +12 `} {
		if !regexp.MustCompile(`(?m)^` + line + `.* ok$`).MatchString(got.stderr) {
			t.Errorf("the summary has no line %q:\n%s", line, got.stderr)
		}
	}
}

func TestDryRunWithOneResourceThatFails(t *testing.T) {
	t.Parallel()
	good, bad := newFace(t, emptyService()), newFace(t, facesim.Options{Now: noon, Key: "another key"})
	good.Populate(live, 7, 1)
	got := runToEnd(t, []string{"--dry-run", "--config.file=" + write(t, "exporter.yaml", quick+"resources:\n"+
		resource("good", good.endpoint, "key: "+good.Key())+
		resource("bad", bad.endpoint, "key: wr0ngk3y"))}, nil)
	if got.code != 1 || !strings.Contains(got.stderr, "1 of 2 lists could not be read") {
		t.Errorf("exit code %d, want 1 and how many failed:\n%s", got.code, got.stderr)
	}
	e := parseText(t, got.stdout)
	e.exact(t, good, "good", live)
	e.want(t, of("up", "good", live), 1)
	e.want(t, of("up", "bad", live), 0)
	e.want(t, of("api_errors_total", "bad", live, "error_code", "401"), 1)
	if left := e.population("bad", live); len(left) != 0 {
		t.Errorf("a list that could not be read is shown: %v", left)
	}
	if !regexp.MustCompile(`(?m)^bad +detectLiveness +- .*401`).MatchString(got.stderr) {
		t.Errorf("the summary does not say why:\n%s", got.stderr)
	}
	noneOf(t, "stdout", got.stdout, "wr0ngk3y")
	noneOf(t, "stderr", got.stderr, "wr0ngk3y")
}

func TestDryRunWithoutAList(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	got := runToEnd(t, []string{"--dry-run", "--config.file=" + write(t, "exporter.yaml", quick+"resources:\n"+
		resource("bad", service.endpoint, "key: wr0ngk3y"))}, nil)
	if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, "1 of 1 lists could not be read") {
		t.Errorf("exit code %d, want 1, no exposition and how many failed:\n%s\n%s", got.code, got.stdout, got.stderr)
	}
}

// Who stops a dry run gets no half of a list for the whole.
func TestDryRunStopped(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 3000, 1)
	service.Populate(verify, 3000, 2)
	service.Fail(facetest.Hang().After(1))
	p := run(t, []string{
		"--dry-run", "--config.file=" + write(t, "exporter.yaml", contoso(service, quick+"refresh: {max_concurrent: 1}\n", bothOperations)),
	}, nil)
	eventually(t, "a page hangs", func() bool { return service.requests() > 1 })
	if code := p.end(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	for _, operation := range []string{live, verify} {
		if left := parseText(t, p.stdout.String()).population("contoso", operation); len(left) != 0 {
			t.Errorf("a part of a list is shown: %v", left)
		}
	}
	if strings.Contains(p.stderr.String(), "<nil>") {
		t.Errorf("the summary gives no reason:\n%s", p.stderr)
	}
}
