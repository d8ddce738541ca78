package main_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The program carries a simulated service for its demo, and nothing that only tests need.
func TestTheProgramLinksNoTestPackages(t *testing.T) {
	t.Parallel()
	output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range strings.Lines(string(output)) {
		switch strings.TrimSpace(pkg) {
		case "net/http/httptest", "face_liveness_exporter/faceclient/facetest", "face_liveness_exporter/internal/launch", "face_liveness_exporter/internal/rig":
			t.Errorf("the program links %s", pkg)
		}
	}
}
