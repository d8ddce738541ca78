package config_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prometheus/common/model"

	"face_liveness_exporter/internal/config"
)

// FuzzParse: whatever the document, there is either a configuration with which the exporter can work or at least one problem, and
// no message holds a secret.
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
		cfg, warnings, err := config.Parse([]byte(document), getenv)
		noCanary(t, warnings.Error())
		if err != nil {
			noCanary(t, err.Error())
			var problems config.Problems
			if cfg != nil || !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("refused without a problem: %v", err)
			}
			return
		}
		for _, r := range cfg.Resources {
			if !utf8.ValidString(r.Name) || r.Name == "" || !strings.HasPrefix(r.Endpoint, "http") || len(r.Operations) == 0 ||
				(r.Key == "") != (r.KeyFile != "" || r.Entra != nil) {
				t.Fatalf("accepted: %+v", r)
			}
			for name, value := range r.Labels {
				if !utf8.ValidString(value) || !model.LegacyValidation.IsValidLabelName(name) {
					t.Fatalf("accepted labels: %+q", r.Labels)
				}
			}
		}
	})
}
