package deploy_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	tableBegins = "<!-- values: written by deploy/test/run --update -->\n"
	tableEnds   = "<!-- end of the values -->\n"
)

// The README of the chart has every value of values.yaml with its default and its comment.
func TestReadmeOfTheChartHasEveryValue(t *testing.T) {
	path := filepath.Join(chart, "README.md")
	page := string(read(t, path))
	before, rest, begins := strings.Cut(page, tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		t.Fatalf("%s has no place for the values", path)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(read(t, filepath.Join(chart, "values.yaml")), &document); err != nil {
		t.Fatal(err)
	}
	rows := valueRows("", document.Content[0])
	if strings.Count(rows, "\n") < 80 {
		t.Fatalf("these are not all values:\n%s", rows)
	}
	written(t, path, []byte(before+tableBegins+"| value | default | |\n|---|---|---|\n"+rows+tableEnds+after))
}

// The chart takes the values that its README gives to paste: the first block alone, the others on top of it.
func TestChartTakesTheValuesOfItsReadme(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(read(t, filepath.Join(chart, "README.md"))), -1)
	if len(blocks) < 3 {
		t.Fatalf("%d blocks are not all", len(blocks))
	}
	folder := t.TempDir()
	first := filepath.Join(folder, "first.yaml")
	for i, block := range blocks {
		path := first
		if i > 0 {
			path = filepath.Join(folder, "more.yaml")
		}
		write(t, path, []byte(block[1]))
		if _, complaint := template(t, chart, "--values", first, "--values", path); complaint != "" {
			t.Errorf("%s\n%s", complaint, block[1])
		}
	}
}

// valueRows are the rows of a mapping: one for each value, and one for each section that has a comment.
func valueRows(path string, mapping *yaml.Node) string {
	var rows strings.Builder
	for i := 0; i < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		name, comment := strings.TrimPrefix(path+"."+key.Value, "."), prose(key.HeadComment)
		isSection := value.Kind == yaml.MappingNode && value.Style != yaml.FlowStyle
		switch {
		case !isSection:
			fmt.Fprintf(&rows, "| `%s` | `%s` | %s |\n", name, inline(value), comment)
		case comment != "":
			fmt.Fprintf(&rows, "| **`%s`** | | %s |\n", name, comment)
		}
		if isSection {
			rows.WriteString(valueRows(name, value))
		}
	}
	return rows.String()
}

// prose is a comment without its examples, which are indented, in one line.
func prose(comment string) string {
	var lines []string
	for line := range strings.Lines(comment) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "#")
		if text := strings.TrimPrefix(line, " "); text != "" && !strings.HasPrefix(text, " ") {
			lines = append(lines, text)
		}
	}
	return strings.ReplaceAll(strings.Join(lines, " "), "|", `\|`)
}

// inline is a value as it stands in the file, without comments.
func inline(value *yaml.Node) string {
	bare := *value
	bare.HeadComment, bare.LineComment, bare.FootComment = "", "", ""
	bare.Style |= yaml.FlowStyle
	if bare.Kind == yaml.ScalarNode {
		bare.Style = value.Style
	}
	text, err := yaml.Marshal(&bare)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}
