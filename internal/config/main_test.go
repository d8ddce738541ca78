package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"face_liveness_exporter/internal/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary stands where a secret could stand; no message may hold it. It has digits, like a key.
const canary = "c4a4e75ec7e70f7be5ba11c0ffeefeed"

// environment is a getenv over a fixed set of variables.
func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustParse(t *testing.T, document string) (*config.Config, config.Problems) {
	t.Helper()
	cfg, warnings, err := config.Parse([]byte(document), environment("CONTOSO_KEY", canary))
	if err != nil {
		t.Fatalf("refused:\n%v\n%s", err, document)
	}
	return cfg, warnings
}

// minimal is the least that is accepted; more is added after it, at the resource's indentation.
const minimal = "resources:\n- name: contoso\n  endpoint: https://contoso.cognitiveservices.azure.com\n"

const withKey = minimal + "  key: " + canary + "\n"

func noCanary(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(strings.ToLower(text), canary) {
			t.Errorf("a message holds the secret: %s", text)
		}
	}
}
