package config_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"face_liveness_exporter/internal/config"
)

//nolint:gochecknoglobals // a test's flag is declared before the tests begin
var update = flag.Bool("update", false, "write docs/configuration.md and values.schema.json anew")

// section is a section of the configuration, as it is written elsewhere.
type section struct {
	name string
	// frame is a document in which %s is the section.
	frame string
	// schema is the way to it in values.schema.json.
	schema []string
	// column is what the second column of its table has. In general sections it is the default.
	column string
}

func sections() []section {
	return []section{
		{"refresh", "refresh: %s", []string{"properties", "config", "properties", "refresh"}, "default"},
		{"devices", "devices: %s", []string{"properties", "config", "properties", "devices"}, "default"},
		{"api", "api: %s", []string{"definitions", "api"}, "default"},
		{"outcomes", "outcomes: %s", []string{"definitions", "outcomes"}, "default"},
		{"resources", "resources: [%s]", []string{"definitions", "resource"}, "example"},
		{"entra", "resources: [{entra: %s}]", []string{"definitions", "entra"}, "example"},
		{"tls", "resources: [{tls: %s}]", []string{"definitions", "tls"}, "example"},
	}
}

// refusal is what the decoder says of a value of a field.
func (s section) refusal(t *testing.T, field, value string) string {
	t.Helper()
	_, _, err := config.Parse(fmt.Appendf(nil, s.frame, "{"+field+": "+value+"}"), environment())
	var problems config.Problems
	errors.As(err, &problems)
	for _, problem := range problems {
		if strings.HasSuffix("."+problem.Path, "."+field) {
			return problem.Message
		}
	}
	return ""
}

var (
	wholeNumber = regexp.MustCompile(`a whole number from (\d+) to (\d+)`)
	oneOfWords  = regexp.MustCompile(`^must be one of: (.*)`)
)

// property is the schema of a field, by what the decoder says where it refuses a value. It is nil for a section and a list, and
// isText says that the field is a text, which may have rules of its own.
func (s section) property(t *testing.T, field string) (schema map[string]any, isText bool) {
	t.Helper()
	says := s.refusal(t, field, "{}")
	words := oneOfWords.FindStringSubmatch(s.refusal(t, field, "zz_zz"))
	limits := wholeNumber.FindStringSubmatch(says)
	switch {
	case limits != nil:
		return map[string]any{"type": "integer", "minimum": json.Number(limits[1]), "maximum": json.Number(limits[2])}, false
	case strings.Contains(says, "a finite number above 0"):
		return map[string]any{"type": "number", "exclusiveMinimum": 0}, false
	case strings.Contains(says, "a finite number, 0 or above"):
		return map[string]any{"type": "number", "minimum": 0}, false
	case strings.Contains(says, "a duration"):
		return map[string]any{"$ref": "#/definitions/setting_duration"}, false
	case strings.Contains(says, "true or false"):
		return map[string]any{"type": "boolean"}, false
	case words != nil:
		return map[string]any{"enum": strings.Split(words[1], ", ")}, false
	case strings.Contains(says, "must be text"):
		return map[string]any{"type": "string", "pattern": `^\S(.*\S)?$`}, true
	}
	return nil, false
}

// The schema of the chart has the settings of the decoder. What is written there by hand is the rules of a text, and what one
// setting says of another.
func TestTheChartsSchemaHasEverySetting(t *testing.T) {
	const path = "../../deploy/helm/face-liveness-exporter/values.schema.json"
	checkWritten(t, path, func(data []byte) []byte {
		var document map[string]any
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		if err := decoder.Decode(&document); err != nil {
			t.Fatal(err)
		}
		for _, s := range sections() {
			at := document
			for _, step := range s.schema {
				at = at[step].(map[string]any)
			}
			before, _ := at["properties"].(map[string]any)
			properties := map[string]any{}
			for _, field := range knownIn(t, fmt.Sprintf(s.frame, "{zz_zz: 1}")) {
				if field == "key" { // goes to a Secret
					continue
				}
				schema, isText := s.property(t, field)
				known, there := before[field]
				switch {
				case there && (schema == nil || isText):
					properties[field] = known
				case schema == nil:
					t.Errorf("%s has no schema for the section %s: write it by hand", path, field)
				default:
					properties[field] = schema
				}
			}
			at["properties"] = properties
		}
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

// The tables of the page are what the example says of each field.
func TestConfigurationPage(t *testing.T) {
	var document yaml.Node
	if err := yaml.Unmarshal(allOn(t), &document); err != nil {
		t.Fatal(err)
	}
	inUse := statedInUse(t)
	checkWritten(t, "../../docs/configuration.md", func(page []byte) []byte {
		for _, s := range sections() {
			table := fmt.Sprintf("\n| field | %s | |\n|---|---|---|\n", s.column)
			for _, row := range exampleRows(t, document.Content[0], s.name) {
				if s.column == "default" && !slices.Contains(inUse, s.name+"."+row.field) {
					row.value = "" // what stands there is an example
				}
				table += "| `" + row.field + "` | " + cmp.Or(row.value, "–") + " | " + row.says + " |\n"
			}
			start, end := fmt.Appendf(nil, "<!-- %s: written by make docs -->", s.name), fmt.Appendf(nil, "<!-- end of %s -->", s.name)
			before, rest, found := bytes.Cut(page, start)
			_, after, ended := bytes.Cut(rest, end)
			if !found || !ended {
				t.Fatalf("no place for the table of %s", s.name)
			}
			page = bytes.Join([][]byte{before, start, []byte(table), end, after}, nil)
		}
		return page
	})
}

// exampleRows are the rows of a section's table. A field that several resources have is written where it comes first, and a
// section in a section has a table of its own.
func exampleRows(t *testing.T, node *yaml.Node, name string) []row {
	t.Helper()
	var rows []row
	written := map[string]bool{}
	var visit func(node *yaml.Node, inside bool)
	visit = func(node *yaml.Node, inside bool) {
		if node.Kind != yaml.MappingNode {
			for _, item := range node.Content {
				visit(item, inside)
			}
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			field, value := node.Content[i], node.Content[i+1]
			if inside && value.Kind != yaml.MappingNode && !written[field.Value] {
				rows = append(rows, exampleRow(t, field, value))
				written[field.Value] = true
			}
			visit(value, field.Value == name)
		}
	}
	visit(node, false)
	return rows
}

// codeLike is what stands in backquotes on the page: the name of a setting or a flag, and a URL's scheme.
var codeLike = regexp.MustCompile("`[^`]*`|" + `\b[a-z]+(_[a-z]+)+\b|--[a-z]+|https?://`)

// row is a row of a table of settings.
type row struct{ field, value, says string }

func exampleRow(t *testing.T, field, value *yaml.Node) row {
	t.Helper()
	shown := value.Value
	if value.Kind == yaml.SequenceNode {
		shown = "[" + value.Content[0].Value + "]"
	}
	var says []string
	for _, comment := range []string{field.HeadComment, value.LineComment} {
		for line := range strings.Lines(comment) {
			says = append(says, codeLike.ReplaceAllStringFunc(strings.TrimSpace(strings.TrimLeft(line, "# ")), func(code string) string {
				return "`" + strings.Trim(code, "`") + "`"
			}))
		}
	}
	if len(says) == 0 {
		t.Errorf("%s has no comment in the example", field.Value)
	}
	return row{field.Value, "`" + shown + "`", strings.ReplaceAll(strings.Join(says, "<br>"), "|", `\|`)}
}

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
