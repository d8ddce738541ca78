package tool_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"face_liveness_exporter/internal/explain"
)

const errorsPage = "../../docs/errors.md"

// The tables of docs/errors.md are the words that the program shows: run with -update, or make docs, where one has changed.
func TestErrorsPage(t *testing.T) {
	t.Parallel()
	written, err := os.ReadFile(errorsPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(written)
	for _, part := range []struct{ name, table string }{{"codes", codesTable()}, {"details", detailsTable()}} {
		begin, end := "<!-- "+part.name+": written by make docs -->\n", "<!-- end of the "+part.name+" -->\n"
		before, rest, found := strings.Cut(page, begin)
		_, after, ended := strings.Cut(rest, end)
		if !found || !ended {
			t.Fatalf("docs/errors.md has no place for the %s", part.name)
		}
		page = before + begin + part.table + end + after
	}
	if *update {
		if err := os.WriteFile(errorsPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want, got := strings.Split(page, "\n"), strings.Split(string(written), "\n"); page != string(written) {
		for i := range min(len(want), len(got)) {
			if want[i] != got[i] {
				t.Fatalf("docs/errors.md, line %d is not what the program shows; write it anew by: make docs\n got %s\nwant %s", i+1, got[i], want[i])
			}
		}
		t.Fatal("docs/errors.md has rows too many or too few; write it anew by: make docs")
	}
}

func codesTable() string {
	table := "| `error_code` | HTTP | what it means | what to do |\n|---|---|---|---|\n"
	for _, row := range explain.CodeRows() {
		status := "–"
		if row.Status != 0 {
			status = fmt.Sprint(row.Status)
		}
		table += fmt.Sprintf("| %#q | %s | %s | %s |\n", row.Code, status, cell(row.Meaning), cell(row.Remedy))
	}
	return table
}

func detailsTable() string {
	table := "| detail | what it means | what to do |\n|---|---|---|\n"
	for _, row := range explain.DetailRows() {
		table += fmt.Sprintf("| %#q | %s | %s |\n", string(row.Detail), cell(row.Meaning), cell(row.Remedy))
	}
	return table
}

// cell writes what differs from failure to failure in capital letters.
func cell(text string) string {
	if text == "" {
		return "–"
	}
	return strings.NewReplacer("{version}", "VERSION", "{kind}", "KIND", "{aadsts}", "NUMBER", "{pages}", "N", "|", `\|`).Replace(text)
}
