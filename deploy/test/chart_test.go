// Package deploy_test judges what deploy/ ships: the chart by rendering it with Helm, the compose file by loading it as
// Docker Compose does. It is a module of its own, so that Kubernetes is no dependency of the exporter.
package deploy_test

import (
	"bytes"
	"context"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

const (
	root   = "../.."
	chart  = "../helm/face-liveness-exporter"
	values = "testdata/values"
	image  = "image.repository=registry.example/face_liveness_exporter" // a value that the chart demands
)

//nolint:gochecknoglobals // a test's flag is declared before the tests begin
var update = flag.Bool("update", false, "write the golden files and the README of the chart instead of comparing with them")

// helmProgram is the path of the Helm of go.mod. The go command takes a second to find it, so it is asked once.
//
//nolint:gochecknoglobals // shared by all tests
var helmProgram = sync.OnceValues(func() (string, error) {
	path, err := exec.CommandContext(context.Background(), "go", "tool", "-n", "helm").Output()
	return strings.TrimSpace(string(path)), err
})

// helm runs Helm and returns what it printed; complaint is what it printed as an error.
func helm(t *testing.T, args ...string) (output []byte, complaint string) {
	t.Helper()
	program, err := helmProgram()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), program, args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	err = command.Run()
	complaint = stderr.String()
	if err != nil && complaint == "" {
		complaint = err.Error()
	}
	return stdout.Bytes(), complaint
}

// template renders a chart. Without a version Helm would assume one from before the API that the chart uses.
func template(t *testing.T, chart string, args ...string) (output []byte, complaint string) {
	t.Helper()
	return helm(t, append([]string{"template", "fle", chart, "--namespace", "monitoring", "--kube-version", "1.37.0", "--set", image}, args...)...)
}

// cases are the value files by name.
func cases(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(values, "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no value files: %v", err)
	}
	found := map[string]string{}
	for _, path := range paths {
		found[strings.TrimSuffix(filepath.Base(path), ".yaml")] = path
	}
	return found
}

// rendered are the objects that a value file makes.
func rendered(t *testing.T, path string) []object {
	t.Helper()
	output, complaint := template(t, chart, "--values", path)
	if complaint != "" {
		t.Fatal(complaint)
	}
	return objects(t, output)
}

func TestLintHasNoObjection(t *testing.T) {
	args := []string{"lint", "--strict", chart, "--set", image}
	for _, path := range cases(t) {
		output, complaint := helm(t, append(args, "--values", path)...)
		if complaint != "" || bytes.Contains(output, []byte("[WARNING]")) || bytes.Contains(output, []byte("[ERROR]")) {
			t.Errorf("%s: %s%s", path, output, complaint)
		}
	}
}

func TestObjectsAreThoseOfTheGoldenFiles(t *testing.T) {
	want := map[string]bool{}
	for name, path := range cases(t) {
		golden := filepath.Join("testdata", "golden", name+".yaml")
		want[golden] = true
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			for _, object := range rendered(t, path) {
				got.WriteString("---\n" + object.abridged())
			}
			written(t, golden, got.Bytes())
		})
	}
	present, _ := filepath.Glob("testdata/golden/*")
	for _, path := range present {
		if !want[path] {
			t.Errorf("%s belongs to no value file", path)
		}
	}
}

// written fails the test if a file has another content than this, and says what would have to change. With -update it writes it.
func written(t *testing.T, path string, content []byte) {
	t.Helper()
	if *update {
		write(t, path, content)
		return
	}
	command := exec.CommandContext(t.Context(), "diff", "-u", path, "-")
	command.Stdin = bytes.NewReader(content)
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("if the change is meant: deploy/test/run --update\n%v\n%s", err, output)
	}
}

// TestPackageIsTheChart: an archive of the chart has no file of tests. What is rendered of it is the same, byte for byte, so that a
// tool that renders again finds no difference.
func TestPackageIsTheChart(t *testing.T) {
	folder := t.TempDir()
	if _, complaint := helm(t, "package", chart, "--destination", folder); complaint != "" {
		t.Fatal(complaint)
	}
	archives, _ := filepath.Glob(filepath.Join(folder, "*.tgz"))
	if len(archives) != 1 {
		t.Fatalf("packaged into %v", archives)
	}
	for _, path := range cases(t) {
		fromFolder, _ := template(t, chart, "--values", path)
		fromArchive, complaint := template(t, archives[0], "--values", path)
		if complaint != "" || !bytes.Equal(fromFolder, fromArchive) {
			t.Errorf("%s: the archive gives other objects than the folder; %s", path, complaint)
		}
	}
	listing, err := exec.CommandContext(t.Context(), "tar", "-tzf", archives[0]).Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.Lines(string(listing)) {
		if strings.Contains(name, "/prometheus/") || strings.Contains(name, "test") {
			t.Errorf("the archive has %s", name)
		}
	}
}

