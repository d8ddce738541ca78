package config_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"face_liveness_exporter/internal/config"
)

const example = "../../config.example.yaml"

// allOn is the example with every setting in use: a # that is not followed by exactly one space hides one.
func allOn(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?m)^( *)#([^ \n]|  )`).ReplaceAll(data, []byte("$1$2"))
}

func TestExampleHasTheDefaults(t *testing.T) {
	cfg, warnings, err := config.Load(example, environment())
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range warnings {
		if warning.Path != "resources[0].key_file" {
			t.Errorf("unexpected %v", warning)
		}
	}
	want, _ := mustParse(t, "resources: [{name: contoso-prod, endpoint: 'https://contoso-prod.cognitiveservices.azure.com', key_file: /run/secrets/face-key}]")
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("the example has %+v, the defaults are %+v", cfg, want)
	}
}

func TestExampleWithEverySettingInUseIsAccepted(t *testing.T) {
	cfg, warnings, err := config.Parse(allOn(t), environment("CONTOSO_TEST_FACE_KEY", canary))
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range warnings {
		if !strings.Contains(warning.Path, "_file") {
			t.Errorf("unexpected %v", warning)
		}
	}
	if len(cfg.Resources) != 6 || cfg.Resources[3].Entra == nil || cfg.Resources[0].TLS.CAFile == cfg.Resources[3].TLS.CAFile {
		t.Errorf("the example shows %+v", cfg.Resources)
	}
}
