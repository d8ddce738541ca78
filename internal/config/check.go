package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"go.yaml.in/yaml/v4"
)

// checker collects what is wrong with a document.
type checker struct {
	source string // the configuration file, "" if there is none
	folder string // absolute path of its folder
	getenv func(string) string
	// lines has the line of each known field of the document by its path. The line of a field is that of its name.
	lines    map[string]int
	errors   Problems
	warnings Problems
}

// refuse reports what is wrong with the field at path.
func (c *checker) refuse(path, format string, args ...any) {
	c.refuseAt(path, c.line(path), fmt.Sprintf(format, args...))
}

func (c *checker) refuseAt(path string, line int, message string) {
	c.errors = append(c.errors, Problem{File: c.source, Path: path, Line: line, Message: message})
}

func (c *checker) warn(path, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	c.warnings = append(c.warnings, Problem{File: c.source, Path: path, Line: c.line(path), Message: message, Warning: true})
}

// line is where the field at path stands, or the section that it is missing from.
func (c *checker) line(path string) int {
	for path != "" && !c.has(path) {
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return c.lines[path]
}

func (c *checker) has(path string) bool {
	_, there := c.lines[path]
	return there
}

// refused reports whether the field at path has an error, so that no second one follows from it.
func (c *checker) refused(path string) bool {
	return slices.ContainsFunc(c.errors, func(p Problem) bool { return p.Path == path })
}

// sound reports whether the field is there and has no error.
func (c *checker) sound(path string) bool { return c.has(path) && !c.refused(path) }

// section holds a section against the table. It leaves a document that the library can decode.
func (c *checker) section(path, name string, node *yaml.Node) {
	known := sections[name]
	if isNull(node) { // all settings in it are commented out
		*node = yaml.Node{Kind: yaml.MappingNode, Line: node.Line}
	}
	if node.Kind != yaml.MappingNode {
		c.refuse(path, "must be a section of `name: value` lines with any of: %s", commaSeparated(namesOf(known)))
		return
	}
	for i := 0; i+1 < len(node.Content) && len(c.errors) <= maxProblems; i += 2 {
		field, value := node.Content[i], resolve(node.Content[i+1])
		at := slices.IndexFunc(known, func(s setting) bool { return s.name == field.Value })
		if at < 0 {
			c.unknown(path, field, known)
			continue
		}
		here := join(path, field.Value)
		if first, twice := c.lines[here]; twice {
			c.refuseAt(here, field.Line, fmt.Sprintf("is set twice, first on line %d: keep one", first))
			continue
		}
		c.lines[here] = field.Line
		c.value(here, known[at], value)
	}
}

func (c *checker) value(path string, s setting, node *yaml.Node) {
	switch {
	case s.name == "resources":
		c.resources(path, node)
	case s.kind.accepts == nil:
		c.section(path, s.name, node)
	default:
		if wrong := s.kind.wrong(node); wrong != "" {
			c.refuse(path, "%s", wrong)
			return
		}
		if s.kind.clean != nil {
			node.Tag, node.Value = "!!str", s.kind.clean(node.Value, c.folder)
		}
		if s.kind.read != nil {
			_, err := s.kind.read(node.Value)
			c.file(path, node.Value, err)
		}
	}
}

// maxResources is far above what one exporter should read.
const maxResources = 5000

func (c *checker) resources(path string, node *yaml.Node) {
	if node.Kind != yaml.SequenceNode || len(node.Content) == 0 || len(node.Content) > maxResources {
		c.refuse(path, "must be a list of resources, 1 to %d", maxResources)
		return
	}
	for i, entry := range node.Content {
		c.lines[at(i, "")] = entry.Line
		c.section(at(i, ""), "resources", resolve(entry))
	}
}

// at is the path of a field of a resource, or with no field that of the resource.
func at(resource int, field string) string {
	return strings.TrimSuffix(fmt.Sprintf("resources[%d].%s", resource, field), ".")
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// nameLike is what may be repeated of an unknown field's name. Keys have digits, names of settings have none, so a key
// that slipped into a name's place is not repeated.
var nameLike = regexp.MustCompile(`^[A-Za-z_-]{1,32}$`)

func (c *checker) unknown(path string, field *yaml.Node, known []setting) {
	hint := "."
	if nameLike.MatchString(field.Value) {
		path, hint = join(path, field.Value), didYouMean(field.Value, namesOf(known))
	}
	c.refuseAt(path, field.Line, "unknown field"+hint+" Known here: "+commaSeparated(namesOf(known)))
}

// didYouMean ends a sentence about an unknown word with the known word that is at most two letters away, if there is one.
func didYouMean(unknown string, known []string) string {
	best, distance := ".", 3
	for _, word := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(unknown), strings.ToLower(word)); d < min(distance, (len(word)+1)/2) {
			best, distance = ", did you mean "+word+"?", d
		}
	}
	return best
}

func namesOf(settings []setting) []string {
	all := make([]string, len(settings))
	for i, s := range settings {
		all[i] = s.name
	}
	return all
}
