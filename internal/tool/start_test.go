package tool_test

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/internal/explain"
)

func emptyService() facesim.Options { return facesim.Options{Now: noon} }

// infoOf names the info series of a resource.
func infoOf(resource, endpoint string) string {
	return series("face_liveness_resource_info", nil, "resource", resource, "service_endpoint", endpoint, "api_version", "v1.2-preview.1")
}

// not parallel: it changes the working directory.
func TestWhereTheConfigurationComesFrom(t *testing.T) {
	file, here, environment := newFace(t, emptyService()), newFace(t, emptyService()), newFace(t, emptyService())
	given := write(t, "given.yaml", quick+"resources:\n"+resource("of-the-file", file.endpoint, "key: "+file.Key()))
	inFolder := quick + "resources:\n" + resource("of-the-folder", here.endpoint, "key: "+here.Key())
	byKey := map[string]string{"FACE_ENDPOINT": environment.endpoint, "FACE_API_KEY": environment.Key()}
	keyFile := write(t, "key", environment.Key()+"\n")
	byKeyFile := map[string]string{"FACE_ENDPOINT": environment.endpoint, "FACE_API_KEY_FILE": keyFile}

	tests := []struct {
		name     string
		args     []string
		inFolder string // config.yaml
		env      map[string]string
		resource string
		service  *face
	}{
		{"a given file before the folder's", []string{"--config.file=" + given}, inFolder, byKey, "of-the-file", file},
		{"the folder's before the environment", nil, inFolder, byKey, "of-the-folder", here},
		{"the environment with a key", nil, "", byKey, "default", environment},
		{"the environment with a key file", nil, "", byKeyFile, "default", environment},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			t.Chdir(folder)
			if test.inFolder != "" {
				rewrite(t, filepath.Join(folder, "config.yaml"), test.inFolder)
			}
			e := start(t, test.args, test.env).scrape()
			e.want(t, infoOf(test.resource, test.service.endpoint), 1)
			e.want(t, of("up", test.resource, live), 1)
			if resources := len(e.families["face_liveness_resource_info"].GetMetric()); resources != 1 {
				t.Errorf("%d resources, want 1", resources)
			}
		})
	}

	t.Run("the demo before all", func(t *testing.T) {
		folder := t.TempDir()
		t.Chdir(folder)
		rewrite(t, filepath.Join(folder, "config.yaml"), inFolder)
		before := file.requests() + here.requests() + environment.requests()
		p := start(t, []string{"--demo", "--config.file=" + given}, byKey)
		if e := p.scrape(); len(e.families["face_liveness_resource_info"].GetMetric()) != 1 || !e.has(of("up", "demo", live)) {
			t.Error("the demo shows something else")
		}
		if after := file.requests() + here.requests() + environment.requests(); after != before {
			t.Errorf("the demo sent %d requests to real resources", after-before)
		}
	})
}

