package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// resourceName keeps out what cannot be seen or told apart in a dashboard or a URL: line breaks, invisible and
// direction-changing characters. Any visible one is fine; whoever prints it escapes it.
func resourceName(name string) error {
	invisible := func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }
	if utf8.RuneCountInString(name) > 64 || strings.ContainsFunc(name, invisible) {
		return errors.New("must be 1 to 64 printable characters: it becomes the label `resource`")
	}
	return nil
}

func (d *decoder) operations(into *[]string) func(place) {
	known := []string{OperationDetectLiveness, OperationDetectLivenessWithVerify}
	want := "a list of one or both of: " + strings.Join(known, ", ")
	return func(at place) {
		var read []string
		first := map[string]int{}
		d.list(want, func(at place) {
			var operation string
			oneOf(d, &operation, known...)(at)
			switch line, twice := first[operation]; {
			case operation == "":
			case twice:
				d.refuse(at, "is in the list twice, first on line %d: keep one", line)
			default:
				first[operation] = at.line
				read = append(read, operation)
			}
		})(at)
		if len(read) > 0 {
			slices.Sort(read) // another order is no other resource
			*into = read
		}
	}
}

// key reads the one field whose value is a secret by design.
func (d *decoder) key(into *Secret) func(place) {
	return func(at place) {
		var key string
		d.text(&key, usableKey)(at)
		*into = Secret(key)
	}
}

// credentials settles which one of the four kinds a resource has, and whether it can work.
func (d *decoder) credentials(at place, into *Resource, keyVariable string) {
	kinds := []string{"key", "key_file", "key_env", "entra"}
	given := slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return !d.has(at, kind) })
	if len(given) != 1 {
		state := "has none"
		if len(given) > 1 {
			state = "has " + strings.Join(given, " and ")
		}
		d.refuse(at, "needs exactly one of %s, and %s", strings.Join(kinds, ", "), state)
		return
	}
	if !d.sound(at, given[0]) {
		return
	}
	here := d.field(at, given[0])
	switch given[0] {
	case "key_file":
		d.secretFile(here, into.KeyFile)
	case "key_env":
		into.Key = d.keyFromVariable(here, keyVariable)
	case "entra":
		d.identity(here, into.Entra, into.Endpoint)
	}
}

// keyFromVariable does not repeat the variable's name: who mistakes key_env for key writes the key there.
func (d *decoder) keyFromVariable(at place, name string) Secret {
	value := d.getenv(name)
	if value == "" {
		d.refuse(at, "the environment variable of this name is not set, or empty: set it, or use key_file")
		return ""
	}
	if err := usableKey(value); err != nil {
		d.refuse(at, "the value of this environment variable %v", err)
		return ""
	}
	return Secret(value)
}

// usableKey accepts what can stand in an HTTP header and was not damaged by copying.
func usableKey(key string) error {
	if err := plainText(key); err != nil {
		return err
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
		return errors.New("has a character that no key has (not printable ASCII): copy it again")
	}
	return nil
}

// entraID accepts a UUID, and a domain for a tenant: what azidentity accepts in the authority's URL.
func entraID(id string) error {
	if !entraIDPattern.MatchString(id) {
		return errors.New("must be an id such as 00000000-0000-0000-0000-000000000000, or a tenant's domain: letters, digits, dots and hyphens")
	}
	return nil
}

var entraIDPattern = regexp.MustCompile(`^[0-9A-Za-z.-]{1,253}$`)

// identity checks what an Entra credential needs and what it has no use for, and fills in the cloud. A field without
// effect is refused because the token would be another principal's than the reader of the file believes.
func (d *decoder) identity(at place, into *Entra, endpoint string) {
	host := hostOf(endpoint)
	if isRegional(host) {
		d.refuse(at, "a regional endpoint takes keys only: use the resource's own endpoint, https://NAME.cognitiveservices.azure.com, or a key")
	}
	if !d.refused[join(at.path, "credential")] {
		rules := map[string]struct{ needs, takes []string }{
			CredentialDefault:          {takes: []string{"tenant_id"}},
			CredentialManagedIdentity:  {takes: []string{"client_id"}},
			CredentialWorkloadIdentity: {takes: []string{"tenant_id", "client_id"}},
			CredentialClientSecret:     {needs: []string{"tenant_id", "client_id", "client_secret_file"}},
			CredentialAzureCLI:         {takes: []string{"tenant_id"}},
		}
		rule := rules[into.Credential]
		for _, name := range []string{"tenant_id", "client_id", "client_secret_file"} {
			switch needed := slices.Contains(rule.needs, name); {
			case needed && !d.has(at, name):
				d.refuse(d.field(at, name), "is missing: credential %s needs it", into.Credential)
			case d.has(at, name) && !needed && !slices.Contains(rule.takes, name):
				d.refuse(d.field(at, name), "has no effect with credential %s: remove it, or choose another credential", into.Credential)
			}
		}
		if d.sound(at, "client_secret_file") {
			d.secretFile(d.field(at, "client_secret_file"), into.ClientSecretFile)
		}
	}
	native := cloudOf(host)
	switch {
	case into.Cloud == "" && native == "":
		into.Cloud = CloudPublic
	case into.Cloud == "":
		into.Cloud = native
	case native != "" && into.Cloud != native:
		d.refuse(d.field(at, "cloud"), "does not fit the endpoint, which is of the cloud %s: remove the line, or correct the endpoint", native)
	}
}

// twins looks at the resources together.
func (d *decoder) twins(path string, resources []Resource) {
	type list struct{ endpoint, operation string }
	names, lists := map[string]place{}, map[list]place{}
	for i, resource := range resources {
		at := place{path: fmt.Sprintf("%s[%d]", path, i)}
		at.line = d.lines[join(at.path, "name")]
		if first, twice := names[resource.Name]; twice && resource.Name != "" {
			d.refuse(d.field(at, "name"), "is also the name of %s (line %d): names must differ", first.path, first.line)
		} else {
			names[resource.Name] = at
		}
		if resource.Endpoint == "" {
			continue
		}
		for _, operation := range resource.Operations {
			this, here := list{resource.Endpoint, operation}, d.field(at, "endpoint")
			if first, twice := lists[this]; twice {
				d.warn(here, "%s of this endpoint is already walked for %s (line %d): each walk is paid for", operation, first.path, first.line)
				continue
			}
			lists[this] = place{path: at.path, line: here.line}
		}
	}
}
