package deploy_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// built returns the path of the exporter, built for one test.
func built(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "face_liveness_exporter")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, ".")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return program
}

// configSchema is the part of values.schema.json that `config` has to satisfy.
func configSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(read(t, filepath.Join(chart, "values.schema.json"))))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("values.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("values.json#/properties/config")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// The chart accepts what the exporter accepts, and refuses what it refuses. There are values on both sides of the limits of each
// kind of setting: the schema of a setting is that of its kind.
func TestSchemaHasTheLimitsOfTheExporter(t *testing.T) {
	settings := map[string][]string{
		"refresh.interval": {
			"5m", "1h30m", "1d12h", "1.5h", ".5h", "1y", "100ms", "0s", "0", "5", `"5"`, "-1m", `""`, "1.5d", "1m1d", "5 m", "true", "[5m]",
		},
		"refresh.on_start":            {"true", "1", `"true"`},
		"refresh.every":               {"5m"},
		"refresh":                     {"null", "{}", "[]", "5m"},
		"refreshes":                   {"{}"},
		"devices.label":               {"raw", "none", "RAW", `""`, "1"},
		"api.version":                 {"v1.2-preview.1", "v1.1-preview.1", "v1.2"},
		"api.max_pages":               {"1", "2147483647", "0", "-1", "2147483648", "1.5", `"1"`, "true"},
		"api.max_requests_per_second": {"0.3", "2", "0", "-1", `"2"`},
		"api.price_per_1000_requests": {"0", "1.00", "-1", `"1"`},
		"resource.api.page_size":      {"1", "1000", "0", "1001"},
		"resource.outcomes.samples":   {"5", "10001"},
		"resource.name":               {"a", "a b", "größe", `""`, `" a"`, strings.Repeat("n", 64), strings.Repeat("n", 65)},
		"resource.operations":         {"[detectLiveness]", "[detectLiveness, detectLivenessWithVerify]", "[]", "[detect]", "[detectLiveness, detectLiveness]", "detectLiveness"},
		"resource.labels":             {"{team: kyc}", "{}", "{job: a}", "{__a: b}", "{my-team: a}", "{9: a}", "{team: ''}", "[a]"},
		"resource.keyfile":            {"a"},
		"resource.tls.server_name":    {"a.example", "a b", "https://a.example", `""`},
		"resource.tls.cert_file":      {"/a"},
		"tls.ca":                      {"/a"},
		"entra.credential":            {"default", "managed_identity", "workload_identity", "azure_cli", "client_secret", "client_certificate", "oauth", "1"},
		"entra.tenant_id":             {"00000000-0000-0000-0000-000000000000", "contoso.example", "a b", `""`, "a/b"},
		"entra.client_id":             {"a"},
		"entra.cloud":                 {"public", "us_government", "raw"},
		"resource.endpoint": {
			"https://a.example", "https://a.example/", "HTTPS://A.example:8443", "http://localhost:8080", "http://127.0.0.1", "http://a.example",
			"a.example", "ftp://a.example", "https://a.example/face", "https://a.example?a", "https://a.example#a", "https://u:p@a.example", `""`,
		},
	}
	program, schema, folder := built(t), configSchema(t), t.TempDir()
	key := filepath.Join(folder, "key")
	write(t, key, []byte("0123456789abcdef0123456789abcdef"))
	accepted, refused := 0, 0
	for setting, values := range settings {
		for _, value := range values {
			text := configurationWith(t, key, setting, value)
			path := filepath.Join(folder, "config.yaml")
			write(t, path, text)
			output, err := exec.CommandContext(t.Context(), program, "--config.check", "--config.file", path).CombinedOutput()
			complaint := schema.Validate(decoded(t, text))
			switch {
			case err == nil && complaint != nil:
				t.Errorf("%s: %s is refused by the chart alone: %v", setting, value, complaint)
			case err != nil && complaint == nil:
				t.Errorf("%s: %s is refused by the exporter alone: %s", setting, value, output)
			case err == nil:
				accepted++
			default:
				refused++
			}
		}
	}
	if accepted < 40 || refused < 60 {
		t.Errorf("%d values were accepted and %d refused: the test has lost its cases", accepted, refused)
	}
}

// configurationWith returns a configuration that is valid but for one setting. The path begins with a section, with
// `resource` for the only resource, or with `entra` for its credential.
func configurationWith(t *testing.T, key, setting, value string) []byte {
	t.Helper()
	resource := map[string]any{"name": "a", "endpoint": "https://a.example", "key_file": key}
	config := map[string]any{"resources": []any{resource}}
	at := config
	steps := strings.Split(setting, ".")
	switch steps[0] {
	case "resource":
		at, steps = resource, steps[1:]
	case "entra":
		delete(resource, "key_file")
		at = resource
	}
	for _, step := range steps[:len(steps)-1] {
		section := map[string]any{}
		at[step] = section
		at = section
	}
	last := steps[len(steps)-1]
	at[last] = "PLACE"
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Replace(text, []byte("PLACE"), []byte(value), 1)
}

func decoded(t *testing.T, text []byte) any {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return value
}
