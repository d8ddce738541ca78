package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"face_liveness_exporter/faceclient"
)

// The variables that configure a single resource without a file.
const (
	envEndpoint   = "FACE_ENDPOINT"
	envKey        = "FACE_API_KEY"
	envKeyFile    = "FACE_API_KEY_FILE"
	envName       = "FACE_RESOURCE_NAME"
	envOperations = "FACE_OPERATIONS"
)

func variables() []string {
	return []string{envEndpoint, envKey, envKeyFile, envName, envOperations}
}

// ErrNoEnvironment says that none of the variables that FromEnvironment reads is set.
var ErrNoEnvironment = errors.New("none of " + strings.Join(variables(), ", ") + " is set")

// environment reads the variables and collects what is wrong with them.
type environment struct {
	getenv   func(string) string
	problems Problems
}

func (e *environment) refuse(variable, format string, args ...any) {
	e.problems = append(e.problems, Problem{Path: variable, Message: fmt.Sprintf(format, args...)})
}

func (e *environment) warn(variable, message string) {
	e.problems = append(e.problems, Problem{Path: variable, Message: message, Warning: true})
}

// text returns a variable's value if it is one line of plain text, else "".
func (e *environment) text(variable string) string {
	value := e.getenv(variable)
	if value == "" {
		return ""
	}
	err := plainText(value)
	if err == nil && quoted(value) {
		err = errQuoted
	}
	if err != nil {
		e.refuse(variable, "%v", err)
		return ""
	}
	return value
}

// FromEnvironment makes one resource of FACE_ENDPOINT with FACE_API_KEY, or FACE_API_KEY_FILE, or neither: then Entra ID
// with the default chain of credentials. Its name is FACE_RESOURCE_NAME, or "default", and its operations are those that
// FACE_OPERATIONS lists, separated by commas, or detectLiveness. All else is as in Default and DefaultAPI.
//
// It returns what Load returns; the path of a problem is the variable's name. The error is ErrNoEnvironment if no variable
// is set. An empty variable counts as not set.
func FromEnvironment(getenv func(string) string) (*Config, Problems, error) {
	if !slices.ContainsFunc(variables(), func(name string) bool { return getenv(name) != "" }) {
		return nil, nil, ErrNoEnvironment
	}
	e := environment{getenv: getenv}
	resource := Resource{Name: "default", Operations: defaultOperations(), API: DefaultAPI()}
	e.name(&resource)
	e.operations(&resource)
	e.endpoint(&resource)
	e.credential(&resource)
	cfg := Default()
	cfg.Resources = []Resource{resource}
	return e.problems.verdict(&cfg)
}

func (e *environment) name(into *Resource) {
	name := e.text(envName)
	if name == "" {
		return
	}
	if err := resourceName(name); err != nil {
		e.refuse(envName, "%v", err)
		return
	}
	into.Name = name
}

func (e *environment) operations(into *Resource) {
	listed := e.text(envOperations)
	if listed == "" {
		return
	}
	var operations []faceclient.Operation
	for part := range strings.SplitSeq(listed, ",") {
		operation := faceclient.Operation(strings.TrimSpace(part))
		if !slices.Contains(faceclient.Operations(), operation) {
			e.refuse(envOperations, "must be one or both of %s, separated by a comma", commaSeparated(faceclient.Operations()))
			return
		}
		if slices.Contains(operations, operation) {
			e.refuse(envOperations, "has %s twice: keep one", operation)
			return
		}
		operations = append(operations, operation)
	}
	slices.Sort(operations)
	into.Operations = operations
}

func (e *environment) endpoint(into *Resource) {
	endpoint := e.getenv(envEndpoint)
	err := plainText(endpoint)
	if err == nil {
		into.Endpoint, err = normalEndpoint(endpoint, false)
	}
	switch {
	case endpoint == "":
		e.refuse(envEndpoint, "is not set: set it to "+wantedEndpoint)
	case err != nil:
		e.refuse(envEndpoint, "%v", err)
	}
}

func (e *environment) credential(into *Resource) {
	key, keyFile := e.getenv(envKey), e.getenv(envKeyFile)
	switch {
	case key != "" && keyFile != "":
		e.refuse(envKey, "is set beside FACE_API_KEY_FILE: unset one of them")
	case key != "":
		into.Key = Secret(key)
		if err := usableKey(key); err != nil {
			e.refuse(envKey, "%v", err)
		} else if doubt := doubtfulKey(key, into.Endpoint); doubt != "" {
			e.warn(envKey, doubt)
		}
	case quoted(keyFile):
		e.refuse(envKeyFile, "%v", errQuoted)
	case keyFile != "":
		into.KeyFile = keyFile
		e.problems = append(e.problems, secretFileProblems(Problem{Path: envKeyFile}, keyFile, func(key string) string {
			return doubtfulKey(key, into.Endpoint)
		})...)
	default:
		host := hostOf(into.Endpoint)
		if isRegional(host) {
			e.refuse(envEndpoint, "is a regional endpoint, which takes keys only: set FACE_API_KEY or FACE_API_KEY_FILE, or use the resource's own endpoint")
		}
		into.Entra = &Entra{Credential: faceclient.EntraDefault, Cloud: faceclient.CloudPublic}
		if cloud := cloudOf(host); cloud != "" {
			into.Entra.Cloud = cloud
		}
	}
}

// serviceLink matches the variables that Kubernetes sets in a pod for each service of its namespace. A service whose name
// begins with "face" has such variables too.
var serviceLink = regexp.MustCompile(`_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$`)

// faceVariable matches the names that look like a variable of the exporter.
var faceVariable = regexp.MustCompile(`^(?i:FACE)_[A-Za-z0-9_]{1,60}$`)

// UnknownVariables warns of every FACE_… variable in environ (NAME=value) that has no meaning. used holds further names
// that have one, such as those that key_env gives.
func UnknownVariables(environ []string, used map[string]bool) Problems {
	var problems Problems
	for _, name := range faceVariables(environ, used) {
		if slices.Contains(variables(), name) {
			continue
		}
		message := "is not a variable of this exporter and has no effect"
		if near := nearest(name, variables()); near != "" {
			message += ": did you mean " + near + "?"
		} else {
			message += ". Known: " + strings.Join(variables(), ", ")
		}
		problems = append(problems, Problem{Path: name, Message: message, Warning: true})
	}
	return problems.bounded()
}

// HiddenVariables warns of the FACE_… variables in environ (NAME=value) that have no effect because the file is used, and
// of those that never have one. used holds the names that the file itself refers to.
func HiddenVariables(file string, environ []string, used map[string]bool) Problems {
	var hidden []string
	for _, name := range faceVariables(environ, used) {
		if slices.Contains(variables(), name) {
			hidden = append(hidden, name)
		}
	}
	problems := UnknownVariables(environ, used)
	if len(hidden) == 0 {
		return problems
	}
	return append(Problems{{
		Message: strings.Join(hidden, ", ") + " set but ignored, because the configuration is read from " + file +
			": unset the variables, or remove the file",
		Warning: true,
	}}, problems...)
}

// faceVariables returns the sorted names of the FACE_… variables that have a value.
func faceVariables(environ []string, used map[string]bool) []string {
	var names []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if value != "" && faceVariable.MatchString(name) && !serviceLink.MatchString(name) && !used[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
