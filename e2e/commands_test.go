package e2e_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"

	"face_liveness_exporter/internal/launch"
)

// block is a piece of code of a document.
type block struct{ document, language, text string }

// blocks are the pieces of code of the documents that a user follows. Plain is what is fenced without a language.
func blocks(t *testing.T) (found []block) {
	t.Helper()
	for _, pattern := range []string{"README.md", "CONTRIBUTING.md", "docs/*.md", "deploy/README.md", "deploy/helm/*/README.md", "grafana/README.md"} {
		paths, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: no documents, %v", pattern, err)
		}
		for _, path := range paths {
			document, err := filepath.Rel(repository, path)
			if err != nil {
				t.Fatal(err)
			}
			text := read(t, document)
			for _, match := range regexp.MustCompile("(?s)```(\\w*)\\n(.*?\\n)```\\n").FindAllStringSubmatch(text, -1) {
				found = append(found, block{document, match[1], match[2]})
			}
			// A table of questions has a query in its second column.
			for _, match := range regexp.MustCompile("(?m)^\\| [^|`]+\\? \\| `([^`]+)` \\|$").FindAllStringSubmatch(text, -1) {
				found = append(found, block{document, "promql", match[1]})
			}
			// What is indented instead of fenced would not be found.
			if stray := regexp.MustCompile(`(?m)^    (go|make|git|helm|kubectl|docker|az|curl|\./\S+) .*$`).FindString(
				regexp.MustCompile("(?s)```.*?```").ReplaceAllString(text, "")); stray != "" {
				t.Errorf("%s: fence the command as ```sh:%s", document, stray)
			}
		}
	}
	return found
}

// Every command of the documents works in a fresh copy of the repository, one document after the other, from top to bottom. A
// block that cannot be run here says in its first line what it needs.
func TestCommandsOfTheDocumentsWork(t *testing.T) {
	needs := regexp.MustCompile(`\A# Needs (Azure|a cluster|Docker and a registry|a registry and a release|root and systemd|some minutes and a machine of its own)\n`)
	folder, path := freshCopy(t), tools(t)+string(os.PathListSeparator)+os.Getenv("PATH")
	ran, left := 0, 0
	for _, block := range blocks(t) {
		if block.language != "sh" {
			continue
		}
		if needs.MatchString(block.text) {
			left++
			continue
		}
		for line := range strings.Lines(strings.ReplaceAll(block.text, "\\\n", " ")) {
			command := strings.TrimSpace(regexp.MustCompile(`(^|\s)#.*`).ReplaceAllString(line, ""))
			if command == "" {
				continue
			}
			ran++
			// The CI runs the tests by themselves.
			if command == "go test ./..." && strings.Contains(read(t, "Makefile"), "\tgo test ./...\n") {
				continue
			}
			t.Run(block.document+": "+command, func(t *testing.T) { run(t, folder, path, command) })
		}
	}
	if ran < 6 || left < 10 {
		t.Errorf("%d commands were run and %d blocks left out: these are not all", ran, left)
	}
}

// freshCopy is a copy of what git knows or would add, with the changes that are not committed yet.
func freshCopy(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c",
		`git ls-files -z --cached --others --exclude-standard --deduplicate | xargs -0 sh -c 'for f; do [ ! -e "$f" ] || printf "%s\0" "$f"; done' sh |
			tar --null -cf - -T - | tar -xf - -C "$0"`, folder)
	command.Dir = repository
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return folder
}

// run runs a command of a shell, which must end well. A command that shows the demo must end by an interrupt, once its page is there.
func run(t *testing.T, folder, path, line string) {
	command := exec.CommandContext(context.WithoutCancel(t.Context()), "bash", "-euo", "pipefail", "-c", line)
	command.Dir, command.Env = folder, append(os.Environ(), "PATH="+path)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := launch.Command(t, line, command)
	group := func(signal syscall.Signal) { _ = syscall.Kill(-p.Process.Pid, signal) } // it may have ended
	t.Cleanup(func() { group(syscall.SIGKILL) })
	if !strings.HasPrefix(line, "go run . --demo") {
		if code := p.Wait(10 * launch.Patience); code != 0 {
			t.Errorf("exit code %d:\n%s\n%s", code, lastLines(p.Stdout.String(), 20), lastLines(p.Stderr.String(), 20))
		}
		return
	}
	p.Listens(listening) // of its own log: none that ran before answers
	p.Base = "http://localhost:10520"
	p.Serves("/")
	group(syscall.SIGINT)
	p.Wait(launch.Patience) // the go command's own exit code is 1 then
	if !strings.Contains(p.Stderr.String(), "msg=stopped") {
		t.Errorf("it did not end by itself:\n%s", lastLines(p.Stderr.String(), 20))
	}
}

// tools is a folder with the Helm that the tests of the chart pin.
func tools(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	command := exec.CommandContext(t.Context(), "go", "tool", "-n", "helm")
	command.Dir = filepath.Join(repository, "deploy", "test")
	helm, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(strings.TrimSpace(string(helm)), filepath.Join(folder, "helm")); err != nil {
		t.Fatal(err)
	}
	return folder
}

// What the documents give to paste is valid: for Prometheus, the exporter and PromQL's parser.
func TestConfigurationsAndQueriesOfTheDocumentsAreValid(t *testing.T) {
	t.Parallel()
	kinds := map[string]int{}
	for _, block := range blocks(t) {
		var err error
		switch {
		case block.language == "promql":
			kinds["query"]++
			// What is indented goes on.
			for query := range strings.SplitSeq(regexp.MustCompile(`\n[ \t]+`).ReplaceAllString(block.text, " "), "\n") {
				if query != "" && !strings.HasPrefix(query, "#") {
					_, parseErr := parser.NewParser(parser.Options{}).ParseExpr(query)
					err = errors.Join(err, parseErr)
				}
			}
		case block.language == "yaml" && strings.HasPrefix(block.text, "scrape_configs:"):
			kinds["scrape configuration"]++
			err = accepts(t, block.text, installed(t, "promtool", "prometheus"), "check", "config", "--syntax-only")
		case block.language == "yaml" && regexp.MustCompile(`\A(refresh|devices|api|resources):`).MatchString(block.text):
			kinds["configuration"]++
			text := block.text
			if !strings.Contains(text, "resources:") {
				text += "resources: [{name: a, endpoint: 'https://a.example', entra: {credential: azure_cli}}]\n"
			}
			key := filepath.Join(t.TempDir(), "device-hash.key")
			write(t, key, "a random key of more than 16 bytes")
			text = strings.ReplaceAll(text, "device-hash.key", key)
			err = accepts(t, text, exporterPath(t), "--config.check", "--config.file")
		}
		if err != nil {
			t.Errorf("%s: %v in\n%s", block.document, err, block.text)
		}
	}
	for kind, least := range map[string]int{"query": 20, "scrape configuration": 3, "configuration": 3} {
		if kinds[kind] < least {
			t.Errorf("the documents have only %d times a %s", kinds[kind], kind)
		}
	}
}

// accepts runs a program on a file with a text, whose path is the last argument.
func accepts(t *testing.T, text, program string, args ...string) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.yaml")
	write(t, path, text)
	output, err := exec.CommandContext(t.Context(), program, slices.Concat(args, []string{path})...).CombinedOutput()
	if err != nil {
		return errors.New(string(output))
	}
	return nil
}