// TestPublishedChartKnowsItsImageAndRunbook: whoever installs a release needs no value for them.
func TestPublishedChartKnowsItsImageAndRunbook(t *testing.T) {
	folder := t.TempDir()
	publish := exec.CommandContext(t.Context(), "../helm/package", "1.2.3", "registry.example/exporter", "https://git.example/blob/v1.2.3", folder)
	publish.Env = append(os.Environ(), "HELM=go tool helm")
	if output, err := publish.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	output, complaint := helm(t, "template", "fle", filepath.Join(folder, "face-liveness-exporter-1.2.3.tgz"),
		"--kube-version", "1.37.0", "--set", "demo=true,prometheusRule.enabled=true")
	for _, want := range []string{
		`image: "registry.example/exporter:1.2.3"`,
		"runbook_url: https://git.example/blob/v1.2.3/docs/runbook.md#facelivenessexporterdown",
	} {
		if complaint != "" || !bytes.Contains(output, []byte(want)) {
			t.Errorf("%s: no %s", complaint, want)
		}
	}
}

// TestRulesAndDashboardsAreThoseOfTheRepository: the chart has copies, which `make dashboards` writes.
func TestRulesAndDashboardsAreThoseOfTheRepository(t *testing.T) {
	var groups []monitoringv1.RuleGroup
	for _, name := range []string{"rules.yaml", "alerts.yaml"} {
		text := bytes.ReplaceAll(read(t, filepath.Join(root, "prometheus", name)), []byte("docs/runbook.md#"), []byte("https://git.example/runbook.md#"))
		var file monitoringv1.PrometheusRuleSpec
		if err := yaml.UnmarshalStrict(text, &file); err != nil || len(file.Groups) == 0 {
			t.Fatalf("prometheus/%s: %d groups, %v", name, len(file.Groups), err)
		}
		groups = append(groups, file.Groups...)
	}
	all := rendered(t, filepath.Join(values, "demo.yaml"))
	if !reflect.DeepEqual(only[*monitoringv1.PrometheusRule](all)[0].Spec.Groups, groups) {
		t.Error("the PrometheusRule has other groups than prometheus/rules.yaml and prometheus/alerts.yaml")
	}

	paths, err := filepath.Glob(filepath.Join(root, "grafana", "dashboards", "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	want, got := map[string]string{}, map[string]string{}
	for _, path := range paths {
		want[filepath.Base(path)] = string(read(t, path))
	}
	for _, one := range all {
		if one.isDashboard() {
			maps.Copy(got, one.Object.(*corev1.ConfigMap).Data)
		}
	}
	if !maps.Equal(got, want) {
		t.Error("the ConfigMaps have other dashboards than grafana/dashboards")
	}
}

func TestAlertsCanBeAdapted(t *testing.T) {
	output, complaint := template(t, chart, "--values", filepath.Join(values, "bank.yaml"))
	if complaint != "" {
		t.Fatal(complaint)
	}
	alerts := map[string]monitoringv1.Rule{}
	for _, group := range only[*monitoringv1.PrometheusRule](objects(t, output))[0].Spec.Groups {
		for _, rule := range group.Rules {
			alerts[rule.Alert] = rule
			if link := rule.Annotations["runbook_url"]; rule.Alert != "" && (rule.Labels["team"] == "" || !strings.HasPrefix(link, "a path of the exporter's repository: docs/runbook.md#")) {
				t.Errorf("%s has the labels %v and the link %q", rule.Alert, rule.Labels, link)
			}
		}
	}
	got := alerts["FaceLivenessNoCreations"]
	if _, disabled := alerts["FaceLivenessDeviceIDPerSession"]; disabled || got.For == nil || *got.For != "1h" || got.Labels["severity"] != "info" || got.Labels["team"] != "mobile" {
		t.Errorf("the alerts are not those of the values: %+v", got)
	}
	if other := alerts["FaceLivenessExporterDown"]; other.Labels["team"] != "kyc" || other.Labels["severity"] != "warning" {
		t.Errorf("an alert without an override has the labels %v", other.Labels)
	}
}

// TestSchemaKnowsEveryAlert: so that a misspelt name is refused.
func TestSchemaKnowsEveryAlert(t *testing.T) {
	names := []string{}
	for _, match := range regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllSubmatch(read(t, filepath.Join(root, "prometheus", "alerts.yaml")), -1) {
		names = append(names, string(match[1]))
	}
	slices.Sort(names)
	if len(names) < 15 {
		t.Fatalf("%v are not all alerts", names)
	}
	path := filepath.Join(chart, "values.schema.json")
	known := regexp.MustCompile(`\^\(FaceLiveness[^"]*\)\$`)
	written(t, path, known.ReplaceAllLiteral(read(t, path), []byte("^("+strings.Join(names, "|")+")$")))
}

// TestChartInAnUmbrella: as a dependency with a condition, below the values of its parent, and with `global`.
func TestChartInAnUmbrella(t *testing.T) {
	parent := t.TempDir()
	if err := os.CopyFS(filepath.Join(parent, "charts", "face-liveness-exporter"), os.DirFS(chart)); err != nil {
		t.Fatal(err)
	}
	definition := "apiVersion: v2\nname: umbrella\nversion: 1.0.0\ndependencies:\n  - {name: face-liveness-exporter, version: \">=0\", condition: face-liveness-exporter.enabled}\n"
	write(t, filepath.Join(parent, "Chart.yaml"), []byte(definition))
	below := "global.region=eu,face-liveness-exporter.demo=true,face-liveness-exporter.namespaceOverride=faces,face-liveness-exporter." + image
	for enabled, want := range map[string]int{"true": 3, "false": 0} {
		output, complaint := template(t, parent, "--set", below+",face-liveness-exporter.enabled="+enabled)
		if got := bytes.Count(output, []byte("namespace: faces\n")); complaint != "" || got != want {
			t.Errorf("enabled: %s makes %d objects in the namespace, want %d; %s", enabled, got, want, complaint)
		}
	}
}

func TestValuesThatCannotWorkAreRefused(t *testing.T) {
	prod := "config.resources[0].name=prod,config.resources[0].endpoint=https://a.example"
	for name, test := range map[string]struct{ set, want string }{
		"nothing to show":                {"", "config.resources is empty"},
		"no key":                         {prod, `set secret.existing, or secret.data with the entry "prod"`},
		"key of another resource":        {prod + ",secret.data.dev=k", `with the entry "prod"`},
		"key in the configuration":       {prod + ",config.resources[0].key=k", "key"},
		"two secrets":                    {prod + ",secret.data.prod=k,secret.existing=s", "both set"},
		"key that YAML read a number":    {prod + ",secret.data.prod=123", "string"},
		"name that is no file":           {"config.resources[0].name=a/b,config.resources[0].endpoint=https://a.example,secret.existing=s", "give a key_file"},
		"hash without a key":             {prod + ",secret.data.prod=k,config.devices.label=hash", `the entry "device-hash-key"`},
		"misspelt value":                 {"demo=true,replica=2", "replica"},
		"no such kind of monitor":        {"demo=true,monitor.kind=PodMonitor", "kind"},
		"unknown resources":              {"existingConfigSecret=s,monitor.kind=ServiceMonitor", "list the names"},
		"replicas behind one address":    {"demo=true,replicas=2,monitor.kind=ScrapeConfig", "take ServiceMonitor"},
		"users that lock probes out":     {"demo=true,web.config.basic_auth_users.a=b", "probes.httpHeaders"},
		"TLS that probes do not know":    {"demo=true,web.config.tls_server_config.cert_file=a", "must be https"},
		"certificates that probes lack":  {"demo=true,web.scheme=https,web.config.tls_server_config.cert_file=a,web.config.tls_server_config.client_auth_type=RequireAndVerifyClientCert", "set probes.port"},
		"https without TLS":              {"demo=true,web.scheme=https,web.config.http_server_config.http2=true", "must be https"},
		"two web configurations":         {"demo=true,web.existingSecret=s,web.config.http_server_config.http2=true", "both set"},
		"two configurations":             {"demo=true,existingConfigSecret=s", "keep one"},
		"configuration twice":            {prod + ",existingConfigSecret=s", "existingConfigSecret and config are both set"},
		"identity without an id":         {prod + ",workloadIdentity.enabled=true", "workloadIdentity.clientId is empty"},
		"no image":                       {"demo=true,image.repository=", "image.repository is empty"},
		"two credentials":                {prod + ",config.resources[0].key_env=A,config.resources[0].entra.credential=azure_cli", "prod has key_env and entra"},
		"two of a name":                  {prod + ",config.resources[0].key_env=A,config.resources[1].name=prod,config.resources[1].key_env=B,config.resources[1].endpoint=https://b.example", "the name of two resources"},
		"token for a region":             {"config.resources[0].name=a,config.resources[0].endpoint=https://westeurope.api.cognitive.microsoft.com,config.resources[0].entra.credential=default", "takes keys only"},
		"secret without its tenant":      {prod + ",config.resources[0].entra.credential=client_secret", "tenant_id"},
		"half a certificate":             {prod + ",config.resources[0].tls.cert_file=/a", "key_file"},
		"image with its tag":             {"demo=true,image.repository=registry.example/face:1.0", "/image/repository"},
		"replicas in words":              {"demo=true,replicas=two", "/replicas"},
		"port by its name":               {"demo=true,service.port=http", "/service/port"},
		"empty section":                  {"demo=true,monitor=null", "missing property 'monitor'"},
		"Secret of an odd name":          {"existingConfigSecret=a b", "/existingConfigSecret"},
		"placeholder of a client id":     {prod + ",workloadIdentity.enabled=true,workloadIdentity.clientId=CLIENT_ID", "/workloadIdentity/clientId"},
		"scrapes without a unit":         {`demo=true,monitor.interval="5"`, `/monitor/interval`},
		"scrapes all the time":           {"demo=true,monitor.interval=0s", "/monitor/interval"},
		"time-out above the interval":    {"demo=true,monitor.kind=ScrapeConfig,monitor.interval=15s", "monitor.scrapeTimeout is longer"},
		"relabeling of Prometheus":       {"demo=true,monitor.metricRelabelings[0].source_labels={a}", "'source_labels' not allowed"},
		"password for all to read":       {"demo=true,monitor.basicAuth.password=x", "/monitor/basicAuth/password"},
		"label that is a number":         {"demo=true,prometheusRule.labels.a=1", "/prometheusRule/labels/a"},
		"runbook without an address":     {"demo=true,prometheusRule.runbookUrl=runbook.md", "/prometheusRule/runbookUrl"},
		"limit that is no quantity":      {"demo=true,resources.limits.memory=256 MB", "/resources/limits/memory"},
		"misspelt limits":                {"demo=true,resources.limit.cpu=1", "'limit' not allowed"},
		"no such strategy":               {"demo=true,strategy.type=Rolling", "/strategy/type"},
		"variable that is a number":      {"demo=true,extraEnv[0].name=A,extraEnv[0].value=5", "/extraEnv/0/value"},
		"mount without a path":           {"demo=true,extraVolumeMounts[0].name=a", "missing property 'mountPath'"},
		"name of no alert":               {"demo=true,prometheusRule.disabled={FaceLivenessNothing}", "/prometheusRule/disabled/0"},
		"override of no alert":           {"demo=true,prometheusRule.overrides.FaceLivenessNothing.for=1h", "'FaceLivenessNothing' not allowed"},
		"override without a unit":        {`demo=true,prometheusRule.overrides.FaceLivenessNoCreations.for="5"`, "/prometheusRule/overrides/FaceLivenessNoCreations/for"},
		"misspelt override":              {"demo=true,prometheusRule.overrides.FaceLivenessNoCreations.sevrity=info", "'sevrity' not allowed"},
		"label of alerts that is number": {"demo=true,prometheusRule.alertLabels.team=1", "/prometheusRule/alertLabels/team"},
		"label of ours on an alert":      {"demo=true,prometheusRule.overrides.FaceLivenessThrottled.labels.resource=a", "/prometheusRule/overrides/FaceLivenessThrottled/labels/resource"},
		"label of ours":                  {prod + ",config.resources[0].labels.job=a", "/config/resources/0/labels/job"},
		"group that nobody reads":        {"demo=true,monitor.apiVersion=azmonitoring.coreos.com/v2", "/monitor/apiVersion"},
		"ScrapeConfig on Azure":          {"demo=true,monitor.kind=ScrapeConfig,monitor.apiVersion=azmonitoring.coreos.com/v1", "take ServiceMonitor"},
		"limit below nothing":            {"demo=true,monitor.sampleLimit=-1", "/monitor/sampleLimit"},
		"port of DNS by its name":        {"demo=true,networkPolicy.dnsPorts={dns}", "/networkPolicy/dnsPorts/0"},
		"family of no address":           {"demo=true,service.ipFamilyPolicy=Dual", "/service/ipFamilyPolicy"},
		"alias without a name":           {"demo=true,hostAliases[0].ip=10.0.0.1", "missing property 'hostnames'"},
		"container without a name":       {"demo=true,extraContainers[0].image=a", "missing property 'name'"},
		"object without a kind":          {"demo=true,extraObjects[0].apiVersion=v1", "/extraObjects/0"},
		"misspelt web configuration":     {"demo=true,web.config.tls_server.cert_file=a", "'tls_server' not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			output, complaint := template(t, chart, "--set", test.set)
			if !strings.Contains(complaint, test.want) || len(output) != 0 {
				t.Errorf("Helm says %q and not %q", complaint, test.want)
			}
		})
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // some are of the repository
		t.Fatal(err)
	}
}
