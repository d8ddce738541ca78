package config_test

import (
	"cmp"
	"errors"
	"reflect"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/config"
)

func TestEnvironmentMakesOneResource(t *testing.T) {
	const endpoint = "https://contoso.cognitiveservices.azure.us"
	file := write(t, "key", canary+"\n")
	for name, test := range map[string]struct {
		variables []string
		want      config.Resource
	}{
		"with a key":      {[]string{"FACE_ENDPOINT", "https://Contoso.cognitiveservices.azure.us/", "FACE_API_KEY", canary}, config.Resource{Key: canary}},
		"with a key file": {[]string{"FACE_ENDPOINT", endpoint, "FACE_API_KEY_FILE", file}, config.Resource{KeyFile: file}},
		"with a name and operations": {
			[]string{"FACE_ENDPOINT", endpoint, "FACE_API_KEY", canary, "FACE_RESOURCE_NAME", "prod 1", "FACE_OPERATIONS", "detectLivenessWithVerify, detectLiveness"},
			config.Resource{Name: "prod 1", Key: canary, Operations: faceclient.Operations()},
		},
		"with neither":  {[]string{"FACE_ENDPOINT", endpoint}, config.Resource{Entra: &config.Entra{Credential: "default", Cloud: "us_government"}}},
		"an IP address": {[]string{"FACE_ENDPOINT", "https://10.0.0.4", "FACE_API_KEY", "k"}, config.Resource{Name: "default", Endpoint: "https://10.0.0.4", Key: "k"}},
		"a path":        {[]string{"FACE_ENDPOINT", "https://apim.example/face/", "FACE_API_KEY", "k"}, config.Resource{Name: "apim", Endpoint: "https://apim.example/face", Key: "k"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, warnings, err := config.FromEnvironment(environment(test.variables...))
			if err != nil || len(warnings) != 0 {
				t.Fatal(err, warnings)
			}
			test.want.Name, test.want.Endpoint = cmp.Or(test.want.Name, "contoso"), cmp.Or(test.want.Endpoint, endpoint)
			if test.want.Operations == nil {
				test.want.Operations = []faceclient.Operation{faceclient.DetectLiveness}
			}
			test.want.API = config.DefaultAPI()
			want := config.Default()
			want.Resources = []config.Resource{test.want}
			if !reflect.DeepEqual(*cfg, want) {
				t.Errorf("got %+v, want %+v", *cfg, want)
			}
		})
	}
}

func TestEnvironmentWithNothingInIt(t *testing.T) {
	if cfg, _, err := config.FromEnvironment(environment("FACE_ENDPOINT", "")); cfg != nil || !errors.Is(err, config.ErrNoEnvironment) {
		t.Errorf("got %v, %v", cfg, err)
	}
}

func TestEnvironmentThatCannotWork(t *testing.T) {
	const endpoint = "https://contoso.cognitiveservices.azure.com"
	for name, test := range map[string]struct {
		variables  []string
		path, word string
	}{
		"a key without an endpoint":  {[]string{"FACE_API_KEY", canary}, "FACE_ENDPOINT", "missing"},
		"both kinds of keys":         {[]string{"FACE_ENDPOINT", endpoint, "FACE_API_KEY", canary, "FACE_API_KEY_FILE", "/" + canary}, "FACE_API_KEY", "has key and key_file"},
		"a password in the endpoint": {[]string{"FACE_ENDPOINT", "https://u:" + canary + "@a.example", "FACE_API_KEY", "k"}, "FACE_ENDPOINT", "no user name"},
		"a name that is too long":    {[]string{"FACE_ENDPOINT", endpoint, "FACE_RESOURCE_NAME", strings.Repeat("a", 65)}, "FACE_RESOURCE_NAME", "64"},
		"an unknown operation":       {[]string{"FACE_ENDPOINT", endpoint, "FACE_OPERATIONS", "detectLiveness," + canary}, "FACE_OPERATIONS", "detectLivenessWithVerify"},
		"an empty file":              {[]string{"FACE_ENDPOINT", endpoint, "FACE_API_KEY_FILE", write(t, "key", "")}, "FACE_API_KEY_FILE", "empty"},
		"Entra at a regional":        {[]string{"FACE_ENDPOINT", "https://westeurope.api.cognitive.microsoft.com"}, "FACE_API_KEY", "keys only"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _, err := config.FromEnvironment(environment(test.variables...))
			refusal{"", test.path, 0, test.word}.told(t, cfg, err)
		})
	}
}

func TestVariablesWithoutEffect(t *testing.T) {
	for name, want := range map[string]struct{ alone, withFile string }{
		"FACE_ENDPONT":                        {"did you mean FACE_ENDPOINT?", "did you mean FACE_ENDPOINT?"},
		"face_endpoint":                       {"did you mean FACE_ENDPOINT?", "did you mean FACE_ENDPOINT?"},
		"FACE_KEY":                            {"Known: FACE_API_KEY, FACE_API_KEY_FILE,", "is not a variable"},
		"FACE_ENDPOINT":                       {"", "read from config.yaml"},
		"FACE_PROD_KEY":                       {"", ""}, // named by key_env
		"FACEBOOK_KEY":                        {"", ""},
		"FACE_LIVENESS_EXPORTER_SERVICE_HOST": {"", ""},
		"FACE_LIVENESS_EXPORTER_PORT":         {"", ""},
	} {
		for file, want := range map[string]string{"": want.alone, "config.yaml": want.withFile} {
			problems := config.CheckVariables([]string{"PATH=/bin", "FACE_OPERATIONS=", name + "=" + canary}, file, map[string]bool{"FACE_PROD_KEY": true})
			switch {
			case want == "" && len(problems) == 0:
			case len(problems) != 1 || want == "" || !problems[0].Warning || problems[0].Path != name || !strings.Contains(problems[0].Message, want):
				t.Errorf("%s with file %q: got %v, want %s", name, file, problems, want)
			}
			noCanary(t, problems.Error())
		}
	}
}
