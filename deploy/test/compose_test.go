package deploy_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// project loads a compose file as Docker Compose does: schema, variables, references.
func project(t *testing.T, path string, env ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{path}, cli.WithEnv(env), cli.WithInterpolation(true), cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(t.Context())
}

func loaded(t *testing.T, path string, env ...string) *types.Project {
	t.Helper()
	project, err := project(t, path, env...)
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestComposeFileIsPinnedLocalAndComplete(t *testing.T) {
	pinned := regexp.MustCompile(`^docker\.io/.+:v?\d+\.\d+\.\d+$|^face_liveness_exporter:local$`)
	project := loaded(t, "../compose.yaml")
	for name, service := range project.Services {
		if !pinned.MatchString(service.Image) {
			t.Errorf("%s: image %s has no version", name, service.Image)
		}
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is open to all", name, port.Published)
			}
		}
		for _, volume := range service.Volumes {
			if _, err := os.Stat(volume.Source); volume.Type == types.VolumeTypeBind && err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if volume.Type == types.VolumeTypeBind && !volume.ReadOnly {
				t.Errorf("%s: %s can be written to", name, volume.Source)
			}
		}
		if service.Build != nil {
			if _, err := os.Stat(filepath.Join(service.Build.Context, service.Build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestComposeFileSwitchesToARealResource: the commented line in the place of the one above it.
func TestComposeFileSwitchesToARealResource(t *testing.T) {
	text := string(read(t, "../compose.yaml"))
	demo := regexp.MustCompile(`(?m)^ +command: \["--demo", .*\].*\n( +)# (environment: .*)$`)
	if !demo.MatchString(text) {
		t.Fatal("no line to switch to")
	}
	path := filepath.Join(t.TempDir(), "compose.yaml")
	write(t, path, []byte(demo.ReplaceAllString(text, "$1$2")))
	exporter := loaded(t, path, "FACE_API_KEY=k").Services["exporter"]
	if key := exporter.Environment["FACE_API_KEY"]; len(exporter.Command) != 0 || key == nil || *key != "k" {
		t.Errorf("command %v, environment %v", exporter.Command, exporter.Environment)
	}
	if _, err := project(t, path); err == nil || !strings.Contains(err.Error(), "set it to the key") {
		t.Errorf("without a key: %v", err)
	}
}

// TestComposedPrometheusAndAlertmanagerTakeTheirConfiguration by asking their own tools, with the mounts in place.
func TestComposedPrometheusAndAlertmanagerTakeTheirConfiguration(t *testing.T) {
	project := loaded(t, "../compose.yaml")
	for name, tool := range map[string]struct {
		command []string
		debian  string
	}{
		"prometheus":   {[]string{"promtool", "check", "config"}, "prometheus"},
		"alertmanager": {[]string{"amtool", "check-config"}, "prometheus-alertmanager"},
	} {
		if _, err := exec.LookPath(tool.command[0]); err != nil {
			t.Fatalf("%s is missing (Debian and Ubuntu: apt-get install %s)", tool.command[0], tool.debian)
		}
		text := project.Configs[name].Content
		for _, volume := range project.Services[name].Volumes {
			text = strings.ReplaceAll(text, volume.Target+"\n", volume.Source+"\n")
		}
		path := filepath.Join(t.TempDir(), name+".yml")
		write(t, path, []byte(text))
		output, err := exec.CommandContext(t.Context(), tool.command[0], append(tool.command[1:], path)...).CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, output)
		}
	}
}

// TestPinnedGoIsTheOneThatTheModuleAsksFor: an older one would refuse, a newer one would not be what was tested.
func TestPinnedGoIsTheOneThatTheModuleAsksFor(t *testing.T) {
	asked := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(read(t, filepath.Join(root, "go.mod")))
	pinned := regexp.MustCompile(`(?m)^ARG GO_IMAGE=\S+/golang:([0-9.]+)-`).FindSubmatch(read(t, filepath.Join(root, "Dockerfile")))
	if asked == nil || pinned == nil || !bytes.Equal(asked[1], pinned[1]) {
		t.Errorf("go.mod asks for %q, the Dockerfile pins %q", asked, pinned)
	}
}
