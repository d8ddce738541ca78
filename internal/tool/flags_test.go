package tool_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"face_liveness_exporter/internal/rig"
	"face_liveness_exporter/internal/tool"
)

func TestHelpNamesEveryFlag(t *testing.T) {
	t.Parallel()
	code, help, stderr := rig.RunToEnd(t, []string{"--help"}, nil)
	if code != 0 || stderr != "" {
		t.Errorf("exit code %d, stderr %q; want 0 and nothing", code, stderr)
	}
	rig.AllOf(t, "--help", help, "--config.file=", "--config.check ", "--doctor ", "--demo ", "--web.listen-address=", "--web.config.file=",
		"--web.systemd-socket ", "--web.telemetry-path=", "--web.max-requests=", "--web.disable-exporter-metrics ", "--web.enable-lifecycle ",
		"--web.enable-pprof ", "--web.external-url=", "--web.route-prefix=", "--web.health-listen-address=", "--log.level=", "--log.format=",
		"--version ", `config.file="config.yaml"`, "web.listen-address=:10520", `web.telemetry-path="/metrics"`, "web.max-requests=40")
	rig.NoneOf(t, "--help", help, "[no-]")
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args           string
		code           int
		stdout, stderr string // must be part of
	}{
		"short help":                   {"-h", 0, "usage: face_liveness_exporter", ""},
		"completion of the shell":      {"--completion-bash", 0, "", ""},
		"unknown flag":                 {"--frobnicate", 1, "", "unknown long flag '--frobnicate', try --help"},
		"argument":                     {"frobnicate", 1, "", "unexpected frobnicate, try --help"},
		"level in capitals":            {"--log.level=DEBUG --log.format=logFmt --config.file=absent", 1, "", "absent"},
		"no such level":                {"--log.level=loud", 1, "", "--log.level must be one of debug, info, warn, error"},
		"no number":                    {"--web.max-requests=many", 1, "", "many"},
		"negative number":              {"--web.max-requests=-1", 1, "", "--web.max-requests must not be below 0"},
		"no address":                   {"--demo --web.listen-address=", 1, "", "--web.listen-address must not be empty"},
		"no health address":            {"--demo --web.health-listen-address=/health", 1, "", "--web.health-listen-address"},
		"no external URL":              {"--web.external-url=example.org/face", 1, "", "--web.external-url"},
		"external URL with a scheme":   {"--web.external-url=ftp://example.org", 1, "", "--web.external-url"},
		"external URL with a password": {"--web.external-url=https://me:secret@example.org", 1, "", "--web.external-url"},
		"external URL with a query":    {"--web.external-url=https://example.org/?a=b", 1, "", "--web.external-url"},
		"prefix with a pattern":        {"--web.route-prefix=/{face}", 1, "", "--web.route-prefix"},
		"relative path":                {"--web.telemetry-path=metrics", 1, "", "--web.telemetry-path"},
		"path with a slash at its end": {"--web.telemetry-path=/metrics/", 1, "", "--web.telemetry-path"},
		"path with a pattern":          {"--web.telemetry-path=/{metrics}", 1, "", "--web.telemetry-path"},
		"path that goes up":            {"--web.telemetry-path=/a/../metrics", 1, "", "--web.telemetry-path"},
		"path of the probe":            {"--web.telemetry-path=/probe", 1, "", "--web.telemetry-path"},
		"path of the health":           {"--web.telemetry-path=/-/healthy", 1, "", "--web.telemetry-path"},
		"path of the profiles":         {"--web.telemetry-path=/debug/pprof", 1, "", "--web.telemetry-path"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := rig.RunToEnd(t, strings.Fields(test.args), nil)
			if code != test.code || (test.stdout == "") != (stdout == "") || (test.stderr == "") != (stderr == "") {
				t.Errorf("exit code %d, want %d; stdout %q, stderr %q", code, test.code, stdout, stderr)
			}
			rig.AllOf(t, "stdout", stdout, test.stdout)
			rig.AllOf(t, "stderr", stderr, test.stderr)
			rig.NoneOf(t, "stderr", stderr, "secret")
		})
	}
}

// full is a disk without room.
type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

// Who asks for something that cannot be written is told so by the exit code.
func TestOutputThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	environ := []string{"FACE_ENDPOINT=" + service.Endpoint, "FACE_API_KEY=" + service.Key()}
	for _, args := range []string{"--help", "--version", "--demo --config.check", "--doctor"} {
		var stderr bytes.Buffer
		code := tool.Run(t.Context(), tool.Process{Args: strings.Fields(args), Environ: environ, Stdout: full{}, Stderr: &stderr})
		if code != 1 || !strings.Contains(stderr.String(), errFull.Error()) {
			t.Errorf("%s: exit code %d, %s", args, code, &stderr)
		}
	}
}