// not parallel: it changes the working directory.
func TestNothingToShow(t *testing.T) {
	good := write(t, "good.yaml", "resources:\n"+resource("contoso", "http://127.0.0.1:1", "key: k3y"))
	tests := []struct {
		name     string
		args     []string
		inFolder string
		env      map[string]string
		want     []string
	}{
		{"nothing at all", nil, "", nil, []string{"--demo", "FACE_ENDPOINT=", "FACE_API_KEY=", "--config.file="}},
		{"nothing at all, checked", []string{"--config.check"}, "", nil, []string{"--demo", "FACE_ENDPOINT=", "--config.file="}},
		{
			"a given file that is not there",
			[]string{"--config.file=absent.yaml"},
			"",
			map[string]string{"FACE_ENDPOINT": "http://127.0.0.1:1", "FACE_API_KEY": "k3y"},
			[]string{"absent.yaml", "no such file"},
		},
		{
			"a given config.yaml that is not there",
			[]string{"--config.file=config.yaml"},
			"",
			map[string]string{"FACE_ENDPOINT": "http://127.0.0.1:1", "FACE_API_KEY": "k3y"},
			[]string{"config.yaml", "no such file"},
		},
		{
			"a config.yaml that is wrong, beside a good environment", nil, "resources: []\n",
			map[string]string{"FACE_ENDPOINT": "http://127.0.0.1:1", "FACE_API_KEY": "k3y"},
			[]string{"resources (line 1)"},
		},
		{
			"another program's config.yaml, beside a good environment", nil, "server:\n  port: 8080\n",
			map[string]string{"FACE_ENDPOINT": "http://127.0.0.1:1", "FACE_API_KEY": "k3y"},
			[]string{"config.yaml: no field of this exporter is in the file", "FACE_API_KEY, FACE_ENDPOINT set but ignored"},
		},
		{"a misspelled variable alone", nil, "", map[string]string{"FACE_ENDPONT": "x"}, []string{"did you mean FACE_ENDPOINT?", "--demo"}},
		{"a folder for a file", []string{"--config.file=."}, "", nil, []string{"read configuration"}},
		{"a key without an endpoint", nil, "", map[string]string{"FACE_API_KEY": "k3y"}, []string{"FACE_ENDPOINT: is not set"}},
		{
			"two keys", nil, "",
			map[string]string{"FACE_ENDPOINT": "http://127.0.0.1:1", "FACE_API_KEY": "k3y", "FACE_API_KEY_FILE": good},
			[]string{"FACE_API_KEY: is set beside FACE_API_KEY_FILE"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			t.Chdir(folder)
			if test.inFolder != "" {
				rewrite(t, filepath.Join(folder, "config.yaml"), test.inFolder)
			}
			got := runToEnd(t, test.args, test.env)
			if got.code != 1 || got.stdout != "" {
				t.Errorf("exit code %d, stdout %q; want 1 and nothing", got.code, got.stdout)
			}
			for _, part := range test.want {
				if !strings.Contains(got.stderr, part) {
					t.Errorf("stderr does not say %q:\n%s", part, got.stderr)
				}
			}
		})
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	service := newFace(t, emptyService())
	got := runToEnd(t, []string{
		"--config.file=" + write(t, "exporter.yaml", contoso(service, quick)),
		"--web.listen-address=" + taken.Addr().String(),
	}, nil)
	if strings.Count(got.stderr, "address already in use") > 1 {
		t.Errorf("it is said twice:\n%s", got.stderr)
	}
	if got.code != 1 || !strings.Contains(got.stderr, "listen tcp "+taken.Addr().String()) || !strings.Contains(got.stderr, "address already in use") {
		t.Errorf("exit code %d, want 1 and which address is in use:\n%s", got.code, got.stderr)
	}
	if requests := service.requests(); requests != 0 {
		t.Errorf("an exporter that cannot serve sent %d requests", requests)
	}
}

func TestConfigCheck(t *testing.T) {
	t.Parallel()
	const canary = "c4n4ry5ecret0f7h3key"
	service := newFace(t, emptyService())
	absent := filepath.Join(t.TempDir(), "absent")
	tests := []struct {
		name          string
		configuration string
		code          int
		stdout        string
		stderr        []string // each on a line of its own
	}{
		{
			"valid", "resources:\n" + resource("contoso", service.endpoint, "key: "+canary), 0,
			"configuration is valid: 1 resource(s)\n  contoso: detectLiveness with a key\n    at least 8,640 requests in 30 days\n", nil,
		},
		{
			"a key file that is not there", "resources:\n" + resource("contoso", service.endpoint, "key_file: "+absent), 0,
			"configuration is valid: 1 resource(s)\n  contoso: detectLiveness with a key file\n    at least 8,640 requests in 30 days\n",
			[]string{"warning: resources[0].key_file (line 4): "},
		},
		{
			"a short interval, outcomes and both operations",
			"refresh: {interval: 1m}\noutcomes: {samples: 5}\nresources:\n" +
				resource("contoso", service.endpoint, "key: "+canary, bothOperations), 0,
			"configuration is valid: 1 resource(s)\n  contoso: detectLiveness, detectLivenessWithVerify with a key\n" +
				"    at least 86,400 requests in 30 days, and up to 432,000 for outcomes\n",
			[]string{"warning: resource \"contoso\": refresh.interval: "},
		},
		{
			"a budget below one request a refresh",
			"api: {monthly_request_budget: 4320}\nresources:\n" + resource("contoso", service.endpoint, "key: "+canary), 0,
			"configuration is valid: 1 resource(s)\n  contoso: detectLiveness with a key\n    at least 4,320 requests in 30 days\n",
			[]string{"the effective interval is 10m0s instead of 5m0s; raise the budget to 8,640"},
		},
		{
			"a rate too low for the time-out",
			"api: {max_requests_per_second: 0.01}\nresources:\n" + resource("contoso", service.endpoint, "key: "+canary, bothOperations), 0,
			"configuration is valid: 1 resource(s)\n  contoso: detectLiveness, detectLivenessWithVerify with a key\n    at least 17,280 requests in 30 days\n",
			[]string{"api.max_requests_per_second: a request can wait 3m20s for its turn, and refresh.timeout is 2m0s"},
		},
		{
			"look-ups that take longer than the interval",
			"api: {max_requests_per_second: 0.3}\noutcomes: {samples: 100}\nresources:\n" + resource("contoso", service.endpoint, "key: "+canary), 0,
			"configuration is valid: 1 resource(s)\n  contoso: detectLiveness with a key\n    at least 8,640 requests in 30 days, and up to 864,000 for outcomes\n",
			[]string{"outcomes.samples: looking up 100 sessions", "refresh.interval: "},
		},
		{
			"every problem at once",
			"refresh: {interval: 5}\n" +
				"api:\n  page_size: 1001\n  pagesize: 1\n" +
				"resources:\n" +
				resource("contoso", "ftp://contoso.example", "key: "+canary, "keyfile: "+canary) +
				resource("contoso", service.endpoint, "key: "+canary, "key_env: "+canary),
			1, "",
			[]string{
				"refresh.interval (line 1): ", "api.page_size (line 3): ", "api.pagesize (line 4): ",
				"resources[0].endpoint (line 7): ", "resources[0].keyfile (line 9): ", "resources[1].name (line 10): ", "resources[1] (line 10): ",
			},
		},
		{"not YAML", "resources: [\n  " + canary + "\n", 1, "", []string{"not valid YAML"}},
		{"empty", "", 1, "", []string{"the file is empty"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := runToEnd(t, []string{"--config.check", "--config.file=" + write(t, "exporter.yaml", test.configuration)}, nil)
			if test.code == 0 {
				test.stdout += explain.UnlistedSessions + "\n"
			}
			if got.code != test.code || got.stdout != test.stdout {
				t.Errorf("exit code %d, stdout %q; want %d, %q", got.code, got.stdout, test.code, test.stdout)
			}
			lines := 0
			if got.stderr != "" {
				lines = len(strings.Split(strings.TrimSpace(got.stderr), "\n"))
			}
			if lines != len(test.stderr) {
				t.Errorf("%d lines on stderr, want %d:\n%s", lines, len(test.stderr), got.stderr)
			}
			for _, part := range test.stderr {
				if !strings.Contains(got.stderr, part) {
					t.Errorf("stderr does not say %q:\n%s", part, got.stderr)
				}
			}
			noneOf(t, "stdout", got.stdout, canary)
			noneOf(t, "stderr", got.stderr, canary)
		})
	}
	t.Cleanup(func() {
		if n := service.requests(); n != 0 {
			t.Errorf("a check sent %d requests", n)
		}
	})
}

// A configuration that passes the check and a start are two things: a certificate's file is read at the start alone.
func TestStartNamesTheResourceThatCannotBeBuilt(t *testing.T) {
	t.Parallel()
	configuration := "resources:\n" + resource("contoso-gov", "https://contoso.cognitiveservices.azure.us", "key: k3y",
		"tls: {ca_file: "+filepath.Join(t.TempDir(), "absent.pem")+"}")
	got := runToEnd(t, []string{"--config.file=" + write(t, "exporter.yaml", configuration)}, nil)
	if got.code != 1 || !strings.Contains(got.stderr, `resource "contoso-gov"`) || !strings.Contains(got.stderr, "absent.pem") {
		t.Errorf("exit code %d, want 1, the resource and the file:\n%s", got.code, got.stderr)
	}
}

// not parallel: it changes the working directory.
func TestEnvironmentIsReported(t *testing.T) {
	t.Chdir(t.TempDir())
	service := newFace(t, emptyService())
	checked := runToEnd(t, []string{"--config.check"}, map[string]string{"FACE_ENDPOINT": service.endpoint})
	if checked.code != 0 || !strings.Contains(checked.stdout, "no FACE_API_KEY: signing in with Entra ID") {
		t.Errorf("exit code %d, want 0 and the credential:\n%s%s", checked.code, checked.stdout, checked.stderr)
	}
	p := start(t, nil, map[string]string{
		"FACE_ENDPOINT": service.endpoint, "FACE_API_KEY": service.Key(), "FACE_KEY": "k3y",
		"FACE_RESOURCE_NAME": "contoso", "FACE_OPERATIONS": "detectLiveness,detectLivenessWithVerify",
	})
	log := p.stderr.String()
	for _, part := range []string{"FACE_KEY: is not a variable of this exporter", "did you mean FACE_API_KEY?"} {
		if !strings.Contains(log, part) {
			t.Errorf("the log does not say %q:\n%s", part, log)
		}
	}
	noneOf(t, "stderr", log, "k3y", service.Key())
	e := p.scrape()
	for _, operation := range []string{live, verify} {
		e.want(t, of("up", "contoso", operation), 1)
	}
}

// not parallel: it changes the working directory.
func TestStartSaysWhichFileHidesTheEnvironment(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	service := newFace(t, emptyService())
	rewrite(t, filepath.Join(folder, "config.yaml"), contoso(service, quick))
	p := start(t, nil, map[string]string{"FACE_ENDPOINT": service.endpoint, "FACE_API_KEY": "k3y"})
	if log := p.stderr.String(); !strings.Contains(log, "FACE_API_KEY, FACE_ENDPOINT set but ignored, because the configuration is read from config.yaml") {
		t.Errorf("the log does not say it:\n%s", log)
	}
}
