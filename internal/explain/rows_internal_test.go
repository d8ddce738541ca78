package explain

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient"
)

//nolint:gochecknoglobals // a test's flag is declared before the tests begin
var update = flag.Bool("update", false, "write docs/errors.md anew")

func TestEveryCodeAndDetailIsExplained(t *testing.T) {
	codes, named := map[string]bool{}, map[string]int{}
	for _, row := range codeRows {
		codes[row.Name] = true
	}
	for _, code := range faceclient.ErrorCodes() {
		if !codes[code] {
			t.Errorf("%s has no row", code)
		}
	}
	for _, row := range detailRows {
		named[row.Name]++
	}
	source, err := os.ReadFile("../../faceclient/detail.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, constant := range regexp.MustCompile(`(?m)^\tDetail\w+ +Detail = "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		if detail := constant[1]; named[detail] != 1 {
			t.Errorf("%s has %d rows, want 1", detail, named[detail])
		}
		delete(named, constant[1])
	}
	if len(named) > 0 {
		t.Errorf("%v are no details", named)
	}
}

func TestRowsAreLinesWithoutAFullStop(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range slices.Concat(codeRows, detailRows) {
		key := fmt.Sprint(row.Status, row.Name)
		if seen[key] {
			t.Errorf("%s comes twice", key)
		}
		seen[key] = true
		for _, text := range []string{row.Meaning, row.Remedy} {
			if strings.ContainsAny(text, "\n\r;") || strings.HasSuffix(text, ".") || strings.Contains(text, "(Preview)") {
				t.Errorf("%s: %q", key, text)
			}
		}
		if row.Meaning == "" || row.Remedy == "" && row.Name != faceclient.CodeCanceled {
			t.Errorf("%s means %q, do %q", key, row.Meaning, row.Remedy)
		}
		if strings.Contains(row.Meaning+row.Remedy, "Cognitive Services User") {
			t.Errorf("%s recommends a role that can read the keys", key)
		}
	}
}

// The tables of docs/errors.md are the words that the program shows.
func TestErrorsPage(t *testing.T) {
	codes := "| `error_code` | HTTP | what it means | what to do |\n|---|---|---|---|\n"
	for _, row := range codeRows {
		status := "–"
		if row.Status != 0 {
			status = strconv.Itoa(row.Status)
		}
		codes += fmt.Sprintf("| %#q | %s | %s | %s |\n", row.Name, status, cell(row.Meaning), cell(row.Remedy))
	}
	details := "| detail | what it means | what to do |\n|---|---|---|\n"
	for _, row := range detailRows {
		details += fmt.Sprintf("| %#q | %s | %s |\n", row.Name, cell(row.Meaning), cell(row.Remedy))
	}
	const path = "../../docs/errors.md"
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(before)
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
		err = os.WriteFile(path, []byte(page), 0o644) //nolint:gosec // a file to read
	}
	if err != nil || page != string(before) && !*update {
		t.Errorf("%s is not what the program shows; write it anew by make docs: %v\n%s%s", path, err, codes, details)
	}
}

// cell writes what differs from failure to failure in capital letters.
func cell(text string) string {
	if text == "" {
		return "–"
	}
	return strings.NewReplacer("{version}", "VERSION", "{kind}", "KIND", "{aadsts}", "NUMBER", "{pages}", "N", "|", `\|`).Replace(text)
}
