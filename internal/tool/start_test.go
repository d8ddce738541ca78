package tool_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"face_liveness_exporter/internal/rig"
)

// not parallel: it changes the working directory.
func TestWhereTheConfigurationComesFrom(t *testing.T) {
	service := rig.NewFace(t)
	configuration := func(name string) string { return rig.Quick + "resources:\n" + service.Resource(name) }
	given := "--config.file=" + rig.Write(t, "given.yaml", configuration("of-the-file"))
	byKey := map[string]string{"FACE_ENDPOINT": service.Endpoint, "FACE_API_KEY": service.Key(), "FACE_RESOURCE_NAME": "of-the-environment"}
	byKeyFile := map[string]string{
		"FACE_ENDPOINT": service.Endpoint, "FACE_API_KEY_FILE": rig.Write(t, "key", service.Key()+"\n"), "FACE_RESOURCE_NAME": "of-the-environment",
	}
	for _, test := range []struct {
		name     string
		args     []string
		inFolder bool
		env      map[string]string
		resource string
		reload   int
		log      string
	}{
		{"a demo before all", []string{"--demo", given}, true, byKey, "demo", 500, "the demo refreshes every 5s"},
		{"a given file before the folder's", []string{given}, true, byKey, "of-the-file", 200, "ignored, because the configuration is read from"},
		{"the folder's before the environment", nil, true, byKey, "of-the-folder", 200, "ignored, because the configuration is read from config.yaml"},
		{"the environment with a key", nil, false, byKey, "of-the-environment", 500, ""},
		{"the environment with a key file", nil, false, byKeyFile, "of-the-environment", 500, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			t.Chdir(folder)
			if test.inFolder {
				rig.Rewrite(t, filepath.Join(folder, "config.yaml"), configuration("of-the-folder"))
			}
			asked := service.Asked()
			p := rig.Start(t, append(test.args, "--web.enable-lifecycle"), test.env)
			e := p.Scrape()
			if names := e.Resources(); !slices.Equal(names, []string{test.resource}) || !e.Up(test.resource, rig.Live) {
				t.Errorf("resources %q, want %q", names, test.resource)
			}
			if demo := service.Asked() == asked; demo != (test.resource == "demo") {
				t.Errorf("%d requests", service.Asked()-asked)
			}
			got := p.Send("POST", "/-/reload")
			if got.Status != test.reload || (test.reload == 500) != strings.Contains(got.Body, "no configuration file") {
				t.Errorf("reload: %d %s", got.Status, got.Body)
			}
			rig.AllOf(t, "the log", p.Log(), test.log)
			if test.inFolder && test.args == nil {
				if err := os.Remove("config.yaml"); err != nil {
					t.Fatal(err)
				}
				if got := p.Send("POST", "/-/reload"); got.Status != 500 || strings.Contains(got.Body, "--demo") {
					t.Errorf("reload of a file that is gone: %d %s", got.Status, got.Body)
				}
			}
		})
	}
}

// not parallel: it changes the working directory.
func TestNothingToShow(t *testing.T) {
	good := map[string]string{"FACE_ENDPOINT": "http://127.0.0.1:1", "FACE_API_KEY": "k3y"}
	for _, test := range []struct {
		name     string
		args     []string
		inFolder string // config.yaml
		env      map[string]string
		want     []string
	}{
		{"nothing at all", nil, "", nil, []string{"--demo", "FACE_ENDPOINT=", "FACE_API_KEY=", "--config.file="}},
		{"nothing at all, checked", []string{"--config.check"}, "", nil, []string{"--demo", "FACE_ENDPOINT=", "--config.file="}},
		{"a given config.yaml that is not there", []string{"--config.file=config.yaml"}, "", good, []string{"config.yaml", "no such file"}},
		{"a config.yaml that is wrong, beside a good environment", nil, "resources: []\n", good, []string{"resources (line 1)"}},
		{"a misspelled variable alone", nil, "", map[string]string{"FACE_ENDPONT": "x"}, []string{"FACE_ENDPONT", "--demo"}},
		{"a key without an endpoint", nil, "", map[string]string{"FACE_API_KEY": "k3y"}, []string{"FACE_ENDPOINT"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			t.Chdir(folder)
			if test.inFolder != "" {
				rig.Rewrite(t, filepath.Join(folder, "config.yaml"), test.inFolder)
			}
			code, stdout, stderr := rig.RunToEnd(t, test.args, test.env)
			if code != 1 || stdout != "" {
				t.Errorf("exit code %d, stdout %q; want 1 and nothing", code, stdout)
			}
			rig.AllOf(t, "stderr", stderr, test.want...)
			rig.NoneOf(t, "stderr", stderr, "k3y")
		})
	}
}

// An exporter that cannot serve, or that cannot be built, says why and sends no request.
func TestStartThatFails(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	service := rig.NewFace(t)
	file := "--config.file=" + rig.Write(t, "exporter.yaml", service.Contoso(rig.Quick))
	ca := "--config.file=" + rig.Write(t, "exporter.yaml", service.Contoso(rig.Quick, "tls: {ca_file: absent.pem}"))
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"address in use":            {[]string{file, "--web.listen-address=" + taken.Addr().String()}, []string{"--web.listen-address", taken.Addr().String(), "in use"}},
		"health address in use":     {[]string{file, "--web.health-listen-address=" + taken.Addr().String()}, []string{"--web.health-listen-address", "in use"}},
		"no socket of systemd":      {[]string{file, "--web.systemd-socket"}, []string{"--web.systemd-socket"}},
		"CA file that is not there": {[]string{ca}, []string{`resource "contoso"`, "absent.pem"}},
	} {
		code, _, stderr := rig.RunToEnd(t, test.args, nil)
		if code != 1 || strings.Count(stderr, "in use") > 1 {
			t.Errorf("%s: exit code %d\n%s", name, code, stderr)
		}
		rig.AllOf(t, name, stderr, test.want...)
	}
	if asked := service.Asked(); asked != 0 {
		t.Errorf("%d requests", asked)
	}
}
