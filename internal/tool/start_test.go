package tool_test

import (
	"net"
	"os"
	"strings"
	"testing"

	"face_liveness_exporter/internal/rig"
)

// not parallel: it changes the working directory.
func TestWhereTheConfigurationComesFrom(t *testing.T) {
	configuration := func(name string) string { return "resources:\n" + rig.Resource(name, "http://127.0.0.1:1", "key: k3y") }
	given := "--config.file=" + rig.Write(t, "given.yaml", configuration("of-the-file"))
	key, byKey := rig.Write(t, "key", "k3y\n"), map[string]string{"FACE_ENDPOINT": "http://127.0.0.1:1", "FACE_API_KEY": "k3y", "FACE_RESOURCE_NAME": "env"}
	for _, test := range []struct {
		name     string
		args     []string
		inFolder string // config.yaml
		env      map[string]string
		stdout   string   // must be part of it; "" if nothing can be shown
		want     []string // parts of stderr
	}{
		{"a demo before all", []string{"--demo", given}, configuration("of-the-folder"), byKey, "  demo: ", nil},
		{"a given file before the folder's", []string{given}, configuration("of-the-folder"), byKey, "  of-the-file: ", []string{"ignored, because the configuration is read from"}},
		{"the folder's before the environment", nil, configuration("of-the-folder"), byKey, "  of-the-folder: ", []string{"is read from config.yaml"}},
		{"the environment with a key", nil, "", byKey, "  env: detectLiveness with a key\n", nil},
		{"the environment with a key file", nil, "", map[string]string{"FACE_ENDPOINT": "http://127.0.0.1:1", "FACE_API_KEY_FILE": key}, "with a key file\n", nil},
		{"the environment with neither", nil, "", map[string]string{"FACE_ENDPOINT": "http://127.0.0.1:1"}, "no FACE_API_KEY: signing in with Entra ID", nil},
		{"nothing at all", nil, "", nil, "", []string{"--demo", "FACE_ENDPOINT=", "FACE_API_KEY=", "--config.file="}},
		{"a given config.yaml that is not there", []string{"--config.file=config.yaml"}, "", byKey, "", []string{"config.yaml", "no such file"}},
		{"a config.yaml that is wrong, beside a good environment", nil, "resources: []\n", byKey, "", []string{"resources (line 1)"}},
		{"a misspelled variable alone", nil, "", map[string]string{"FACE_ENDPONT": "x"}, "", []string{"FACE_ENDPONT", "--demo"}},
		{"a key without an endpoint", nil, "", map[string]string{"FACE_API_KEY": "k3y"}, "", []string{"FACE_ENDPOINT"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if test.inFolder != "" {
				rig.Rewrite(t, "config.yaml", test.inFolder)
			}
			code, stdout, stderr := rig.RunToEnd(t, append(test.args, "--config.check"), test.env)
			if (code == 0) != (test.stdout != "") || (stdout == "") != (test.stdout == "") {
				t.Errorf("exit code %d, stdout %q", code, stdout)
			}
			rig.AllOf(t, "stdout", stdout, test.stdout)
			rig.AllOf(t, "stderr", stderr, test.want...)
			rig.NoneOf(t, "the output", stdout+stderr, "k3y")
			if test.stdout != "" {
				return
			}
			if code, stdout, served := rig.RunToEnd(t, test.args, test.env); code != 1 || stdout != "" || !strings.HasSuffix(served, stderr[strings.LastIndex(stderr, ": error:"):]) {
				t.Errorf("not only checked: exit code %d, stdout %q, stderr\n%s", code, stdout, served)
			}
		})
	}
}

// A reload reads the file again that the program was started with, and nothing else.
func TestReloadWithoutAFile(t *testing.T) {
	service := rig.NewFace(t)
	t.Chdir(t.TempDir())
	env := map[string]string{"FACE_ENDPOINT": service.Endpoint, "FACE_API_KEY": service.Key()}
	fromEnvironment := rig.Start(t, []string{"--web.enable-lifecycle"}, env)
	fromEnvironment.Scrape().Want(t, rig.Of("up", "default", rig.Live), 1)
	rig.Rewrite(t, "config.yaml", service.Contoso(rig.Quick))
	fromFile := rig.Start(t, []string{"--web.enable-lifecycle"}, env)
	rig.AllOf(t, "the log", fromFile.Log(), "level=WARN msg=configuration problem=\"FACE_API_KEY: is ignored")
	if err := os.Remove("config.yaml"); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[*rig.Program]string{fromEnvironment: "there is no configuration file", fromFile: "config.yaml"} {
		if got := p.Send("POST", "/-/reload"); got.Status != 500 || !strings.Contains(got.Body, want) || strings.Contains(got.Body, "--demo") {
			t.Errorf("%d %s, want %s", got.Status, got.Body, want)
		}
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
