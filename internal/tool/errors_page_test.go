package tool_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"face_liveness_exporter/internal/explain"
)

//nolint:gochecknoglobals // a test's flag is declared before the tests begin
var update = flag.Bool("update", false, "write docs/errors.md anew")

// The tables of docs/errors.md are the words that the program shows.
func TestErrorsPage(t *testing.T) {
	t.Parallel()
	codes := "| `error_code` | HTTP | what it means | what to do |\n|---|---|---|---|\n"
	for _, row := range explain.CodeRows() {
		status := "–"
		if row.Status != 0 {
			status = fmt.Sprint(row.Status)
		}
		codes += fmt.Sprintf("| %#q | %s | %s | %s |\n", row.Name, status, cell(row.Meaning), cell(row.Remedy))
	}
	details := "| detail | what it means | what to do |\n|---|---|---|\n"
	for _, row := range explain.DetailRows() {
		details += fmt.Sprintf("| %#q | %s | %s |\n", row.Name, cell(row.Meaning), cell(row.Remedy))
	}
	const path = "../../docs/errors.md"
	before := fileText(t, path)
	page := before
	for name, table := range map[string]string{"codes": codes, "details": details} {
		begin, end := "<!-- "+name+": written by make docs -->\n", "<!-- end of the "+name+" -->\n"
		head, rest, found := strings.Cut(page, begin)
		_, tail, ended := strings.Cut(rest, end)
		if !found || !ended {
			t.Fatalf("%s has no place for the %s", path, name)
		}
		page = head + begin + table + end + tail
	}
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if page != before {
		t.Errorf("%s is not what the program shows; write it anew by: make docs\n%s%s", path, codes, details)
	}
}

// cell writes what differs from failure to failure in capital letters.
func cell(text string) string {
	if text == "" {
		return "–"
	}
	return strings.NewReplacer("{version}", "VERSION", "{kind}", "KIND", "{aadsts}", "NUMBER", "{pages}", "N", "|", `\|`).Replace(text)
}
