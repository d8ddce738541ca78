package config

import (
	"errors"
	"io/fs"
)

// The variables that configure a single resource without a file.
const (
	envEndpoint = "FACE_ENDPOINT"
	envKey      = "FACE_API_KEY"
	envKeyFile  = "FACE_API_KEY_FILE"
)

// ErrNoEnvironment says that none of the variables FACE_ENDPOINT, FACE_API_KEY and FACE_API_KEY_FILE is set.
var ErrNoEnvironment = errors.New("none of FACE_ENDPOINT, FACE_API_KEY and FACE_API_KEY_FILE is set")

// FromEnvironment makes one resource called "default" of FACE_ENDPOINT with FACE_API_KEY, or FACE_API_KEY_FILE, or
// neither: then Entra ID with the default chain of credentials. All else is as in Default and DefaultAPI.
//
// It returns what Load returns; the problems have a variable's name for their path. The error is ErrNoEnvironment
// where there is nothing to go by. An empty variable is one that is not set.
func FromEnvironment(getenv func(string) string) (*Config, Problems, error) {
	endpoint, key, keyFile := getenv(envEndpoint), getenv(envKey), getenv(envKeyFile)
	if endpoint == "" && key == "" && keyFile == "" {
		return nil, nil, ErrNoEnvironment
	}
	var problems Problems
	refuse := func(variable, message string) {
		problems = append(problems, Problem{Path: variable, Message: message})
	}
	resource := Resource{Name: "default", Operations: defaultOperations(), API: DefaultAPI()}

	if endpoint == "" {
		refuse(envEndpoint, "is not set: set it to https://NAME.cognitiveservices.azure.com")
	} else if err := plainText(endpoint); err != nil {
		refuse(envEndpoint, err.Error())
	} else if resource.Endpoint, err = normalEndpoint(endpoint, false); err != nil {
		refuse(envEndpoint, err.Error())
	}

	switch {
	case key != "" && keyFile != "":
		refuse(envKey, "is set beside FACE_API_KEY_FILE: unset one of them")
	case key != "":
		resource.Key = Secret(key)
		if err := usableKey(key); err != nil {
			refuse(envKey, err.Error())
		}
	case keyFile != "":
		resource.KeyFile = keyFile
		_, err := ReadSecretFile(keyFile)
		if err != nil {
			missing := errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
			problems = append(problems, Problem{Path: envKeyFile, Message: err.Error(), Warning: missing})
		} else if othersMayWrite(keyFile) {
			problems = append(problems, Problem{Path: envKeyFile, Message: writableByOthers, Warning: true})
		}
	default:
		host := hostOf(resource.Endpoint)
		if isRegional(host) {
			refuse(envEndpoint, "is a regional endpoint, which takes keys only: set FACE_API_KEY or FACE_API_KEY_FILE, or use the resource's own endpoint")
		}
		resource.Entra = &Entra{Credential: CredentialDefault, Cloud: CloudPublic}
		if cloud := cloudOf(host); cloud != "" {
			resource.Entra.Cloud = cloud
		}
	}

	cfg := Default()
	cfg.Resources = []Resource{resource}
	return problems.verdict(&cfg)
}
