package config_test

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"face_liveness_exporter/internal/config"
)

// FuzzParse: whatever the document, there is either a configuration or at least one problem, no message holds a
// secret, and what was accepted is accepted again, unchanged, when it is written out in full.
func FuzzParse(f *testing.F) {
	data, err := os.ReadFile(example)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data))
	f.Add(string(allOn(f)))
	for _, document := range []string{
		"", withKey, minimal + "  entra: {tenant_id: t}\n", minimal + "  key_env: CONTOSO_KEY\n", withKey + "  labels: {a: 1, " + canary + ": b}\n",
		minimal + "  key: [" + canary + "]\n", minimal + "  " + canary + ": {" + canary + ": *" + canary + "}\n",
		withKey + "  api: &a {page_size: 7}\n  tls: *a\n", "resources: &r [*r]\n", "a: &a {b: *a}\n", "&a ? *a\n: 1\n",
		"resources: [{name: a, endpoint: 'https://u:" + canary + "@a.example', key: k, operations: [detectLiveness, detectLivenessWithVerify]}]",
		"!!map {resources: !" + canary + " []}\n", "%TAG " + canary + "\n---\na: b\n", "\"\\" + canary,
	} {
		f.Add(document)
	}
	getenv := environment("CONTOSO_KEY", canary)
	f.Fuzz(func(t *testing.T, document string) {
		// Paths would lead to whatever is on this machine.
		if strings.Contains(document, "/proc") || strings.Contains(document, "/dev") {
			t.Skip()
		}
		cfg, warnings, err := config.Parse([]byte(document), "", getenv)
		noCanary(t, warnings.Error())
		if err != nil {
			noCanary(t, err.Error())
			var problems config.Problems
			if cfg != nil || !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("refused without a problem: %v", err)
			}
			return
		}
		again, _, err := config.Parse(written(t, cfg), "", getenv)
		if err != nil {
			t.Fatalf("accepted once, then refused:\n%v\n%s", err, document)
		}
		if !reflect.DeepEqual(cfg, again) {
			t.Fatalf("%+v became %+v", cfg, again)
		}
	})
}

// written is a configuration as a file with every setting in it.
func written(t *testing.T, cfg *config.Config) []byte {
	t.Helper()
	var document map[string]any
	text, err := yaml.Dump(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Load(text, &document); err != nil {
		t.Fatal(err)
	}
	for i, resource := range document["resources"].([]any) {
		resource.(map[string]any)["key"] = cfg.Resources[i].Key.Reveal() // which was dumped as <secret>
		if cfg.Resources[i].KeyEnv != "" {
			delete(resource.(map[string]any), "key")
		}
		prune(resource.(map[string]any))
	}
	prune(document)
	data, err := yaml.Dump(document)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// prune removes the fields that are not set, at any depth.
func prune(fields map[string]any) {
	for name, value := range fields {
		inner, isSection := value.(map[string]any)
		prune(inner)
		if value == nil || value == "" || isSection && len(inner) == 0 {
			delete(fields, name)
		}
	}
}
