package tool_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"face_liveness_exporter/internal/rig"
)

const root = "../.."

// documents are all texts for people, by their path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"*.md", "*/*.md", "deploy/helm/*/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			texts[path] = fileText(t, path)
		}
	}
	if len(texts) < 8 {
		t.Fatalf("%d documents are not all", len(texts))
	}
	return texts
}

func fileText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// anchors are what a heading can be linked by.
func anchors(markdown string) (all []string) {
	odd := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(markdown, -1) {
		all = append(all, strings.ReplaceAll(odd.ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-"))
	}
	return all
}

// Documents name flags, settings, metrics, targets of make and other documents that are there.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	t.Parallel()
	_, help, _ := rig.RunToEnd(t, []string{"--help"}, nil)
	example, makefile := fileText(t, filepath.Join(root, "config.example.yaml")), fileText(t, filepath.Join(root, "Makefile"))
	metrics := fileText(t, filepath.Join(root, "docs", "metrics.md"))
	kinds := []struct {
		what  string
		named *regexp.Regexp // its last group is the name
		there func(name string) bool
		least int // so many are named somewhere
	}{
		{"flag", regexp.MustCompile(`--((?:config|web|log)\.[a-z.-]*[a-z]|demo|doctor)\b`), func(name string) bool {
			return regexp.MustCompile(`--` + regexp.QuoteMeta(name) + `\b`).MatchString(help)
		}, 8},
		{"setting", regexp.MustCompile("`(?:refresh|devices|outcomes|api|tls|entra)\\.([a-z_0-9]{3,})"), func(name string) bool {
			return regexp.MustCompile(`[ {]` + name + `:`).MatchString(example)
		}, 10},
		{"target of make", regexp.MustCompile("(?:`|^    )make ([a-z0-9-]+)"), func(name string) bool {
			return strings.Contains(makefile, "\n"+name+":")
		}, 10},
		{"metric", regexp.MustCompile(`(?:^|[^:\w])(face_liveness_\w+)`), func(name string) bool {
			if name == "face_liveness_exporter" || strings.HasSuffix(name, "_") || strings.Contains(metrics, "`"+name+"`") {
				return true
			}
			histogram := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
			return strings.Contains(metrics, "`"+histogram+"` | histogram")
		}, 30},
	}
	names := map[string][]string{}
	for path, text := range documents(t) {
		for line := range strings.Lines(text) {
			for _, kind := range kinds {
				for _, match := range kind.named.FindAllStringSubmatch(line, -1) {
					name := match[len(match)-1]
					if !slices.Contains(names[kind.what], name) {
						names[kind.what] = append(names[kind.what], name)
					}
					if !kind.there(name) && !strings.Contains(line, "job_name:") {
						t.Errorf("%s: there is no %s %s", path, kind.what, name)
					}
				}
			}
			for _, link := range regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`).FindAllStringSubmatch(line, -1) {
				to := path
				if link[1] != "" {
					to = filepath.Join(filepath.Dir(path), link[1])
				}
				if info, err := os.Stat(to); err != nil {
					t.Errorf("%s: %v", path, err)
				} else if link[2] != "" && (info.IsDir() || !slices.Contains(anchors(fileText(t, to)), link[2])) {
					t.Errorf("%s: %s has no section %s", path, to, link[2])
				}
			}
		}
	}
	for _, kind := range kinds {
		if len(names[kind.what]) < kind.least {
			t.Errorf("%d names of a %s are not all: %q", len(names[kind.what]), kind.what, names[kind.what])
		}
	}
}

// README's table has every alert once, with its severity and a link to its section of the runbook.
func TestReadmeHasEveryAlert(t *testing.T) {
	t.Parallel()
	var want []string
	alerts := regexp.MustCompile(`(?s)- alert: (\w+)\n.*?severity: (\w+)`)
	for _, alert := range alerts.FindAllStringSubmatch(fileText(t, filepath.Join(root, "prometheus", "alerts.yaml")), -1) {
		want = append(want, "| ["+alert[1]+"](docs/runbook.md#"+strings.ToLower(alert[1])+") | "+alert[2]+" | ")
	}
	if len(want) == 0 {
		t.Fatal("no alerts were found")
	}
	got := regexp.MustCompile(`(?m)^\| \[FaceLiveness.*?\) \| \w+ \| `).FindAllString(fileText(t, filepath.Join(root, "README.md")), -1)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("README.md has these alerts:\n%s\nprometheus/alerts.yaml has:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
