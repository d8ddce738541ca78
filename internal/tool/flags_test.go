package tool_test

import (
	"strings"
	"testing"
)

func TestHelpNamesEveryFlag(t *testing.T) {
	t.Parallel()
	got := runToEnd(t, []string{"--help"}, nil)
	if got.code != 0 || got.stderr != "" {
		t.Errorf("exit code %d, stderr %q; want 0 and nothing", got.code, got.stderr)
	}
	for _, flag := range []string{
		"--config.file=", "--config.check ", "--doctor ", "--demo ", "--web.listen-address=", "--web.config.file=",
		"--web.systemd-socket ", "--web.telemetry-path=", "--web.max-requests=", "--web.disable-exporter-metrics ",
		"--web.enable-lifecycle ", "--web.enable-pprof ", "--web.external-url=", "--web.route-prefix=", "--web.health-listen-address=", "--log.level=", "--log.format=", "--version ",
		`config.file="config.yaml"`, "web.listen-address=:10520", `web.telemetry-path="/metrics"`, "web.max-requests=40",
	} {
		if !strings.Contains(got.stdout, flag) {
			t.Errorf("--help does not show %s:\n%s", flag, got.stdout)
		}
	}
	if strings.Contains(got.stdout, "[no-]") {
		t.Errorf("--help writes a switch as nobody types it:\n%s", got.stdout)
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string // must be part of
	}{
		{"short help", []string{"-h"}, 0, "usage: face_liveness_exporter", ""},
		{"version", []string{"--version"}, 0, "face_liveness_exporter, version ", ""},
		{"version wins over a demo", []string{"--demo", "--version"}, 0, "face_liveness_exporter, version ", ""},
		{"unknown flag", []string{"--frobnicate"}, 1, "", "unknown long flag '--frobnicate', try --help"},
		{"argument", []string{"frobnicate"}, 1, "", "unexpected frobnicate, try --help"},
		{"level in capitals", []string{"--log.level=DEBUG", "--log.format=JSON", "--config.file=absent"}, 1, "", "absent"},
		{"mixed level", []string{"--log.level=Warn", "--log.format=logFmt", "--config.file=absent"}, 1, "", "absent"},
		{"no external URL", []string{"--web.external-url=example.org/face"}, 1, "", "--web.external-url"},
		{"external URL of another scheme", []string{"--web.external-url=ftp://example.org"}, 1, "", "--web.external-url"},
		{"external URL with a password", []string{"--web.external-url=https://me:secret@example.org"}, 1, "", "--web.external-url"},
		{"external URL with a query", []string{"--web.external-url=https://example.org/?a=b"}, 1, "", "--web.external-url"},
		{"prefix with a pattern", []string{"--web.route-prefix=/{face}"}, 1, "", "--web.route-prefix"},
		{"health address that is taken for a path", []string{"--demo", "--web.listen-address=127.0.0.1:0", "--web.health-listen-address=/health"}, 1, "", "--web.health-listen-address"},
		{"no such level", []string{"--log.level=loud"}, 1, "", "--log.level must be one of debug, info, warn, error"},
		{"no such format", []string{"--log.format=xml"}, 1, "", "--log.format must be one of auto, tint, logfmt, json"},
		{"no number", []string{"--web.max-requests=many"}, 1, "", "many"},
		{"negative number", []string{"--web.max-requests=-1"}, 1, "", "--web.max-requests must not be below 0"},
		{"relative path", []string{"--web.telemetry-path=metrics"}, 1, "", "--web.telemetry-path"},
		{"empty path", []string{"--web.telemetry-path="}, 1, "", "--web.telemetry-path"},
		{"path with a slash at its end", []string{"--web.telemetry-path=/metrics/"}, 1, "", "--web.telemetry-path"},
		{"path with a space", []string{"--web.telemetry-path=/my metrics"}, 1, "", "--web.telemetry-path"},
		{"path with a pattern", []string{"--web.telemetry-path=/{metrics}"}, 1, "", "--web.telemetry-path"},
		{"path with a query", []string{"--web.telemetry-path=/metrics?all"}, 1, "", "--web.telemetry-path"},
		{"path with an escape", []string{"--web.telemetry-path=/metr%69cs"}, 1, "", "--web.telemetry-path"},
		{"path with two slashes", []string{"--web.telemetry-path=//metrics"}, 1, "", "--web.telemetry-path"},
		{"path that goes up", []string{"--web.telemetry-path=/a/../metrics"}, 1, "", "--web.telemetry-path"},
		{"path of the probe", []string{"--web.telemetry-path=/probe"}, 1, "", "--web.telemetry-path"},
		{"path of the discovery", []string{"--web.telemetry-path=/sd"}, 1, "", "--web.telemetry-path"},
		{"path of the health", []string{"--web.telemetry-path=/-/healthy"}, 1, "", "--web.telemetry-path"},
		{"path of the profiles", []string{"--web.telemetry-path=/debug/pprof"}, 1, "", "--web.telemetry-path"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := runToEnd(t, test.args, nil)
			if got.code != test.code {
				t.Errorf("exit code %d, want %d", got.code, test.code)
			}
			checkOutput(t, "stdout", got.stdout, test.stdout)
			checkOutput(t, "stderr", got.stderr, test.stderr)
		})
	}
}

// checkOutput wants the part in the text, or no text where there is none.
func checkOutput(t *testing.T, name, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) || (part == "" && text != "") {
		t.Errorf("%s is %q, want %q in it", name, text, part)
	}
}

func TestTelemetryPath(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	for _, test := range []struct{ name, path, unknown string }{
		{"another path", "/face/metrics", "/metrics"},
		{"the root", "/", "/anything"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := startWith(t, contoso(service, quick), "--web.telemetry-path="+test.path)
			if got := p.get(test.path); got.status != 200 || !strings.Contains(got.body, "face_liveness_up") {
				t.Errorf("GET %s: %d\n%s", test.path, got.status, got.body)
			}
			if got := p.get(test.unknown); got.status != 404 {
				t.Errorf("GET %s: %d, want 404", test.unknown, got.status)
			}
		})
	}
}
