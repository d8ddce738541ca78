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
	f.Add(string(off.ReplaceAllString(string(data), "$1$2")))
	for _, document := range []string{
		"", withKey, minimal + "  entra: {tenant_id: t}\n", minimal + "  key_env: CONTOSO_KEY\n",
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
		again, _, err := config.Parse(written(t, cfg), getenv)
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
	given := func(pairs ...any) map[string]any {
		section := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] != "" {
				section[pairs[i].(string)] = pairs[i+1]
			}
		}
		return section
	}
	var resources []any
	for _, r := range cfg.Resources {
		section := given("name", r.Name, "endpoint", r.Endpoint, "operations", r.Operations, "key", r.Key.Reveal(),
			"key_file", r.KeyFile, "allow_insecure", r.AllowInsecure,
			"tls", given("ca_file", r.TLS.CAFile, "cert_file", r.TLS.CertFile, "key_file", r.TLS.KeyFile,
				"server_name", r.TLS.ServerName, "insecure_skip_verify", r.TLS.InsecureSkipVerify),
			"api", given("version", r.API.Version, "page_size", r.API.PageSize, "max_pages", r.API.MaxPages,
				"max_requests_per_second", r.API.MaxRequestsPerSecond, "max_concurrent_requests", r.API.MaxConcurrentRequests,
				"monthly_request_budget", r.API.MonthlyRequestBudget, "price_per_1000_requests", r.API.PricePer1000Requests,
				"request_timeout", r.API.RequestTimeout.String(), "max_retries", r.API.MaxRetries,
				"max_retry_wait", r.API.MaxRetryWait.String()),
			"outcomes", given("samples", r.Outcomes.Samples))
		if r.Entra != nil {
			section["entra"] = given("credential", string(r.Entra.Credential), "tenant_id", r.Entra.TenantID, "client_id", r.Entra.ClientID,
				"client_secret_file", r.Entra.ClientSecretFile, "client_certificate_file", r.Entra.ClientCertificateFile,
				"cloud", string(r.Entra.Cloud))
		}
		resources = append(resources, section)
	}
	data, err := yaml.Dump(given(
		"refresh", given("interval", cfg.Refresh.Interval.String(), "timeout", cfg.Refresh.Timeout.String(),
			"max_stale", cfg.Refresh.MaxStale.String(), "on_start", cfg.Refresh.OnStart, "max_concurrent", cfg.Refresh.MaxConcurrent),
		"devices", given("top", cfg.Devices.Top, "label", string(cfg.Devices.Label), "hash_key_file", cfg.Devices.HashKeyFile),
		"resources", resources))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
