package config

import (
	"cmp"
	"errors"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// variables make one resource without a file, and fields are the settings of it that they are, in the same order.
//
//nolint:gochecknoglobals // tables that never change
var (
	variables = []string{"FACE_API_KEY", "FACE_API_KEY_FILE", "FACE_ENDPOINT", "FACE_OPERATIONS", "FACE_RESOURCE_NAME"}
	fields    = []string{"key", "key_file", "endpoint", "operations", "name"}
)

// ErrNoEnvironment says that none of the variables that FromEnvironment reads is set.
var ErrNoEnvironment = errors.New("none of " + strings.Join(variables, ", ") + " is set")

// FromEnvironment makes one resource of FACE_ENDPOINT with FACE_API_KEY, or FACE_API_KEY_FILE, or neither: then Entra ID
// with the default chain of credentials. Its name is FACE_RESOURCE_NAME, or the first label of the endpoint's host, or "default" if
// the host is an address. Its operations are those that FACE_OPERATIONS lists, separated by commas, or detectLiveness. All else is
// as in Default and DefaultAPI.
//
// It returns what Load returns; the path of a problem is the variable's name. The error is ErrNoEnvironment if no variable
// is set. An empty variable counts as not set.
func FromEnvironment(getenv func(string) string) (*Config, Problems, error) {
	resource := map[string]any{}
	for i, name := range variables {
		if value := getenv(name); value != "" {
			resource[fields[i]] = value
		}
	}
	if len(resource) == 0 {
		return nil, nil, ErrNoEnvironment
	}
	if resource["name"] == nil {
		resource["name"] = nameOf(getenv("FACE_ENDPOINT"))
	}
	if resource["operations"] != nil {
		resource["operations"] = strings.Split(strings.ReplaceAll(getenv("FACE_OPERATIONS"), " ", ""), ",")
	}
	if resource["key"] == nil && resource["key_file"] == nil {
		resource["entra"] = map[string]any{}
	}
	var document yaml.Node
	if err := document.Encode(map[string]any{"resources": []any{resource}}); err != nil {
		return nil, nil, err
	}
	cfg, warnings, err := (&checker{getenv: getenv}).load(&document)
	if problems, ok := errors.AsType[Problems](err); ok {
		err = problems.ofVariables()
	}
	return cfg, warnings.ofVariables(), err
}

// scalar is a text of a document.
func scalar(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}

// nameOf names a resource after its endpoint.
func nameOf(endpoint string) string {
	host := hostOf(endpoint)
	if _, err := netip.ParseAddr(host); err == nil {
		return "default"
	}
	label, _, _ := strings.Cut(strings.ToLower(host), ".")
	return cmp.Or(label, "default")
}

// ofVariables names the variables instead of the fields that they stand for. What is wrong with the credential as such is about
// the first.
func (ps Problems) ofVariables() Problems {
	for i, p := range ps {
		if field, found := strings.CutPrefix(p.Path, at(0, "")); found {
			ps[i].Path, ps[i].Line = variables[max(0, slices.Index(fields, strings.TrimPrefix(field, ".")))], 0
		}
	}
	return ps
}

// serviceLink matches the variables that Kubernetes sets in a pod for each service of its namespace. A service whose name
// begins with "face" has such variables too.
var serviceLink = regexp.MustCompile(`_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$`)

// faceVariable matches the names that look like a variable of the exporter.
var faceVariable = regexp.MustCompile(`^(?i:FACE)_[A-Za-z0-9_]{1,60}$`)

// CheckVariables warns of every FACE_… variable in environ (NAME=value) that has no effect: because the configuration is read
// from file, if that is not empty, or because it has no meaning. used holds further names that have one, such as those that key_env
// gives.
func CheckVariables(environ []string, file string, used map[string]bool) Problems {
	var problems Problems
	for _, entry := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(entry, "=")
		if value == "" || !faceVariable.MatchString(name) || serviceLink.MatchString(name) || used[name] {
			continue
		}
		message := "is ignored, because the configuration is read from " + file + ": unset it, or remove the file"
		if !slices.Contains(variables, name) {
			message = "is not a variable of this exporter and has no effect" + didYouMean(name, variables) + " Known: " + strings.Join(variables, ", ")
		} else if file == "" {
			continue
		}
		problems = append(problems, Problem{Path: name, Message: message, Warning: true})
	}
	return problems.report()
}
