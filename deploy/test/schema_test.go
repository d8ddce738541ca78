package deploy_test

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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

// The chart accepts of each setting what the exporter accepts, and refuses what it refuses. The values lie on both sides of
// every limit.
func TestSchemaHasTheLimitsOfTheExporter(t *testing.T) {
	durations := []string{"5m", "1h30m", "1d", "1d12h", "1.5h", ".5h", "1y", "100ms", "0s", "0", "5", `"5"`, "-1m", `""`, "1.5d", "1m1d", "5 m", "true", "[5m]"}
	counts := []string{"1", "2147483647", "0", "-1", "2147483648", "1.5", `"1"`, "true"}
	natural := []string{"0", "5", "-1", "2147483647", "2147483648", `"1"`}
	words := []string{"raw", "hash", "none", "default", "managed_identity", "public", "us_government", "china", "RAW", `""`, "1"}
	booleans := []string{"true", "false", "1", `"true"`}
	ids := []string{"00000000-0000-0000-0000-000000000000", "contoso.example", "a b", `""`, "a/b"}
	api := map[string][]string{
		"version":                 {"v1.2-preview.1", "v1.1-preview.1", "v1.2", "v1.3-preview.1", "1.2", `""`},
		"page_size":               {"1", "1000", "0", "1001", "5000", `"1000"`},
		"max_pages":               counts,
		"max_requests_per_second": {"0.3", "2", "1000", "0", "-1", `"2"`},
		"max_concurrent_requests": counts,
		"monthly_request_budget":  {"0", "1", "1000000000000", "1000000000001", "-1", "0.5"},
		"price_per_1000_requests": {"0", "1.00", "0.5", "-1", `"1"`},
		"request_timeout":         durations,
		"max_retries":             natural,
		"max_retry_wait":          durations,
		"retries":                 {"1"},
	}
	settings := map[string][]string{
		"refresh.interval":       durations,
		"refresh.timeout":        durations,
		"refresh.max_stale":      durations,
		"refresh.on_start":       booleans,
		"refresh.max_concurrent": counts,
		"refresh.every":          {"5m"},
		"devices.top":            {"0", "10000", "10001", "-1", `"50"`},
		"devices.label":          slices.DeleteFunc(slices.Clone(words), func(word string) bool { return word == "hash" }), // needs a file
		"devices.hash":           {"true"},
		"outcomes.samples":       {"0", "20", "10000", "10001", "-1", "1.5"},
		"refreshes":              {"{}"},
		"refresh":                {"null", "{}", "[]", "5m"},
		"api":                    {"null", "{}", "1"},
		"resource.name":          {"a", "a b", "1", `""`, `" a"`, strings.Repeat("n", 64), strings.Repeat("n", 65)},
		"resource.endpoint": {
			"https://a.example", "https://a.example/", "HTTPS://A.example:8443", "http://localhost:8080", "http://127.0.0.1", "http://a.example",
			"a.example", "ftp://a.example", "https://a.example/face", "https://a.example?a", "https://a.example#a", "https://u:p@a.example", `""`,
		},
		"resource.operations":               {"[detectLiveness]", "[detectLiveness, detectLivenessWithVerify]", "[]", "[detect]", "[detectLiveness, detectLiveness]", "detectLiveness"},
		"resource.allow_insecure":           booleans,
		"resource.keyfile":                  {"a"},
		"resource.outcomes.samples":         {"5", "10001"},
		"resource.tls.insecure_skip_verify": booleans,
		"resource.tls.server_name":          {"a.example", "a_b", "a b", "https://a.example", `""`},
		"resource.tls.cert_file":            {"/a"},
		"resource.tls.ca":                   {"/a"},
		"entra.credential":                  {"default", "managed_identity", "workload_identity", "azure_cli", "client_secret", "oauth", "1"},
		"entra.tenant_id":                   ids,
		"entra.client_id":                   ids,
		"entra.cloud":                       words,
		"entra.secret":                      {"a"},
	}
	for name, values := range api {
		settings["api."+name] = values
		settings["resource.api."+name] = values
	}
	program, schema, folder := built(t), configSchema(t), t.TempDir()
	key := filepath.Join(folder, "key")
	if err := os.WriteFile(key, []byte("0123456789abcdef0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	accepted, refused := 0, 0
	for setting, values := range settings {
		for _, value := range values {
			text := configurationWith(t, key, setting, value)
			path := filepath.Join(folder, "config.yaml")
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
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
	if accepted < 100 || refused < 100 {
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
	if setting == "entra.client_id" { // which the default credential does not take
		at["credential"] = "managed_identity"
	}
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

// A setting that the exporter gets must be one of the chart as well: config.example.yaml has all of them.
func TestSchemaHasTheSettingsOfTheExporter(t *testing.T) {
	example := string(read(t, filepath.Join(root, "config.example.yaml")))
	// A # that is not followed by exactly one space holds a setting that is off.
	example = regexp.MustCompile(`(?m)^( *)#([^ \n]|  )`).ReplaceAllString(example, "$1$2")
	want, got := map[string]bool{}, map[string]bool{}
	var settings func(path string, value any)
	settings = func(path string, value any) {
		switch value := value.(type) {
		case []any:
			for _, item := range value {
				settings(path, item)
			}
		case map[string]any:
			for name, inner := range value {
				name = strings.TrimPrefix(path+"."+name, ".")
				want[name] = true
				settings(name, inner)
			}
		}
	}
	settings("", decoded(t, []byte(example)))
	var collect func(path string, schema *jsonschema.Schema)
	collect = func(path string, schema *jsonschema.Schema) {
		for schema.Ref != nil {
			schema = schema.Ref
		}
		if items, is := schema.Items.(*jsonschema.Schema); is {
			collect(path, items)
		}
		for name, property := range schema.Properties {
			inner := strings.TrimPrefix(path+"."+name, ".")
			got[inner] = true
			collect(inner, property)
		}
	}
	collect("", configSchema(t))
	delete(want, "resources.key") // goes to a Secret
	// A resource may have the sections of the top level, field by field.
	for _, names := range []map[string]bool{got, want} {
		maps.DeleteFunc(names, func(name string, _ bool) bool {
			top, nested := strings.CutPrefix(name, "resources.")
			return nested && names[top]
		})
	}
	if lack, more := missing(want, got), missing(got, want); len(lack)+len(more) != 0 {
		t.Errorf("values.schema.json lacks %v of config.example.yaml, and has %v beside them", lack, more)
	}
}

// missing are the names that are in one set and not in the other.
func missing(in, from map[string]bool) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(in)), func(name string) bool { return from[name] })
}
