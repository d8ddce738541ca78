package config_test

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"face_liveness_exporter/internal/config"
)

const example = "../../config.example.yaml"

// off finds a setting that the example shows but does not use: a # not followed by exactly one space.
var off = regexp.MustCompile(`(?m)^( *)#([^ \n]|  )`)

// allOn is the example with every setting in use.
func allOn(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	return off.ReplaceAll(data, []byte("$1$2"))
}

func TestExampleIsAcceptedAndHasTheDefaults(t *testing.T) {
	cfg, warnings, err := config.Load(example, environment())
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range warnings {
		if warning.Path != "resources[0].key_file" {
			t.Errorf("unexpected %v", warning)
		}
	}
	want := config.Default()
	if cfg.Refresh != want.Refresh || cfg.Devices != want.Devices {
		t.Errorf("the example has %+v and %+v, the defaults are %+v and %+v", cfg.Refresh, cfg.Devices, want.Refresh, want.Devices)
	}
	bare, _ := mustParse(t, withKey)
	got, least := cfg.Resources[0], bare.Resources[0]
	if len(cfg.Resources) != 1 || got.API != config.DefaultAPI() || got.Outcomes != least.Outcomes || !slices.Equal(got.Operations, least.Operations) || got.AllowInsecure != least.AllowInsecure {
		t.Errorf("the example has %+v, the defaults are %+v", got, least)
	}
}

func TestExampleWithEverySettingInUseIsAccepted(t *testing.T) {
	cfg, warnings, err := config.Parse(allOn(t), environment("CONTOSO_TEST_FACE_KEY", canary))
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range warnings {
		if !strings.Contains(warning.Path, "_file") && warning.Path != "resources[2].key" {
			t.Errorf("unexpected %v", warning)
		}
	}
	if len(cfg.Resources) != 5 || cfg.Resources[3].Entra == nil {
		t.Errorf("the example shows %d resources", len(cfg.Resources))
	}
}

// The example must set each setting, not only show it in a comment, or the comparison with the defaults proves nothing. A text
// may have no default.
func TestExampleStatesEverySettingThatTheDefaultsHave(t *testing.T) {
	stated := statedInUse(t)
	for _, section := range sections() {
		if section.column != "default" {
			continue
		}
		for _, name := range knownIn(t, fmt.Sprintf(section.frame, "{zz_zz: 1}")) {
			_, isText := section.property(t, name)
			if path := section.name + "." + name; !slices.Contains(stated, path) && !isText {
				t.Errorf("%s is not stated", path)
			}
		}
	}
}

// statedInUse are the fields of the example that are in use.
func statedInUse(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := yaml.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	return paths("", document)
}

func TestExampleShowsEveryFieldOfTheDecoder(t *testing.T) {
	var document map[string]any
	if err := yaml.Unmarshal(allOn(t), &document); err != nil {
		t.Fatal(err)
	}
	shown := paths("", document)
	known := fields(t, "", "%s")
	if len(known) < 40 {
		t.Fatalf("the decoder tells of %d fields alone: %v", len(known), known)
	}
	for _, path := range known {
		// A resource's own api and outcomes have the fields of the general ones.
		for _, section := range []string{"api.", "outcomes."} {
			if own, found := strings.CutPrefix(path, "resources."+section); found {
				path = section + own
			}
		}
		if !slices.Contains(shown, path) {
			t.Errorf("%s is not in the example", path)
		}
	}
}

// fields asks the decoder what it knows: a section names its fields where it refuses another one. frame puts a
// section's content into a whole document.
func fields(t *testing.T, path, frame string) []string {
	t.Helper()
	var all []string
	for _, name := range knownIn(t, fmt.Sprintf(frame, "{zz_zz: 1}")) {
		here := strings.TrimPrefix(path+"."+name, ".")
		all = append(all, here)
		all = append(all, fields(t, here, fmt.Sprintf(frame, "{"+name+": %s}"))...)
		all = append(all, fields(t, here, fmt.Sprintf(frame, "{"+name+": [%s]}"))...)
	}
	return all
}

func knownIn(t *testing.T, document string) []string {
	t.Helper()
	_, _, err := config.Parse([]byte(document), environment())
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("%s: %v", document, err)
	}
	for _, problem := range problems {
		if _, list, found := strings.Cut(problem.Message, "Known here: "); found && strings.HasSuffix(problem.Path, "zz_zz") {
			return strings.Split(list, ", ")
		}
	}
	return nil
}

// paths lists the fields of a decoded document; the entries of a list count as one.
func paths(path string, value any) []string {
	var all []string
	switch value := reflect.ValueOf(value); value.Kind() {
	case reflect.Map:
		for _, key := range value.MapKeys() {
			here := strings.TrimPrefix(fmt.Sprintf("%s.%v", path, key), ".")
			all = append(append(all, here), paths(here, value.MapIndex(key).Interface())...)
		}
	case reflect.Slice:
		for i := range value.Len() {
			all = append(all, paths(path, value.Index(i).Interface())...)
		}
	}
	return all
}
