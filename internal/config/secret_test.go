package config_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"face_liveness_exporter/internal/config"
)

func TestSecretPrintsAsSecretInEveryVerb(t *testing.T) {
	secret := config.Secret(canary)
	for _, verb := range strings.Split("v s q x X d t b o c U e g", " ") {
		for _, flag := range []string{"", "+", "#", " ", "-40", "040", ".3"} {
			format := "%" + flag + verb
			if got := fmt.Sprintf(format, secret); got != "<secret>" {
				t.Errorf("Sprintf(%q) = %q", format, got)
			}
		}
	}
	if got := fmt.Sprint(secret) + secret.String(); got != "<secret><secret>" {
		t.Errorf("printed as %q", got)
	}
	if secret.Reveal() != canary {
		t.Error("Reveal does not give the text")
	}
}

func TestSecretPrintsAsSecretInsideAConfig(t *testing.T) {
	cfg, _ := mustParse(t, withKey)
	if cfg.Resources[0].Key.Reveal() != canary {
		t.Fatal("the key was not read")
	}
	cfg.Devices.HashKey = canary
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{cfg, *cfg, cfg.Resources, cfg.Resources[0], &cfg.Resources[0].Key, map[config.Secret]config.Secret{canary: canary}} {
			got := fmt.Sprintf(verb, value)
			if strings.Contains(got, canary) || strings.Contains(got, fmt.Sprintf("%x", canary)) {
				t.Errorf("Sprintf(%q, %T) = %s", verb, value, got)
			}
		}
	}
}

func TestSecretEncodesAsSecret(t *testing.T) {
	type box struct {
		Key  config.Secret
		Keys map[string]config.Secret `xml:"-"`
	}
	value := box{Key: canary, Keys: map[string]config.Secret{"a": canary}}
	var log bytes.Buffer
	logTo := func(handler slog.Handler) ([]byte, error) {
		log.Reset()
		slog.New(handler).Info("read", "key", value.Key, "box", value, "pointer", &value.Key)
		return log.Bytes(), nil
	}
	for name, encode := range map[string]func() ([]byte, error){
		"JSON":      func() ([]byte, error) { return json.Marshal(value) },
		"YAML":      func() ([]byte, error) { return yaml.Dump(value) },
		"XML":       func() ([]byte, error) { return xml.Marshal(value) },
		"slog text": func() ([]byte, error) { return logTo(slog.NewTextHandler(&log, nil)) },
		"slog JSON": func() ([]byte, error) { return logTo(slog.NewJSONHandler(&log, nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := encode()
			if err != nil {
				t.Fatal(err)
			}
			noCanary(t, string(got))
			if !strings.Contains(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", "&lt;", "<", "&gt;", ">").Replace(string(got)), "<secret>") {
				t.Errorf("no <secret> in %s", got)
			}
		})
	}
}
