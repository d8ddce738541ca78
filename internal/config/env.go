package config

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

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
	section := &yaml.Node{Kind: yaml.MappingNode}
	for _, name := range variables() {
		if value := getenv(name); value != "" {
			section.Content = append(section.Content, text(name), text(value))
		}
	}
	resource := Resource{Name: "default", Operations: defaultOperations(), API: DefaultAPI()}
	d := newDecoder("", getenv)
	d.environment(place{node: section}, &resource)
	cfg := Default()
	cfg.Resources = []Resource{resource}
	return d.problems.result(&cfg)
}

// text is a value of a document: the variables are read like the fields of a file.
func text(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}

// environment reads a section whose fields are the variables.
func (d *decoder) environment(at place, into *Resource) {
	d.section(at,
		field{envName, d.text(&into.Name, unquoted, resourceName)},
		field{envEndpoint, func(at place) { d.endpoint(at, &into.Endpoint, false) }},
		field{envOperations, d.operationNames(&into.Operations)},
		field{envKey, d.key(&into.Key)},
		field{envKeyFile, d.text(&into.KeyFile, unquoted)},
	)
	if !d.has(at, envEndpoint) {
		d.refuse(d.field(at, envEndpoint), "is not set: set it to "+wantedEndpoint)
	}
	switch key, keyFile := d.field(at, envKey), d.field(at, envKeyFile); {
	case d.has(at, envKey) && d.has(at, envKeyFile):
		d.refuse(key, "is set beside FACE_API_KEY_FILE: unset one of them")
	case d.sound(at, envKey):
		d.doubt(key, "", into)
	case d.sound(at, envKeyFile):
		d.keyFile(keyFile, into)
	case !d.has(at, envKey) && !d.has(at, envKeyFile):
		into.Entra = &Entra{Credential: faceclient.EntraDefault}
		d.identity(d.field(at, envEndpoint), into.Entra, into.Endpoint)
	}
}

// operationNames reads operations in one text, separated by commas.
func (d *decoder) operationNames(into *[]faceclient.Operation) func(place) {
	return func(at place) {
		var listed string
		d.text(&listed, unquoted)(at)
		if d.refused[at.path] {
			return
		}
		var operations []faceclient.Operation
		for part := range strings.SplitSeq(listed, ",") {
			operation := faceclient.Operation(strings.TrimSpace(part))
			if !slices.Contains(faceclient.Operations(), operation) {
				d.refuse(at, "must be one or both of %s, separated by a comma", commaSeparated(faceclient.Operations()))
				return
			}
			if slices.Contains(operations, operation) {
				d.refuse(at, "has %s twice: keep one", operation)
				return
			}
			operations = append(operations, operation)
		}
		slices.Sort(operations)
		*into = operations
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
