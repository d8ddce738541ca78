package faceclient_test

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"face_liveness_exporter/faceclient"
)

// The table of errors is the one that the program goes by: the same rows in the same order.
func TestErrorsPageHasEveryErrorCode(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, known := range faceclient.Explanations() {
		status := "–"
		if known.Status != 0 {
			status = strconv.Itoa(known.Status)
		}
		want = append(want, "| `"+known.Code+"` | "+status+" | "+known.Meaning+" |")
	}
	got := regexp.MustCompile("(?m)^\\| `[^`]*` \\| (?:[0-9]+|–) \\| .*$").FindAllString(string(page), -1)
	if slices.Equal(got, want) {
		return
	}
	for _, row := range want {
		if !slices.Contains(got, row) {
			t.Errorf("docs/errors.md lacks\n%s", row)
		}
	}
	for _, row := range got {
		if !slices.Contains(want, row) {
			t.Errorf("docs/errors.md has what the program does not know\n%s", row)
		}
	}
	if !t.Failed() {
		t.Errorf("docs/errors.md has the rows in another order, or a row twice: %d rows, want %d", len(got), len(want))
	}
}
