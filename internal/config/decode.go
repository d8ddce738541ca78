package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// place is a value in the document: how to name it, where it stands, what it is. line is the field name's, which is
// where a reader looks, also where the value is an alias.
type place struct {
	path string
	line int
	node *yaml.Node
}

// decoder walks a document once and collects what is wrong with it.
type decoder struct {
	folder   string
	getenv   func(string) string
	problems Problems
	// lines has an entry for every known field in the document, sound or not.
	lines map[string]int
	// refused has the fields that carry an error, so that no second one follows from the first.
	refused map[string]bool
	// unknowns counts the fields that no section knows.
	unknowns int
	// values counts what was read. Aliases make a small document into a large one.
	values int
	full   bool
}

func newDecoder(folder string, getenv func(string) string) *decoder {
	return &decoder{folder: folder, getenv: getenv, lines: map[string]int{}, refused: map[string]bool{}}
}

const (
	// maxValues bounds what a document may hold once its aliases are followed. A resource has about 15 values.
	maxValues = 100_000
	// maxEntries bounds a list.
	maxEntries = 5000
)

// room reports whether another value may be read, and refuses the document where not.
func (d *decoder) room(at place) bool {
	d.values++
	if d.values > maxValues && !d.full {
		d.full = true
		d.refuse(at, "the document has more than %d values, with each alias counted in full: use fewer aliases", maxValues)
	}
	return !d.full
}

// field is a name that a section knows and what to do with its value.
type field struct {
	name string
	read func(place)
}

func (d *decoder) refuse(at place, format string, args ...any) {
	d.refused[at.path] = true
	d.problems = append(d.problems, Problem{Path: at.path, Line: at.line, Message: fmt.Sprintf(format, args...)})
}

func (d *decoder) warn(at place, format string, args ...any) {
	d.problems = append(d.problems, Problem{Path: at.path, Line: at.line, Message: fmt.Sprintf(format, args...), Warning: true})
}

// field names a field of the section at, on its own line where it is in the document and else on the section's.
func (d *decoder) field(at place, name string) place {
	path := join(at.path, name)
	if line, present := d.lines[path]; present {
		return place{path: path, line: line}
	}
	return place{path: path, line: at.line}
}

func (d *decoder) has(at place, name string) bool {
	_, present := d.lines[join(at.path, name)]
	return present
}

// sound reports whether the field is in the document and was accepted.
func (d *decoder) sound(at place, name string) bool {
	return d.has(at, name) && !d.refused[join(at.path, name)]
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// section reads a mapping. Its fields are read in the order in which they are declared, not in the file's: what a
// later one builds on is there by then. A section with nothing in it is one whose settings are all commented out.
// It reports whether there is a section: where not, nothing can be missing from it.
func (d *decoder) section(at place, fields ...field) bool {
	if isNull(at.node) {
		return true
	}
	if at.node.Kind != yaml.MappingNode {
		d.refuse(at, "must be a section of `name: value` lines with any of: %s", strings.Join(names(fields), ", "))
		return false
	}
	found := map[string]place{}
	for i := 0; i+1 < len(at.node.Content); i += 2 {
		if !d.room(at) {
			return false
		}
		key, value := resolve(at.node.Content[i]), resolve(at.node.Content[i+1])
		here := place{path: at.path, line: at.node.Content[i].Line, node: value}
		switch {
		case key.Kind != yaml.ScalarNode:
			d.refuse(here, "a field's name must be plain text")
			continue
		case key.Tag == "!!merge":
			d.refuse(here, "merge keys (<<) are not supported: write the settings out, or use an alias for a whole section")
			continue
		case !slices.Contains(names(fields), key.Value):
			d.unknown(here, key.Value, fields)
			continue
		}
		here.path = join(at.path, key.Value)
		if first, twice := found[key.Value]; twice {
			d.refuse(here, "is set twice, first on line %d: keep one", first.line)
			continue
		}
		found[key.Value] = here
		d.lines[here.path] = here.line
	}
	for _, f := range fields {
		if value, present := found[f.name]; present {
			f.read(value)
		}
	}
	return true
}

func names(fields []field) []string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.name
	}
	return all
}

// nameLike is what may be repeated of an unknown field's name. Keys have digits, names of settings have none, so a key
// that slipped into a name's place is not repeated.
var nameLike = regexp.MustCompile(`^[A-Za-z_-]{1,32}$`)

func (d *decoder) unknown(at place, name string, fields []field) {
	d.unknowns++
	if nameLike.MatchString(name) {
		at.path = join(at.path, name)
	}
	known := names(fields)
	if len(d.problems) < maxProblems { // the others are not shown
		if near := nearest(name, known); near != "" {
			d.refuse(at, "unknown field, did you mean %s? Known here: %s", near, strings.Join(known, ", "))
			return
		}
	}
	d.refuse(at, "unknown field. Known here: %s", strings.Join(known, ", "))
}
