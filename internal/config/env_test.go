package config_test

import (
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
			[]string{"FACE_ENDPOINT", endpoint, "FACE_API_KEY", canary, "FACE_RESOURCE_NAME", "contoso", "FACE_OPERATIONS", "detectLivenessWithVerify, detectLiveness"},
			config.Resource{Name: "contoso", Key: canary, Operations: faceclient.Operations()},
		},
		"with neither": {[]string{"FACE_ENDPOINT", endpoint}, config.Resource{Entra: &config.Entra{Credential: "default", Cloud: "us_government"}}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, warnings, err := config.FromEnvironment(environment(test.variables...))
			if err != nil || len(warnings) != 0 {
				t.Fatal(err, warnings)
			}
			if test.want.Name == "" {
				test.want.Name, test.want.Operations = "default", []faceclient.Operation{faceclient.DetectLiveness}
			}
			test.want.Endpoint, test.want.API = endpoint, config.DefaultAPI()
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
		"a key without an endpoint":  {[]string{"FACE_API_KEY", canary}, "FACE_ENDPOINT", "not set"},
		"a file without an endpoint": {[]string{"FACE_API_KEY_FILE", write(t, "key", canary)}, "FACE_ENDPOINT", "not set"},
		"both kinds of keys":         {[]string{"FACE_ENDPOINT", endpoint, "FACE_API_KEY", canary, "FACE_API_KEY_FILE", "/" + canary}, "FACE_API_KEY", "FACE_API_KEY_FILE"},
		"a password in the endpoint": {[]string{"FACE_ENDPOINT", "https://u:" + canary + "@a.example", "FACE_API_KEY", "k"}, "FACE_ENDPOINT", "password"},
		"an endpoint with a newline": {[]string{"FACE_ENDPOINT", endpoint + "\n", "FACE_API_KEY", canary}, "FACE_ENDPOINT", "line break"},
		"a name alone":               {[]string{"FACE_RESOURCE_NAME", "a"}, "FACE_ENDPOINT", "not set"},
		"quotes around the endpoint": {[]string{"FACE_ENDPOINT", `"` + endpoint + `"`}, "FACE_ENDPOINT", "quotes"},
		"quotes around the file":     {[]string{"FACE_ENDPOINT", endpoint, "FACE_API_KEY_FILE", `"/none"`}, "FACE_API_KEY_FILE", "quotes"},
		"quotes around the name":     {[]string{"FACE_ENDPOINT", endpoint, "FACE_RESOURCE_NAME", `'a'`}, "FACE_RESOURCE_NAME", "quotes"},
		"a name that is too long":    {[]string{"FACE_ENDPOINT", endpoint, "FACE_RESOURCE_NAME", strings.Repeat("a", 65)}, "FACE_RESOURCE_NAME", "64"},
		"an unknown operation":       {[]string{"FACE_ENDPOINT", endpoint, "FACE_OPERATIONS", "detectLiveness," + canary}, "FACE_OPERATIONS", "detectLivenessWithVerify"},
		"an operation twice":         {[]string{"FACE_ENDPOINT", endpoint, "FACE_OPERATIONS", "detectLiveness,detectLiveness"}, "FACE_OPERATIONS", "twice"},
		"a comma at the end":         {[]string{"FACE_ENDPOINT", endpoint, "FACE_OPERATIONS", "detectLiveness,"}, "FACE_OPERATIONS", "comma"},
		"http":                       {[]string{"FACE_ENDPOINT", "http://a.example", "FACE_API_KEY", canary}, "FACE_ENDPOINT", "loopback"},
		"a key with a newline":       {[]string{"FACE_ENDPOINT", endpoint, "FACE_API_KEY", canary + "\n"}, "FACE_API_KEY", "white space"},
		"an empty file":              {[]string{"FACE_ENDPOINT", endpoint, "FACE_API_KEY_FILE", write(t, "key", "")}, "FACE_API_KEY_FILE", "empty"},
		"Entra at a regional":        {[]string{"FACE_ENDPOINT", "https://westeurope.api.cognitive.microsoft.com"}, "FACE_ENDPOINT", "keys only"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _, err := config.FromEnvironment(environment(test.variables...))
			var problems config.Problems
			if cfg != nil || !errors.As(err, &problems) || len(problems) != 1 {
				t.Fatalf("got %v, %v", cfg, err)
			}
			if got := problems[0]; got.Path != test.path || got.Line != 0 || !strings.Contains(got.Message, test.word) {
				t.Errorf("got %v", got)
			}
			noCanary(t, err.Error())
		})
	}
}

