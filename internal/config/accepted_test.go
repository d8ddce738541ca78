package config_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/config"
)

func TestWhatIsNotSaidHasItsDefault(t *testing.T) {
	cfg, warnings := mustParse(t, withKey)
	want := config.Default()
	want.Resources = []config.Resource{{
		Name:       "contoso",
		Endpoint:   "https://contoso.cognitiveservices.azure.com",
		Operations: []faceclient.Operation{faceclient.DetectLiveness},
		Key:        canary,
		API:        config.DefaultAPI(),
	}}
	if !reflect.DeepEqual(*cfg, want) || len(warnings) != 0 {
		t.Errorf("got %+v, want %+v; warnings: %v", *cfg, want, warnings)
	}
}

func TestSectionsWhoseSettingsAreCommentedOutAreAccepted(t *testing.T) {
	cfg, _ := mustParse(t, "refresh:\ndevices:\napi:\n"+minimal+"  entra:\n  tls:\n  api:\n")
	want := &config.Entra{Credential: "default", Cloud: "public"}
	if got := cfg.Resources[0]; !reflect.DeepEqual(got.Entra, want) || got.API != config.DefaultAPI() || cfg.Refresh != config.Default().Refresh {
		t.Errorf("got %+v", cfg)
	}
}

// Field by field, but for the certificates, which belong together.
func TestResourcesOverrideTheGeneralSettings(t *testing.T) {
	file := write(t, "ca", "")
	// The top-level section stands last on purpose: the order in the file does not matter.
	cfg, _ := mustParse(t, withKey+"  api: &slow {max_retries: 0, max_requests_per_second: 0.3}\n  outcomes: {samples: 0}\n  tls: {ca_file: "+file+"}\n"+
		"- {name: other, endpoint: 'https://other.cognitiveservices.azure.com', key: k}\n"+
		"- {name: third, endpoint: 'https://third.cognitiveservices.azure.com', key: k, api: *slow}\n"+
		"api: {page_size: 100, max_retries: 7, monthly_request_budget: 30000, version: v1.1-preview.1}\noutcomes: {samples: 20}\ntls: {server_name: a.example}\n")
	base := config.DefaultAPI()
	base.PageSize, base.MaxRetries, base.MonthlyRequestBudget, base.Version = 100, 7, 30000, "v1.1-preview.1"
	own := base
	own.MaxRetries, own.MaxRequestsPerSecond = 0, 0.3
	first, second := cfg.Resources[0], cfg.Resources[1]
	if first.API != own || second.API != base || cfg.Resources[2].API != own || first.Outcomes.Samples != 0 || second.Outcomes.Samples != 20 {
		t.Errorf("got %+v and %+v", first, second)
	}
	if first.TLS != (config.TLS{CAFile: file}) || second.TLS != (config.TLS{ServerName: "a.example"}) {
		t.Errorf("got %+v and %+v", first.TLS, second.TLS)
	}
}

// Numbers and dates need no quotes where a text is asked for.
func TestTextsAndLabels(t *testing.T) {
	cfg, _ := mustParse(t, "resources: [{name: 5, endpoint: 'https://a.example', key: 00123456, labels: {team: kyc, cost_center: 0042, since: 2024-01-01, _a: 'b c'}}]")
	want := map[string]string{"team": "kyc", "cost_center": "0042", "since": "2024-01-01", "_a": "b c"}
	if got := cfg.Resources[0]; got.Name != "5" || got.Key.Reveal() != "00123456" || !reflect.DeepEqual(got.Labels, want) {
		t.Errorf("got %+v with key %s", got, got.Key.Reveal())
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"5m": 5 * time.Minute, "1h30m": 90 * time.Minute, "1.5h": 90 * time.Minute, "250ms": 250 * time.Millisecond,
		"1d": 24 * time.Hour, "1w2d3h4m5s6ms": (9*24+3)*time.Hour + 4*time.Minute + 5*time.Second + 6*time.Millisecond,
		"10y": 3650 * 24 * time.Hour, `"90s"`: 90 * time.Second, "1ns": 1,
	} {
		cfg, _ := mustParse(t, withKey+"refresh: {interval: "+text+"}\n")
		if cfg.Refresh.Interval != want {
			t.Errorf("%s is read as %v, want %v", text, cfg.Refresh.Interval, want)
		}
	}
}

