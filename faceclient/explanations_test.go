package faceclient_test

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"face_liveness_exporter/faceclient"
)

// The README's table of refusals is the one that the program goes by: the same rows in the same order.
func TestReadmeExplainsEveryErrorCode(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
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
	got := regexp.MustCompile("(?m)^\\| `[^`]*` \\| (?:[0-9]+|–) \\| .*$").FindAllString(string(readme), -1)
	if slices.Equal(got, want) {
		return
	}
	for _, row := range want {
		if !slices.Contains(got, row) {
			t.Errorf("README.md lacks\n%s", row)
		}
	}
	for _, row := range got {
		if !slices.Contains(want, row) {
			t.Errorf("README.md has what the program does not know\n%s", row)
		}
	}
	if !t.Failed() {
		t.Errorf("README.md has the rows in another order, or a row twice: %d rows, want %d", len(got), len(want))
	}
}
