package config

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxFileBytes is far above any configuration and keeps a wrong path from filling the memory.
const maxFileBytes = 1 << 20

// Load reads and validates the file at path. Relative paths in it start at the file's own folder. getenv is asked for
// the variables that key_env names, and for those of proxies and of Azure; os.Getenv serves.
//
// It returns the warnings in any case, and either a configuration or an error. The error is a Problems with everything
// that has to be fixed, or tells why the file could not be read (errors.Is with fs.ErrNotExist holds if there is none).
func Load(path string, getenv func(string) string) (*Config, Problems, error) {
	data, err := read(path, maxFileBytes)
	folder, absErr := filepath.Abs(filepath.Dir(path))
	if err := cmp.Or(err, absErr); err != nil {
		return nil, nil, fmt.Errorf("read configuration: %s: %w", path, err)
	}
	c := &checker{source: path, folder: folder, getenv: getenv}
	return c.parse(data)
}

func (c *checker) parse(data []byte) (*Config, Problems, error) {
	var document yaml.Node
	if err := yaml.Load(data, &document); err != nil {
		c.broken(err)
		return c.result(nil)
	}
	return c.load(document.Content[0])
}

// load checks and decodes the value of a document.
func (c *checker) load(root *yaml.Node) (*Config, Problems, error) {
	c.lines = map[string]int{"": root.Line}
	c.section("", "", root)
	if root.Kind != yaml.MappingNode || len(c.errors) > maxProblems {
		return c.result(nil)
	}
	cfg, general := c.decode(root)
	c.validate(cfg, general.TLS)
	return c.result(cfg)
}

// decode lets the library read the document into a configuration that has the defaults. general is what each resource begins
// with.
func (c *checker) decode(root *yaml.Node) (cfg *Config, general Resource) {
	defaults := Default()
	cfg = &defaults
	general = Resource{API: DefaultAPI(), Outcomes: initial[Outcomes]("outcomes"), TLS: initial[TLS]("tls")}
	document := struct {
		Refresh   *Refresh
		Devices   *Devices
		API       *API
		Outcomes  *Outcomes
		TLS       *TLS
		Resources []yaml.Node
	}{Refresh: &cfg.Refresh, Devices: &cfg.Devices, API: &general.API, Outcomes: &general.Outcomes, TLS: &general.TLS}
	c.into(root, &document)
	if c.refused("resources") {
		return cfg, general
	}
	for i, node := range document.Resources {
		resource := initial[Resource]("resources")
		resource.API, resource.Outcomes, resource.TLS = general.API, general.Outcomes, general.TLS
		if c.has(at(i, "tls")) {
			resource.TLS = initial[TLS]("tls")
		}
		if c.has(at(i, "entra")) {
			entra := initial[Entra]("entra")
			resource.Entra = &entra
		}
		c.into(&node, &resource)
		cfg.Resources = append(cfg.Resources, resource)
	}
	return cfg, general
}

// into decodes a node. What the library refuses was refused before, in words of ours.
func (c *checker) into(node *yaml.Node, value any) {
	if err := node.Load(value, yaml.WithKnownFields(), yaml.WithUniqueKeys(false)); err != nil && len(c.errors) == 0 {
		c.broken(err)
	}
}

// initial returns a section with its defaults.
func initial[T any](section string) T {
	var document strings.Builder
	for _, s := range sections[section] {
		if s.initial != "" {
			fmt.Fprintf(&document, "%s: %s\n", s.name, s.initial)
		}
	}
	var defaults T
	if err := yaml.Load([]byte(cmp.Or(document.String(), "{}")), &defaults); err != nil {
		panic(err) // a wrong row in the table
	}
	return defaults
}

// broken tells where the YAML breaks off. The library's own text may quote the document, which may be a key there, so it is
// never passed on.
func (c *checker) broken(err error) {
	message, line := "not valid YAML", 0
	if broken, ok := errors.AsType[*yaml.LoadError](err); ok {
		line = broken.Mark.Line
		if begins := broken.ContextMark.Line; begins > 0 && begins != line {
			message += fmt.Sprintf(", in what begins on line %d", begins)
		}
	}
	c.refuseAt("", line, message+": look for a tab or a wrong indentation, a second colon in a value, or a quote or bracket that is not "+
		"closed. The file must be one document in UTF-8, not empty and without control characters")
}
