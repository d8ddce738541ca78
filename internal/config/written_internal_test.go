package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

//nolint:gochecknoglobals // a test's flag is declared before the tests begin
var update = flag.Bool("update", false, "write docs/configuration.md, config.example.yaml and values.schema.json anew")

// checkWritten compares a file with what it should be, and writes it with -update.
func checkWritten(t *testing.T, path string, wanted func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := wanted(data)
	switch {
	case bytes.Equal(data, want):
	case *update:
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not what the settings are; write it anew by: make docs", path)
	}
}

// codeLike is what stands in backquotes on the page: the name of a setting or a flag, and a URL's scheme.
var codeLike = regexp.MustCompile("`[^`]*`|" + `\b[a-z]+(_[a-z]+)+\b|--[a-z]+|https?://|/sd\b`)

func marked(text string) string {
	return codeLike.ReplaceAllStringFunc(text, func(code string) string { return "`" + strings.Trim(code, "`") + "`" })
}

// The tables of the page are the tables of the package.
func TestWrittenPage(t *testing.T) {
	tables := map[string]string{}
	for section, settings := range sections {
		table := "| field | default | |\n|---|---|---|\n"
		for _, s := range settings {
			if s.kind.accepts != nil {
				initial := "–"
				if s.initial != "" {
					initial = "`" + s.initial + "`"
				}
				table += fmt.Sprintf("| %#q | %s | %s |\n", s.name, initial, marked(s.says))
			}
		}
		tables[section] = table
	}
	tables["credentials"] = "| credential | needs | takes | |\n|---|---|---|---|\n"
	for _, s := range signIns {
		tables["credentials"] += fmt.Sprintf("| %#q | %s | %s | %s |\n", s.credential,
			marked(cmp.Or(commaSeparated(s.needs), "–")), marked(cmp.Or(commaSeparated(s.takes), "–")), marked(s.says))
	}
	delete(tables, "")
	checkWritten(t, "../../docs/configuration.md", func(page []byte) []byte {
		for name, table := range tables {
			start, end := fmt.Sprintf("<!-- %s: written by make docs -->\n", name), fmt.Sprintf("<!-- end of %s -->", name)
			before, rest, found := strings.Cut(string(page), start)
			_, after, ended := strings.Cut(rest, end)
			if !found || !ended {
				t.Fatalf("no place for the table of %s", name)
			}
			page = []byte(before + start + table + end + after)
		}
		return page
	})
}

// The chart's schema of the settings is that of the kinds. What is written there by hand is what one setting says of another,
// except for credentials.
func TestWrittenSchema(t *testing.T) {
	type object = map[string]any
	checkWritten(t, "../../deploy/helm/face-liveness-exporter/values.schema.json", func(data []byte) []byte {
		var document object
		if err := json.Unmarshal(data, &document); err != nil {
			t.Fatal(err)
		}
		definitions := document["definitions"].(object)
		for section, settings := range sections {
			definition, there := definitions[section].(object)
			if !there {
				definition = object{"type": []string{"object", "null"}}
			}
			if section == "" {
				definition = document["properties"].(object)["config"].(object)
			} else {
				definitions[section] = definition
			}
			properties := object{}
			for _, s := range settings {
				if s.name != "key" { // goes to a Secret
					properties[s.name] = s.kind.schema
				}
				if s.kind.schema == nil {
					properties[s.name] = object{"$ref": "#/definitions/" + s.name}
				}
			}
			definition["properties"], definition["additionalProperties"] = properties, false
		}
		list := document["properties"].(object)["config"].(object)["properties"].(object)
		list["resources"] = object{"type": "array", "items": list["resources"], "maxItems": maxResources}
		var rules []object
		for _, s := range signIns {
			is := object{"properties": object{"credential": object{"const": s.credential}}}
			if s.credential != signIns[0].credential { // which is the default
				is["required"] = []string{"credential"}
			}
			properties := object{}
			for field := range definitions["entra"].(object)["properties"].(object) {
				if !slices.Contains(append([]string{"credential", "cloud"}, slices.Concat(s.needs, s.takes)...), field) {
					properties[field] = false
				}
			}
			rules = append(rules, object{"if": is, "then": object{"properties": properties, "required": append([]string{}, s.needs...)}})
		}
		definitions["entra"].(object)["allOf"] = rules
		var written bytes.Buffer
		encoder := json.NewEncoder(&written)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(document); err != nil {
			t.Fatal(err)
		}
		return written.Bytes()
	})
}

// off finds a setting that the example shows but does not use: a # not followed by exactly one space.
var off = regexp.MustCompile(`(?m)^( *)#([^ \n]|  )`)

// comment is the comment behind the value of a setting.
var comment = regexp.MustCompile(`( +)# .*$`)

// The example has every setting. Where a setting comes first, its sentence stands behind it.
func TestWrittenExample(t *testing.T) {
	checkWritten(t, "../../config.example.yaml", func(data []byte) []byte {
		var document yaml.Node
		if err := yaml.Load(off.ReplaceAll(data, []byte("$1$2")), &document); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(data), "\n")
		shown, owned := map[string]bool{}, map[int]bool{}
		var visit func(section string, node *yaml.Node)
		visit = func(section string, node *yaml.Node) {
			for i := 0; i+1 < len(node.Content); i += 2 {
				field, value := node.Content[i], node.Content[i+1]
				at := slices.IndexFunc(sections[section], func(s setting) bool { return s.name == field.Value })
				if at < 0 {
					t.Fatalf("%s is no setting of %q", field.Value, section)
				}
				s, path := sections[section][at], section+"."+field.Value
				if line := &lines[field.Line-1]; s.says != "" && !shown[path] && !owned[field.Line] {
					*line = withComment(*line, s)
				}
				shown[path], owned[field.Line] = true, true
				switch {
				case s.name == "resources":
					for _, resource := range value.Content {
						visit(s.name, resource)
					}
				case s.kind.accepts == nil:
					visit(s.name, value)
				}
			}
		}
		visit("", document.Content[0])
		for section, settings := range sections {
			for _, s := range settings {
				if section != "resources" || s.kind.accepts != nil {
					if !shown[section+"."+s.name] {
						t.Errorf("%s.%s is not in the example", section, s.name)
					}
				}
			}
		}
		return []byte(strings.Join(lines, "\n"))
	})
}

// withComment puts the sentence of a setting behind it, in the column where a comment stands already.
func withComment(line string, s setting) string {
	before, value, _ := strings.Cut(line, s.name+":")
	gap := "  "
	if found := comment.FindStringSubmatchIndex(value); found != nil {
		value, gap = value[:found[0]], value[found[2]:found[3]]
	}
	return before + s.name + ":" + value + gap + "# " + s.says
}
