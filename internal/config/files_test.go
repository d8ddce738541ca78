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

// mounted lays a secret out as Kubernetes mounts it: the name is a link into a link to a dated folder. Links themselves
// have the mode 0777.
func mounted(t *testing.T, mode fs.FileMode) string {
	t.Helper()
	secret := write(t, "face-key", canary+"\n")
	if err := os.Chmod(secret, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, target := range map[string]string{"..data": filepath.Dir(secret), "face-key": "..data/face-key"} {
		if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "face-key")
}

func TestSecretFilesThatOthersMayWrite(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permission bits and no links without a privilege")
	}
	for mode, warned := range map[fs.FileMode]bool{0o400: false, 0o644: false, 0o620: true, 0o602: true, 0o666: true} {
		path := mounted(t, mode)
		for where, load := range map[string]func() (*config.Config, config.Problems, error){
			"resources[0].key_file (line 4)": func() (*config.Config, config.Problems, error) {
				return config.Parse([]byte(minimal+"  key_file: "+path+"\n"), environment())
			},
			"devices.hash_key_file (line 7)": func() (*config.Config, config.Problems, error) {
				return config.Parse([]byte(withKey+"devices:\n  label: hash\n  hash_key_file: "+path+"\n"), environment())
			},
			"FACE_API_KEY_FILE": func() (*config.Config, config.Problems, error) {
				return config.FromEnvironment(environment("FACE_ENDPOINT", "https://a.example", "FACE_API_KEY_FILE", path))
			},
		} {
			want := ""
			if warned {
				want = "warning: " + where + ": " + path + ": may be written by others: chmod go-w"
			}
			if cfg, warnings, err := load(); cfg == nil || warnings.Error() != want {
				t.Errorf("%v: got %q, %v, want %q", mode, warnings, err, want)
			}
		}
	}
}

// A path is shown, unless somebody may have put the key there.
func TestPathsInMessages(t *testing.T) {
	for path, want := range map[string]string{
		"/none/face-key-of-the-resource-contoso-prod-2": "/none/face-key-of-the-resource-contoso-prod-2: the file cannot be read: no such file",
		"/none/" + canary: "/none/…: the file cannot be read",
		"/none/abc8Q~defghijklmnopqrstuvwxyz0123456789.ABC": "/none/…: the file cannot be read",
	} {
		_, warnings, err := config.FromEnvironment(environment("FACE_ENDPOINT", "https://a.example", "FACE_API_KEY_FILE", path))
		if err != nil || len(warnings) != 1 || !strings.HasPrefix(warnings[0].String(), "warning: FACE_API_KEY_FILE: "+want) {
			t.Errorf("got %v, %v, want %s", warnings, err, want)
		}
	}
}
