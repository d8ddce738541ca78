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

// variables are those that make one resource without a file, and fields its fields that they are, in the same order.
//
//nolint:gochecknoglobals // tables that never change
var (
	variables = []string{"FACE_ENDPOINT", "FACE_API_KEY", "FACE_API_KEY_FILE", "FACE_RESOURCE_NAME", "FACE_OPERATIONS"}
	fields    = []string{"endpoint", "key", "key_file", "name", "operations"}
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
	if !slices.ContainsFunc(variables, func(name string) bool { return getenv(name) != "" }) {
		return nil, nil, ErrNoEnvironment
	}
	resource := &yaml.Node{Kind: yaml.MappingNode}
	set := func(field string, value *yaml.Node) {
		resource.Content = append(resource.Content, scalar(field), value)
	}
	for i, name := range variables {
		value := scalar(getenv(name))
		if name == "FACE_OPERATIONS" {
			for part := range strings.SplitSeq(value.Value, ",") {
				value.Content = append(value.Content, scalar(strings.TrimSpace(part)))
			}
			value.Kind, value.Tag = yaml.SequenceNode, "!!seq"
		}
		if getenv(name) != "" && !(name == "FACE_API_KEY_FILE" && getenv("FACE_API_KEY") != "") {
			set(fields[i], value)
		}
	}
	if getenv("FACE_RESOURCE_NAME") == "" {
		set("name", scalar(nameOf(getenv("FACE_ENDPOINT"))))
	}
	if getenv("FACE_API_KEY") == "" && getenv("FACE_API_KEY_FILE") == "" {
		set("entra", &yaml.Node{Kind: yaml.MappingNode})
	}
	resources := &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{resource}}
	c := &checker{getenv: getenv}
	if getenv("FACE_API_KEY") != "" && getenv("FACE_API_KEY_FILE") != "" {
		c.refuse("FACE_API_KEY", "is set beside FACE_API_KEY_FILE: unset one of them")
	}
	cfg, warnings, err := c.load(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar("resources"), resources}})
	if problems, ok := errors.AsType[Problems](err); ok {
		err = problems.ofVariables()
	}
	return cfg, warnings.ofVariables(), err
}

// scalar is a text of a document: the variables are read like the fields of a file.
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

// ofVariables names the variables instead of the fields that they stand for.
func (ps Problems) ofVariables() Problems {
	for i, p := range ps {
		if field, found := strings.CutPrefix(p.Path, at(0, "")); found {
			ps[i].Path = variables[max(0, slices.Index(fields, strings.TrimPrefix(field, ".")))]
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
		problem := Problem{Path: name, Warning: true}
		switch known := slices.Contains(variables, name); {
		case !known:
			problem.Message = "is not a variable of this exporter and has no effect" + didYouMean(name, variables) +
				" Known: " + strings.Join(variables, ", ")
		case file != "":
			problem.Message = "is ignored, because the configuration is read from " + file + ": unset it, or remove the file"
		default:
			continue
		}
		problems = append(problems, problem)
	}
	return problems.report()
}