func TestEndpointsAreNormalized(t *testing.T) {
	for raw, want := range map[string]string{
		"HTTPS://Contoso.CognitiveServices.Azure.COM":      "https://contoso.cognitiveservices.azure.com",
		"https://contoso.cognitiveservices.azure.com:443/": "https://contoso.cognitiveservices.azure.com",
		"https://contoso.cognitiveservices.azure.com:8443": "https://contoso.cognitiveservices.azure.com:8443",
		"http://localhost:8080":                            "http://localhost:8080",
		"http://127.8.9.10/":                               "http://127.8.9.10",
		"http://[::1]:80":                                  "http://[::1]",
		"http://[::ffff:127.0.0.1]":                        "http://[::ffff:127.0.0.1]",
		"https://APIM.contoso.example/Face-Proxy/":         "https://apim.contoso.example/Face-Proxy",
		"https://apim.contoso.example/a%2Fb/c":             "https://apim.contoso.example/a%2Fb/c",
		"https://apim.contoso.example/x/..//a/b/.":         "https://apim.contoso.example/a/b",
	} {
		cfg, warnings := mustParse(t, "resources: [{name: a, key: "+canary+", endpoint: '"+raw+"'}]")
		if got := cfg.Resources[0].Endpoint; got != want || len(warnings) != 0 {
			t.Errorf("%s is read as %s, want %s; warnings: %v", raw, got, want, warnings)
		}
	}
}

func TestEntraCredentials(t *testing.T) {
	secretFile := write(t, "client-secret", "abc~DEF\n")
	for name, test := range map[string]struct {
		endpoint, entra string
		want            config.Entra
	}{
		"default with a tenant":    {"https://a.cognitiveservices.azure.com", "{tenant_id: contoso.com}", config.Entra{Credential: "default", TenantID: "contoso.com", Cloud: "public"}},
		"managed identity":         {"https://a.cognitiveservices.azure.us", "{credential: managed_identity}", config.Entra{Credential: "managed_identity", Cloud: "us_government"}},
		"user-assigned identity":   {"https://a.cognitiveservices.azure.cn", "{credential: managed_identity, client_id: c-1}", config.Entra{Credential: "managed_identity", ClientID: "c-1", Cloud: "china"}},
		"client secret":            {"https://proxy.example", "{credential: client_secret, tenant_id: t, client_id: c, client_secret_file: " + secretFile + "}", config.Entra{Credential: "client_secret", TenantID: "t", ClientID: "c", ClientSecretFile: secretFile, Cloud: "public"}},
		"client certificate":       {"https://proxy.example", "{credential: client_certificate, tenant_id: t, client_id: c, client_certificate_file: " + secretFile + "}", config.Entra{Credential: "client_certificate", TenantID: "t", ClientID: "c", ClientCertificateFile: secretFile, Cloud: "public"}},
		"command line":             {"https://a.cognitiveservices.azure.com", "{credential: azure_cli, tenant_id: t, cloud: public}", config.Entra{Credential: "azure_cli", TenantID: "t", Cloud: "public"}},
		"http to a loopback proxy": {"http://127.0.0.1:8080", "{}", config.Entra{Credential: "default", Cloud: "public"}},
	} {
		t.Run(name, func(t *testing.T) {
			document := "resources: [{name: a, endpoint: '" + test.endpoint + "', entra: " + test.entra + "}]"
			cfg, warnings, err := config.Parse([]byte(document), environment("AZURE_FEDERATED_TOKEN_FILE", "/token"))
			if err != nil {
				t.Fatal(err)
			}
			if *cfg.Resources[0].Entra != test.want || len(warnings) != 0 {
				t.Errorf("got %+v, want %+v; warnings: %v", *cfg.Resources[0].Entra, test.want, warnings)
			}
		})
	}
}

func TestKeysFromFilesAndVariables(t *testing.T) {
	cfg, warnings := mustParse(t, minimal+"  key_env: CONTOSO_KEY\n")
	if cfg.Resources[0].Key.Reveal() != canary || len(warnings) != 0 {
		t.Errorf("key_env: %v", warnings)
	}
	for content, want := range map[string]string{"abc": "abc", "abc\n": "abc", "abc\r\n": "abc", "a~b": "a~b"} {
		path := write(t, "key", content)
		cfg, warnings := mustParse(t, "resources:\n- name: a\n  endpoint: https://proxy.example\n  key_file: "+path+"\n")
		if got := cfg.Resources[0]; got.KeyFile != path || got.Key != "" || len(warnings) != 0 {
			t.Errorf("key_file: got %+v, warnings %v", got, warnings)
		}
		if got, err := config.ReadSecretFile(path); err != nil || got.Reveal() != want {
			t.Errorf("%q is read as %q (%v)", content, got.Reveal(), err)
		}
	}
}

