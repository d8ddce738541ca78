package config_test

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestKeysThatCannotBeKeys(t *testing.T) {
	for key, want := range map[string]string{
		canary:                                 "",
		strings.ToUpper(canary):                "",
		strings.Repeat("aB3", 28):              "",
		`"` + canary + `"`:                     "quotes",
		"'" + canary + "'":                     "quotes",
		"FACE_API_KEY=" + canary:               "NAME=value",
		"export KEY=" + canary:                 "NAME=value",
		"KEY1: " + canary:                      "NAME: value",
		"Ocp-Apim-Subscription-Key: " + canary: "header",
		"Bearer " + canary:                     "header",
		"${FACE_API_KEY}":                      "variable",
		"$FACE_API_KEY":                        "variable",
		"%FACE_API_KEY%":                       "variable",
		"$(FACE_API_KEY)":                      "variable",
		"{{ .Values.key }}":                    "variable",
		"@Microsoft.KeyVault(VaultName=a)":     "variable",
		"<your-key>":                           "placeholder",
		"YOUR_KEY_HERE":                        "placeholder",
		"changeme":                             "placeholder",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx":     "placeholder",
		strings.Repeat("0", 32):                "placeholder",
		"[REDACTED]":                           "placeholder",
		"undefined":                            "placeholder",
		"https://a.vault.azure.net/secrets/a":  "URL",
		"/run/secrets/face-key":                "path",
		`{"key1": "` + canary + `"}`:           "document",
		"-----BEGIN CERTIFICATE-----":          "certificate",
		"01234567-89ab-cdef-0123-456789abcdef": "id",
		canary[:16] + " " + canary[16:]:        "space",
		"eyJhbGciOiJub25lIn0.eyJhIjoxfQ.":      "token",
		base64.StdEncoding.EncodeToString([]byte(canary + "\n")): "base64",
		canary + canary:  "64 characters",
		canary[1:]:       "31 characters",
		canary[1:] + "g": "32 characters",
	} {
		t.Run(key, func(t *testing.T) {
			_, warnings := mustParse(t, minimal+"  key: '"+strings.ReplaceAll(key, "'", "''")+"'\n")
			switch {
			case want == "" && len(warnings) != 0:
				t.Errorf("warned: %v", warnings)
			case want == "":
			case len(warnings) != 1 || !strings.Contains(warnings[0].Message, "looks like") || !strings.Contains(warnings[0].Message, want):
				t.Errorf("got %v, want one that speaks of %s", warnings, want)
			}
			noCanary(t, warnings.Error())
		})
	}
}
