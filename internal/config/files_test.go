package config_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"face_liveness_exporter/internal/config"
)

// withMode makes a file of this mode, whatever the umask.
func withMode(t *testing.T, mode fs.FileMode) string {
	t.Helper()
	path := write(t, "secret", canary+"\n")
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// mounted lays a secret out as Kubernetes mounts it: the name is a link into a link to a dated folder. Links themselves
// have the mode 0777.
func mounted(t *testing.T, mode fs.FileMode) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "..2025_03_12"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(withMode(t, mode), filepath.Join(folder, "..2025_03_12", "face-key")); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"..data": "..2025_03_12", "face-key": "..data/face-key"} {
		if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "face-key")
}

func TestSecretFilesThatOthersMayWriteGetAWarning(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permission bits and no links without a privilege")
	}
	files := map[string]struct {
		path    string
		warning bool
	}{
		"0400":                 {withMode(t, 0o400), false},
		"0600":                 {withMode(t, 0o600), false},
		"0644":                 {withMode(t, 0o644), false},
		"0444":                 {withMode(t, 0o444), false},
		"0620":                 {withMode(t, 0o620), true},
		"0660":                 {withMode(t, 0o660), true},
		"0602":                 {withMode(t, 0o602), true},
		"0666":                 {withMode(t, 0o666), true},
		"Kubernetes, 0644":     {mounted(t, 0o644), false},
		"Kubernetes, 0400":     {mounted(t, 0o400), false},
		"a link to it is 0666": {mounted(t, 0o666), true},
	}
	sources := map[string]struct {
		where string
		load  func(path string) (*config.Config, config.Problems, error)
	}{
		"key": {"resources[0].key_file (line 4)", func(path string) (*config.Config, config.Problems, error) {
			return config.Parse([]byte(minimal+"  key_file: "+path+"\n"), "", environment())
		}},
		"client secret": {"resources[0].entra.client_secret_file (line 8)", func(path string) (*config.Config, config.Problems, error) {
			entra := "  entra:\n    credential: client_secret\n    tenant_id: t\n    client_id: c\n    client_secret_file: "
			return config.Parse([]byte(minimal+entra+path+"\n"), "", environment())
		}},
		"hash key": {"devices.hash_key_file (line 7)", func(path string) (*config.Config, config.Problems, error) {
			return config.Parse([]byte(withKey+"devices:\n  label: hash\n  hash_key_file: "+path+"\n"), "", environment())
		}},
		"key by the environment": {"FACE_API_KEY_FILE", func(path string) (*config.Config, config.Problems, error) {
			return config.FromEnvironment(environment("FACE_ENDPOINT", "https://contoso.cognitiveservices.azure.com", "FACE_API_KEY_FILE", path))
		}},
	}
	for kind, source := range sources {
		for mode, file := range files {
			t.Run(kind+"/"+mode, func(t *testing.T) {
				cfg, warnings, err := source.load(file.path)
				if cfg == nil || err != nil {
					t.Fatalf("refused: %v", err)
				}
				var got []string
				for _, warning := range warnings {
					got = append(got, warning.String())
				}
				want := ""
				if file.warning {
					want = "warning: " + source.where + ": " + file.path + ": may be written by others: chmod go-w"
				}
				if strings.Join(got, "\n") != want {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		}
	}
}