func TestHashKeyIsReadAtLoad(t *testing.T) {
	path := write(t, "hash-key", "sixteen bytes and\x00more\n")
	cfg, warnings := mustParse(t, withKey+"devices: {label: hash, hash_key_file: "+path+", top: 10000}\n")
	if cfg.Devices.HashKey.Reveal() != "sixteen bytes and\x00more" || cfg.Devices.Label != config.DeviceLabelHash || len(warnings) != 0 {
		t.Errorf("got %+v, warnings %v", cfg.Devices, warnings)
	}
}

func TestRelativePathsStartAtTheFilesFolder(t *testing.T) {
	path := write(t, "config.yaml", minimal+"  key_file: secrets/key\n  tls: {ca_file: /ca.pem}\n")
	cfg, _, err := config.Load(path, environment())
	if err != nil {
		t.Fatal(err)
	}
	if got := cfg.Resources[0]; got.KeyFile != filepath.Join(filepath.Dir(path), "secrets", "key") || got.TLS.CAFile != "/ca.pem" {
		t.Errorf("got %+v", got)
	}
}

func TestWarnings(t *testing.T) {
	folder := t.TempDir()
	for name, test := range map[string]struct {
		document, path string
		line           int
		word           string
	}{
		"key file not there":          {minimal + "  key_file: " + folder + "/" + canary + "\n", "resources[0].key_file", 4, "no such file"},
		"CA file not there":           {withKey + "tls:\n  ca_file: " + folder + "/ca\n", "tls.ca_file", 6, "no such file"},
		"no check of the certificate": {withKey + "  tls:\n    insecure_skip_verify: true\n", "resources[0].tls.insecure_skip_verify", 6, "ca_file"},
		"hash key file without hash":  {withKey + "devices:\n  hash_key_file: " + folder + "/none\n", "devices.hash_key_file", 6, "no effect"},
		"a key of another length":     {minimal + "  key: " + canary[1:] + "\n", "resources[0].key", 4, "32 hexadecimal or 84 letters"},
		"a file with a line":          {minimal + "  key_file: " + write(t, "key", "KEY="+canary+"\n") + "\n", "resources[0].key_file", 4, "this is no key"},
		"an endpoint with a path":     {"resources:\n- name: a\n  endpoint: https://a.cognitiveservices.azure.com/face\n  key: " + canary + "\n", "resources[0].endpoint", 3, "gateway"},
		"no federated token":          {minimal + "  entra: {credential: workload_identity, tenant_id: t}\n", "resources[0].entra.credential", 4, "AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE"},
		"http elsewhere, allowed":     {"resources:\n- name: a\n  endpoint: http://proxy.example\n  allow_insecure: true\n  key: k\n", "resources[0].endpoint", 3, "clear text"},
		"same endpoint and operation": {withKey + "- name: other\n  endpoint: HTTPS://Contoso.cognitiveservices.azure.com:443/\n  key: " + canary + "\n", "resources[1].endpoint", 6, "resources[0] (line 3)"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, warnings := mustParse(t, test.document)
			if cfg == nil || len(warnings) != 1 {
				t.Fatalf("warnings: %v", warnings)
			}
			got := warnings[0]
			if !got.Warning || got.Path != test.path || got.Line != test.line || !strings.Contains(got.Message, test.word) {
				t.Errorf("got %v", got)
			}
			if !strings.HasPrefix(got.String(), "warning: "+test.path+" (line ") {
				t.Errorf("printed as %s", got)
			}
			noCanary(t, got.String())
		})
	}
}

func TestWhatIsNotWarnedOf(t *testing.T) {
	for name, document := range map[string]string{
		"an interval above max_stale":     withKey + "refresh: {interval: 1d, max_stale: 1m}\n",
		"both operations of one endpoint": withKey + "- {name: b, endpoint: 'https://contoso.cognitiveservices.azure.com', key: " + canary + ", operations: [detectLivenessWithVerify]}\n",
		"a long key":                      minimal + "  key: " + strings.Repeat("aB3", 28) + "\n",
		"a key of any length for a proxy": "resources: [{name: a, endpoint: 'https://proxy.example', key: abc}]",
	} {
		if _, warnings := mustParse(t, document); len(warnings) != 0 {
			t.Errorf("%s: %v", name, warnings)
		}
	}
}
