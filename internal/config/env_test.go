package config_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

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
		"with neither":    {[]string{"FACE_ENDPOINT", endpoint}, config.Resource{Entra: &config.Entra{Credential: "default", Cloud: "us_government"}}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, warnings, err := config.FromEnvironment(environment(test.variables...))
			if err != nil || len(warnings) != 0 {
				t.Fatal(err, warnings)
			}
			test.want.Name, test.want.Endpoint = "default", endpoint
			test.want.Operations, test.want.API = []string{"detectLiveness"}, config.DefaultAPI()
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