func TestEnvironmentWarnsOfAKeyFileThatIsNotThere(t *testing.T) {
	cfg, warnings, err := config.FromEnvironment(environment("FACE_ENDPOINT", "http://localhost:1", "FACE_API_KEY_FILE", "/none/"+canary))
	if cfg == nil || err != nil || len(warnings) != 1 || warnings[0].Path != "FACE_API_KEY_FILE" || !warnings[0].Warning {
		t.Fatalf("got %v, %v, %v", cfg, warnings, err)
	}
	noCanary(t, warnings.Error())
}

func TestVariablesWithoutAMeaning(t *testing.T) {
	for name, want := range map[string]string{
		"FACE_ENDPONT":                        "did you mean FACE_ENDPOINT?",
		"FACE_KEY":                            "did you mean FACE_API_KEY?",
		"FACE_API":                            "did you mean FACE_API_KEY?",
		"FACE_KEY_FILE":                       "did you mean FACE_API_KEY_FILE?",
		"FACE_NAME":                           "did you mean FACE_RESOURCE_NAME?",
		"FACE_OPERATION":                      "did you mean FACE_OPERATIONS?",
		"face_endpoint":                       "did you mean FACE_ENDPOINT?",
		"FACE_REGION":                         "Known: FACE_ENDPOINT, FACE_API_KEY,",
		"FACE_ENDPOINT":                       "",
		"FACE_PROD_KEY":                       "", // named by key_env
		"FACEBOOK_KEY":                        "",
		"FACE_LIVENESS_EXPORTER_SERVICE_HOST": "",
		"FACE_LIVENESS_EXPORTER_SERVICE_PORT_HTTP":   "",
		"FACE_LIVENESS_EXPORTER_PORT":                "",
		"FACE_LIVENESS_EXPORTER_PORT_10520_TCP":      "",
		"FACE_LIVENESS_EXPORTER_PORT_10520_TCP_ADDR": "",
	} {
		t.Run(name, func(t *testing.T) {
			problems := config.UnknownVariables([]string{"PATH=/bin", name + "=" + canary}, map[string]bool{"FACE_PROD_KEY": true})
			if want == "" {
				if len(problems) != 0 {
					t.Errorf("warned: %v", problems)
				}
				return
			}
			if len(problems) != 1 || !problems[0].Warning || problems[0].Path != name || !strings.Contains(problems[0].Message, want) {
				t.Errorf("got %v, want %s", problems, want)
			}
			noCanary(t, problems.Error())
		})
	}
}

func TestVariablesThatAFileHides(t *testing.T) {
	environ := []string{"FACE_API_KEY=" + canary, "FACE_ENDPOINT=https://a.example", "FACE_OPERATIONS=", "FACE_ENDPONT=x"}
	problems := config.HiddenVariables("config.yaml", environ, nil)
	if len(problems) != 2 || !strings.Contains(problems[0].Message, "FACE_API_KEY, FACE_ENDPOINT set but ignored") || !strings.Contains(problems[0].Message, "config.yaml") {
		t.Errorf("got %v", problems)
	}
	if problems := config.HiddenVariables("config.yaml", []string{"FACE_API_KEY=k"}, map[string]bool{"FACE_API_KEY": true}); len(problems) != 0 {
		t.Errorf("a variable that the file names is not hidden: %v", problems)
	}
	noCanary(t, problems.Error())
}
